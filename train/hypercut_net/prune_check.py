"""Compares pruning with least squares, with trying everything, and with what can be left out for nothing: `python -m hypercut_net.prune_check`."""

import torch

from . import graph
from .network import Network
from .prune import hidden_channels, pruned, silence, survivors

COLUMNS, LEFT = 24, 15


def fitted(hidden, target, left):
    """The least-squares weights of some columns, and the error that stays."""
    weights = torch.linalg.lstsq(hidden[:, left], target).solution
    return weights.T, (hidden[:, left] @ weights - target).square().mean().item()


def check_columns():
    """Which columns go, and what the others become."""
    hidden = torch.randn(3000, COLUMNS).double() @ torch.randn(COLUMNS, COLUMNS).double() + 3
    weight = torch.randn(7, COLUMNS).double()
    centred = hidden - hidden.mean(0)
    target = centred @ weight.T
    left, kept = survivors(hidden, weight, LEFT)
    weights, error = fitted(centred, target, left)
    difference = (weights - kept).abs().max().item()
    print(f"{LEFT} of {COLUMNS} columns: {difference:.1e} from least squares; error {error:.1f}")
    assert difference < 1e-4
    without = [torch.tensor([other for other in range(COLUMNS) if other != column]) for column in range(COLUMNS)]
    errors = [fitted(centred, target, rest)[1] for rest in without]
    best = without[errors.index(min(errors))]
    print(f"the first to go costs {min(errors):.2f}, others up to {max(errors):.1f}")
    assert torch.equal(survivors(hidden, weight, COLUMNS - 1)[0], best)


def check_network():
    """A network of which blocks do nothing and hidden channels are there twice answers as before without them."""
    lean, full = (Network(graph.portrait(kind)).eval() for kind in ("v11", "v10"))
    counts = hidden_channels(lean)
    with torch.no_grad():
        for layer in (layer for layer in full.layers.values() if layer.norm is not None):
            layer.norm.running_mean.normal_(0, 0.3), layer.norm.running_var.uniform_(0.5, 2), layer.norm.bias.normal_(0, 0.5)
        for block, count in hidden_channels(full).items():
            if block not in counts:
                silence(full, block)
            elif counts[block] < count:
                twins = torch.randperm(count)
                for layer in (full.layers[f"{block}/expand"], full.layers[f"{block}/depthwise"]):
                    for value in (layer.conv.weight, layer.norm.weight, layer.norm.bias, layer.norm.running_mean, layer.norm.running_var):
                        value[twins[counts[block] :]] = value[twins[: count - counts[block]]]
        pictures = torch.rand(4, 4, 64, 64)
        before = full(pictures)
        after = pruned(lean, full, pictures).eval()(pictures)
    difference = ((before - after).abs().max() / before.abs().max()).item()
    print(f"without what does nothing: {difference:.1e} of the peak")
    assert difference < 1e-3


if __name__ == "__main__":
    torch.manual_seed(7)
    check_columns()
    check_network()
