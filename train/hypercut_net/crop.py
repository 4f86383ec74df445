"""Cuts head and shoulders out of large originals of training pictures, so that close views are as sharp as a camera's.

Out comes a folder for `teach`: `SET_ID-N.jpg`, and beside those whose original has a mask drawn by people the same part of it
as `human/SET_ID-N.png`. Pictures of our own validation split are left out.
"""

import pathlib

import numpy as np
from PIL import Image

from . import windows
from .common import listed, part, square
from .originals import Originals
from .prepare import describe

SHARE = ((0.26, 0.45), (0.45, 0.75))  # of the person's height that the two crops of a picture show
SMALLEST = 0.12  # of the picture's sides, and
LEAST = 160  # pixels of a crop's shorter side


def cut(random, box, head_x, aspect, share):
    """A window (left, top, right, bottom), in fractions of a picture of `aspect`, around the head of whoever fills `box`."""
    note = dict(box=box, head_x=head_x, aspect=aspect)
    left, top, width, height = (value[0] for value in windows.upper(random, [note], share, SMALLEST))
    return left, top, left + width, top + height


def views(random, size, box, head_x):
    """The windows, in pixels of a picture of `size`, that are cut around the head of whoever fills `box`."""
    for share in SHARE:
        window = cut(random, box, head_x, size[0] / size[1], share)
        yield [round(edge * side) for edge, side in zip(window, size * 2)]


def main(config):
    """The `crop` command: fills [crop] out from the [data.originals] that [crop] sets names."""
    settings, root = config["crop"], pathlib.Path(config["data"]["root"]) / "train"
    out, random, kept = pathlib.Path(settings["out"]), np.random.default_rng(config["seed"]), 0
    (out / "images").mkdir(parents=True, exist_ok=True), (out / "human").mkdir(exist_ok=True)
    sources = {name: Originals(**config["data"]["originals"][name]) for name in settings["sets"]}
    for row in listed(config):
        if row["set"] not in sources or part(row["id"], config["data"]["validation_percent"]) != "train":
            continue
        original = sources[row["set"]].find(next(root.glob(f"images/{row['id']}.*")))
        if original is None:
            continue
        drawn = sources[row["set"]].mask(original)
        with Image.open(original) as opened:
            picture = opened.convert("RGB")
        with Image.open(next(root.glob(f"masks/{row['id']}.*"))) as mask:
            box, head_x = describe(square(mask.convert("L"), config["data"]["size"]))
        for number, pixels in enumerate(views(random, picture.size, box, head_x)):
            if min(pixels[2] - pixels[0], pixels[3] - pixels[1]) < LEAST:
                continue
            name = f"{row['id']}-{number}"
            picture.crop(pixels).save(out / "images" / f"{name}.jpg", quality=95)
            if drawn is not None:
                Image.fromarray(drawn).crop(pixels).save(out / "human" / f"{name}.png")
            kept += 1
    print(f"{kept} crops in {out}")
