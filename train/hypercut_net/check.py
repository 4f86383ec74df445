"""Holds the exported file against our own fake-quantized network, in LiteRT's reference kernels and in XNNPACK.

Three implementations round differently where it is theirs to choose (ties in the resize, fixed-point multipliers), so
single steps differ early and spread through forty layers. The two LiteRT backends are compared as well: what they
disagree about is nobody's fault here.
"""

import numpy as np
import torch

from .export import quantized_network
from .litert import LiteRt
from .samples import Samples

LIMITS = (0, 1, 2, 4)  # int8 steps
SLACK = 0.001  # share of pixels


def apart(name, a, b):
    """Prints how far two int8 logit stacks are apart; returns the share of equal decisions at logit 0."""
    steps = np.abs(a.astype(int) - b.astype(int))
    shares = ", ".join(f"<= {limit}: {(steps <= limit).mean():.3%}" for limit in LIMITS)
    same = float(((a >= 0) == (b >= 0)).mean())
    print(f"{name}: steps {shares}, most {steps.max()}; same side of the threshold {same:.3%}")
    return same


def main(config):
    """The `check` command; fails if ours differs from LiteRT by clearly more than LiteRT's backends from each other."""
    model = quantized_network(config)
    pictures, _ = Samples(config, "validation", seed=3).batch(16, config["quantize"]["size"])
    scale, _ = model.params[model.nodes[-1].name]
    with torch.no_grad():
        ours = torch.round(model(pictures) / scale)[:, 0].numpy()
    squares = (pictures * 255).round().byte().permute(0, 2, 3, 1).numpy()
    path = config["here"] / config["export"]["model"]
    squares = squares[..., : LiteRt(path).input["shape"][3]]  # the small network takes no earlier mask
    reference, fast = (np.stack([LiteRt(path, kind).run(square) for square in squares]) for kind in (True, False))
    least = apart("LiteRT reference / XNNPACK", reference, fast) - SLACK
    assert apart("ours / LiteRT reference", ours, reference) > least
    assert apart("ours / XNNPACK", ours, fast) > least
