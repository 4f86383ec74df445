"""What the network is asked for: right pixels, right shape, right edges."""

import torch
from torch.nn import functional as F

from . import native

EDGE_WEIGHT, DICE_WEIGHT, AUXILIARY_WEIGHT = 2.0, 0.7, 0.3


def edge_band(alpha):
    """1 within about three pixels (at 192) of where the alpha changes, else 0."""
    return native.spread(alpha, max(1, round(alpha.shape[-1] / 64)))


def dice(probability, alpha):
    """1 - soft Dice per picture, averaged; with `smooth` so that an empty frame asks for little area."""
    smooth = 0.002 * alpha[0].numel()
    both = (probability * alpha).sum((1, 2, 3))
    total = probability.sum((1, 2, 3)) + alpha.sum((1, 2, 3))
    return (1 - (2 * both + smooth) / (total + smooth)).mean()


def total(logit, auxiliary, target):
    """The training loss of alpha and doubt, [N, 2, S, S]; `auxiliary` is the coarse logit of the extra head, or None."""
    alpha, trust = target[:, :1].contiguous(), 1 - target[:, 1:]
    pixel = F.binary_cross_entropy_with_logits(logit, alpha, trust * (1 + EDGE_WEIGHT * edge_band(alpha)))
    loss = pixel + DICE_WEIGHT * dice(torch.sigmoid(logit) * trust, alpha * trust)
    if auxiliary is not None:
        side = auxiliary.shape[-1]
        coarse, known = F.adaptive_avg_pool2d(alpha, side), F.adaptive_avg_pool2d(trust, side)
        loss = loss + AUXILIARY_WEIGHT * F.binary_cross_entropy_with_logits(auxiliary, coarse, known)
    return loss
