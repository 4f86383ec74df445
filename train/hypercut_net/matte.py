"""A teacher's look at folders of pictures: Robust Video Matting (Lin et al. 2021, arXiv 2108.11515; its masks are data, its model stays
outside this repository) on single pictures."""

import pathlib
import sys

import numpy as np
import torch
from PIL import Image

from .teach import pictures
from .tfjs import GraphModel

LONGEST = 384  # the picture's longer side as the teacher sees it
STEP = 16  # its sides are multiples of this


def shown(picture):
    """The picture [1, 3, H, W] in [0, 1] at the teacher's size."""
    scale = LONGEST / max(picture.size)
    size = [max(STEP, round(side * scale / STEP) * STEP) for side in picture.size]
    picture = picture.resize(size, Image.BICUBIC if scale > 1 else Image.LANCZOS)
    return torch.from_numpy(np.array(picture)).float().div(255).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)


def main(config):
    """The `matte` command: gray PNGs in the same tree, at the teacher's size; those that are there already stay, and pictures with a mask drawn by people
    (a source's third folder, if it has one) need none."""
    sys.setrecursionlimit(10000)  # a graph's depth
    model = GraphModel(pathlib.Path(config["matte"]["model"]))
    nothing = {f"r{i}i": torch.zeros(1, 1, 1, 1) for i in (1, 2, 3, 4)} | {"downsample_ratio": torch.ones(1)}
    for source, target, *human in config["matte"]["folders"]:
        folder = pathlib.Path(source)
        for path in pictures(folder):
            inner = path.relative_to(folder).with_suffix(".png")
            out = pathlib.Path(target) / inner
            if out.exists() or any((pathlib.Path(drawn) / inner).exists() for drawn in human):
                continue
            with Image.open(path) as picture:
                alpha = model.run(nothing | {"src": shown(picture.convert("RGB"))}, "Identity_1")[0, 0]
            out.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((alpha.clamp(0, 1) * 255).round().byte().numpy()).save(out)
        print(f"{source}: done", flush=True)
