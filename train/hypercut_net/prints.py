"""Prints on clothes: dots, patches and pictures within people, of the background's colours too. Without them a network takes a bright spot on a dark
pullover for a hole."""

import math

import torch
from torch.nn import functional as F

# From the top of what is seen of people, in shares of its height: above are faces.
BELOW = 0.2
# Radii in shares of the frame's side.
SMALLEST, LARGEST = 0.012, 0.13


def inside(alpha):
    """Where prints may be centred, boolean [S, S]: within a person, below the head."""
    size = alpha.shape[-1]
    reach = max(1, size // 40)
    inner = -F.max_pool2d(-alpha[None, None], 2 * reach + 1, 1, reach)[0, 0] > 0.95
    rows = (alpha > 0.5).any(1).nonzero()
    if len(rows):
        top, bottom = int(rows[0]), int(rows[-1])
        inner[: top + int(BELOW * (bottom - top))] = False
    return inner


def shapes(inner, generator):
    """How much of every pixel one to six shapes cover, [S, S]; ellipses or patches, about the same size."""
    size = inner.shape[-1]
    draw = lambda low, high: float(torch.empty(()).uniform_(low, high, generator=generator))
    places = inner.nonzero()
    across = torch.arange(size, dtype=torch.float32) + 0.5
    about, boxy = math.exp(draw(math.log(SMALLEST), math.log(LARGEST))), draw(0, 1) < 0.4
    cover = torch.zeros(size, size)
    for _ in range(int(torch.randint(1, 7, (), generator=generator))):
        y, x = places[int(torch.randint(len(places), (), generator=generator))].tolist()
        wide, high = (about * size * math.exp(draw(-0.5, 0.5)) for _ in range(2))
        turn = draw(0, math.pi)
        dx, dy = across[None] - x, across[:, None] - y
        u, v = (dx * math.cos(turn) + dy * math.sin(turn)) / wide, (dy * math.cos(turn) - dx * math.sin(turn)) / high
        away = torch.maximum(u.abs(), v.abs()) if boxy else (u * u + v * v).sqrt()
        cover = torch.maximum(cover, ((1 - away) * min(wide, high) + 0.5).clamp(0, 1))
    return cover


def colours(frame, alpha, texture, generator):
    """What is printed, [3, S, S]: a colour of the background's, any colour, or a picture."""
    kind = float(torch.rand((), generator=generator))
    behind = (alpha < 0.05).nonzero()
    if kind < 0.45 and len(behind) > alpha.numel() // 50:
        y, x = behind[int(torch.randint(len(behind), (), generator=generator))].tolist()
        return frame[:, y, x, None, None].expand_as(frame)
    if kind < 0.7:
        colour = torch.rand(3, 1, 1, generator=generator)
        plain = torch.round(torch.rand((), generator=generator)) * 0.8 + 0.1
        return torch.lerp(colour, plain.expand(3, 1, 1), float(torch.rand((), generator=generator))).expand_as(frame)
    return texture


def printed(frame, alpha, texture, generator):
    """Frames [N, 3, S, S] with prints on the people of `alpha` [N, S, S], shaded as what they lie on; `texture` [N, 3, S, S] are pictures for some."""
    result = frame.clone()
    for index in range(len(frame)):
        inner = inside(alpha[index])
        if inner.float().mean() < 0.01:
            continue
        cover = shapes(inner, generator) * alpha[index]
        light = F.avg_pool2d(frame[index].mean(0)[None, None], 9, 1, 4, count_include_pad=False)[0, 0] + 0.05
        mean = (light * cover).sum() / cover.sum().clamp_min(1e-3)
        shade = (light / mean.clamp_min(0.05)).clamp(0.4, 1.6) ** 0.6
        colour = (colours(frame[index], alpha[index], texture[index], generator) * shade).clamp(0, 1)
        result[index] = torch.lerp(frame[index], colour, cover * (0.85 + 0.15 * float(torch.rand((), generator=generator))))
    return result
