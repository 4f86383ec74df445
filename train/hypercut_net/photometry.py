"""What a camera does to a frame: light, colour, blur and noise, drawn per picture and applied to whole batches; `strength`, 1 or below, says how far
from the picture, and how much of the shares of pictures that are named here."""

import torch
from torch.nn import functional as F


def column(count, low, high, generator, channels=1):
    """Uniform numbers shaped [N, channels, 1, 1]."""
    return torch.empty(count, channels, 1, 1).uniform_(low, high, generator=generator)


def light(x, generator, strength):
    """Gain, contrast, colour cast and saturation on every picture; gamma or low light on some."""
    count = x.shape[0]

    def about_one(low, high, channels=1):
        return 1 + (column(count, low, high, generator, channels) - 1) * strength

    mean = x.mean((1, 2, 3), keepdim=True)
    gray = x.mean(1, keepdim=True)
    x = torch.lerp(gray, x, about_one(0.5, 1.4))
    contrast, gain, cast = about_one(0.7, 1.3), about_one(0.75, 1.25), about_one(0.88, 1.12, 3)
    dim = (torch.rand(count, 1, 1, 1, generator=generator) < 0.1 * strength).float()
    gain = gain * (1 - dim * column(count, 0.3, 0.8, generator))
    x = (x * (contrast * gain * cast) + mean * (1 - contrast) * gain).clamp_(0, 1)
    chosen = torch.rand(count, generator=generator) < 0.3 * strength
    if chosen.any():
        gamma = column(int(chosen.sum()), 0.6, 1.6, generator)
        x[chosen] = x[chosen].clamp_min(1e-3) ** gamma
    return x


def blur(x, generator, strength):
    """Softens about a fifth of the pictures: a small box filter or a trip through half size."""
    draw = torch.rand(x.shape[0], generator=generator)
    box, half = draw < 0.1 * strength, draw > 1 - 0.1 * strength
    if box.any():
        x[box] = F.avg_pool2d(x[box], 3, 1, 1, count_include_pad=False)
    if half.any():
        small = F.avg_pool2d(x[half], 2)
        x[half] = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
    return x


def noise(x, generator, strength):
    """Sensor noise on about a quarter of the pictures."""
    chosen = torch.rand(x.shape[0], generator=generator) < 0.25 * strength
    if chosen.any():
        part = x[chosen]
        amplitude = column(part.shape[0], 0.005, 0.06, generator)
        grain = torch.randn(part.shape, generator=generator)
        x[chosen] = (part + grain * amplitude).clamp_(0, 1)
    return x


def blank(count, size, generator):
    """What a covered camera sees: black, or one dim colour with a soft stain; [N, 3, S, S]."""
    colour = column(count, 0, 1, generator) ** 2.5 * column(count, 0.6, 1, generator, 3)
    sides = int(torch.randint(2, 6, (), generator=generator))
    stain = F.interpolate(torch.randn(count, 1, sides, sides, generator=generator), (size, size), mode="bicubic", align_corners=False)
    lit = colour + stain * column(count, 0, 0.25, generator) * colour.mean(1, keepdim=True)
    return (lit * (column(count, 0, 1, generator) > 0.3)).clamp_(0, 1)


def camera(x, generator, strength):
    """All of it. `x` is [N, 3, S, S] in [0, 1], changed in place where that is cheaper."""
    x = noise(blur(light(x, generator, strength), generator, strength), generator, strength)
    return (x * 255).round_().div_(255)
