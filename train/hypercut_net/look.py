"""What an earlier network makes of every training picture and its mirror image: the masks that `priors` starts from, and how wrong they are,
which says what to see more often."""

import json

import numpy as np
import torch
from torch.nn import functional as F

from . import config as configuration
from .litert import LiteRt

SIDE = 160


def wrong(mask, alpha, doubt):
    """Pixels on the wrong side of one half that nobody doubts, per pixel of person."""
    known = doubt < 128
    return float(((mask >= 128) != (alpha >= 128))[known].sum() / max(1, (alpha >= 128).sum()))


def main(config):
    """The `look` command: writes priors.npy, uint8 [N, 1, 160, 160], beside people.npy, and wrong.json, a number for each."""
    network = LiteRt(config["here"] / config["look"]["network"])
    people = np.load(configuration.cache(config, "people.npy"), mmap_mode="r")
    _, size, _, channels = (int(side) for side in network.input["shape"])
    masks = np.lib.format.open_memmap(configuration.cache(config, "priors.npy"), "w+", np.uint8, (len(people), 1, SIDE, SIDE))
    errors = []
    for index, layers in enumerate(people):
        picture = F.interpolate(torch.from_numpy(layers[None, :3].copy()).float(), (size, size), mode="bilinear", antialias=True)[0]
        picture = F.pad(picture, (0, 0, 0, 0, 0, channels - 3))  # of which nothing is known beforehand
        pixels = picture.round().byte().permute(1, 2, 0).numpy()
        both = [torch.from_numpy(network.logit(view).copy()) for view in (pixels, pixels[:, ::-1].copy())]
        mask = (torch.sigmoid(both[0]) + torch.sigmoid(both[1]).flip(1)) / 2
        mask = F.interpolate(mask[None, None], (SIDE, SIDE), mode="bilinear", antialias=True)
        masks[index] = (mask[0] * 255).round().byte().numpy()
        alpha, doubt = F.interpolate(torch.from_numpy(layers[None, 3:].copy()).float(), (SIDE, SIDE), mode="area")[0].numpy()
        errors.append(wrong(masks[index, 0], alpha, doubt))
    masks.flush()
    configuration.cache(config, "wrong.json").write_text(json.dumps(errors))
    print(json.dumps({"looked at": len(people)}))
