"""What the network is told of a mask beforehand: often nothing; else an earlier look's mask of the same place, or the frame's before,
with the faults that those have. The idea is MediaPipe hair segmentation's (Tkachenka et al. 2019, arXiv 1907.06740)."""

import torch
from torch.nn import functional as F

from .photometry import column

# Shares of masks that are moved, coarse, have a patch too much, a patch too little, and are another picture's.
MOVED, COARSE, ADDED, LOST, WRONG = 0.6, 0.5, 0.15, 0.15, 0.04
SIDES = (32, 48, 64, 96)


def some(share, count, generator):
    """True for about a share of `count`."""
    return torch.rand(count, generator=generator) < share


def patch(count, size, generator, power=2.0):
    """Soft ellipses (power 2) or bars (more): [N, 1, S, S], 1 inside."""
    axis = (torch.arange(size) * 2 + 1) / size - 1
    angle = column(count, -1.6, 1.6, generator)
    x = axis[None, None, None, :] - column(count, -0.7, 0.7, generator)
    y = axis[None, None, :, None] - column(count, -0.7, 0.7, generator)
    along, across = x * angle.cos() + y * angle.sin(), y * angle.cos() - x * angle.sin()
    long, wide = column(count, 0.12, 0.7, generator), column(count, 0.06, 0.3, generator)
    distance = ((along / long).abs() ** power + (across / wide).abs() ** power) ** (1 / power)
    return ((1 - distance) * wide * size / 2 + 0.5).clamp(0, 1)


def moved(mask, generator):
    """As a person moves from one frame to the next: shifted, scaled, turned, by some hundredths."""
    drift = torch.randn(len(mask), 4, generator=generator) * torch.tensor([0.05, 0.05, 0.04, 0.04])
    grow, turn = 1 + drift[:, 3], drift[:, 2]
    rows = torch.stack([grow * turn.cos(), -grow * turn.sin(), drift[:, 0], grow * turn.sin(), grow * turn.cos(), drift[:, 1]], 1)
    grid = F.affine_grid(rows.view(-1, 2, 3), mask.shape, align_corners=False)
    return F.grid_sample(mask, grid, "bilinear", "border", align_corners=False)


def disturbed(mask, generator):
    """Masks [N, 1, S, S] in [0, 1] with the faults of an earlier look."""
    mask, count, size = mask.clone(), len(mask), mask.shape[-1]
    chosen = some(MOVED, count, generator)
    if chosen.any():
        mask[chosen] = moved(mask[chosen], generator)
    chosen = some(COARSE, count, generator)
    if chosen.any():
        side = SIDES[int(torch.randint(len(SIDES), (), generator=generator))]
        small = F.interpolate(mask[chosen], (side, side), mode="bilinear", align_corners=False, antialias=side < size)
        mask[chosen] = F.interpolate(small, (size, size), mode="bilinear", align_corners=False)
    steep = column(count, 0, 1.6, generator).exp()
    mask = ((mask - 0.5) * steep + 0.5).clamp_(0, 1)
    chosen = some(ADDED, count, generator)
    if chosen.any():
        mask[chosen] = torch.maximum(mask[chosen], patch(int(chosen.sum()), size, generator))
    chosen = some(LOST, count, generator)
    if chosen.any():
        mask[chosen] = mask[chosen] * (1 - patch(int(chosen.sum()), size, generator))
    chosen = some(WRONG, count, generator)
    if chosen.any():
        mask[chosen] = mask.roll(1, 0)[chosen]
    return (mask * 255).round_().div_(255)
