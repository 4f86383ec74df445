"""`python -m hypercut_net.native_check`: every layer's result and gradients by native.cpp against PyTorch's own in f32, and Muon's steps.

bfloat16 keeps 8 bits, so results differ by .2 to .4 %. Near 0 and 6 a rounded value may fall on ReLU6's other side, which lets a
gradient through or not: 2 to 6 % of a random one. Larger differences are errors.
"""

import numpy as np
import torch
from torch.nn import functional as F

from . import graph, native
from .muon import Muon
from .network import Network

PLAIN, GATED = 0.008, 0.08
PICTURES, SIZE = 16, 224


def distance(found, expected):
    """Root of the squared differences over that of the expected values."""
    return ((found - expected).norm() / expected.norm().clamp_min(1e-6)).item()


def gradients(layer):
    """The layer's own, which are then forgotten."""
    found = [value.grad for value in layer.parameters()]
    layer.zero_grad()
    return found


def differences(layer, side):
    """Of one layer: result, gradients of weight, gain and shift, and of the input unless that is the picture."""
    channels = layer.conv.in_channels
    x = torch.rand(PICTURES, channels, side, side).contiguous(memory_format=torch.channels_last)
    picture = layer.conv.groups == 1 and channels < 16
    x = x if picture else (4 * x - 1).bfloat16()
    ours, theirs = x.clone().requires_grad_(not picture), x.float().requires_grad_()
    y = native.layer(ours, layer.conv, layer.norm, layer.relu6)
    d = torch.randn(y.shape).bfloat16().contiguous(memory_format=torch.channels_last)
    y.backward(d)
    found = [y.detach().float(), *gradients(layer)] + ([] if picture else [ours.grad.float()])
    z = layer.norm(layer.conv(F.pad(theirs, (0, layer.extra, 0, layer.extra))))
    z = F.relu6(z) if layer.relu6 else z
    z.backward(d.float())
    expected = [z.detach(), *gradients(layer)] + ([] if picture else [theirs.grad])
    return [distance(a, b) for a, b in zip(found, expected)]


def warp():
    """Of pictures seen through matrices, both ways of treating what is beyond the border: the largest."""
    pictures, theta, size = np.random.default_rng(1).integers(0, 256, (6, 3, 40, 56), np.uint8), torch.randn(6, 2, 3), 32
    grid = F.affine_grid(theta, (6, 3, size, size), align_corners=False)
    theirs = {padding: F.grid_sample(torch.from_numpy(pictures) / 255, grid, "bilinear", padding, align_corners=False) for padding in ("zeros", "reflection")}
    inner = pictures[2:]  # the bytes before an array are read
    return max(distance(native.warp(inner, np.arange(4), theta[2:], size, padding == "reflection"), seen[2:]) for padding, seen in theirs.items())


def muon():
    """Of a filter after three steps of Muon, beside PyTorch's on the same matrix."""
    ours, theirs = (torch.nn.Parameter(torch.ones(16, 24)) for _ in range(2))
    ours = torch.nn.Parameter(ours.detach()[:, :, None, None].clone())
    optimizers = Muon([ours], 0.1), torch.optim.Muon([theirs], weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    optimizers[0].param_groups[0]["lr"] = optimizers[1].param_groups[0]["lr"] = 0.1
    for _ in range(3):
        theirs.grad = torch.randn(16, 24)
        ours.grad = theirs.grad[:, :, None, None].clone()
        [optimizer.step() for optimizer in optimizers]
    return distance(ours.detach().flatten(1) - 1, theirs.detach() - 1)


def main():
    """Prints every layer's differences; fails where one is too large."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    large, small = (Network(graph.portrait(kind)).to(memory_format=torch.channels_last).train() for kind in ("v11", "v11-small"))
    chosen, wrong = [(large, node) for node in large.nodes] + [(small, small.nodes[1])], []
    for network, node in chosen:
        if node.kind not in ("conv", "depthwise") or not node.norm:
            continue
        layer = network.layers[node.name]
        found = differences(layer, SIZE // node.shrink * node.stride)
        print(f"{node.name:20}", *(f"{value:.4f}" for value in found))
        limits = [PLAIN] + [GATED if layer.relu6 else PLAIN] * (len(found) - 1)
        wrong += [node.name] if any(value > limit for value, limit in zip(found, limits)) else []
    x = torch.rand(2, 32, 12, 12).bfloat16().contiguous(memory_format=torch.channels_last)
    ours, theirs = x.clone().requires_grad_(), x.float().requires_grad_()
    y, z = native.Up.apply(ours), F.interpolate(theirs, scale_factor=2, mode="bilinear", align_corners=False)
    d = torch.randn(y.shape).bfloat16()
    y.backward(d), z.backward(d.float())
    found = distance(y.float(), z), distance(ours.grad.float(), theirs.grad)
    print(f"{'up':20}", *(f"{value:.4f}" for value in found))
    wrong += ["up"] if max(found) > PLAIN else []
    print(f"{'muon':20}", f"{(found := muon()):.4f}")
    wrong += ["muon"] if found > 2 * PLAIN else []  # PyTorch's iterates in bfloat16
    print(f"{'warp':20}", f"{(found := warp()):.6f}")
    wrong += ["warp"] if found > 1e-4 else []
    if wrong:
        raise SystemExit(f"too far from PyTorch: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
