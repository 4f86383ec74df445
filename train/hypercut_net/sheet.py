"""Contact sheets of int8 results: the CC0 samples (may be committed) and random held-out pictures (to look at only)."""

import pathlib
import random

import numpy as np
from PIL import Image

from . import config as configuration
from .evaluate import pictures, probability, squeezed
from .litert import LiteRt

TILE = 192


def tile(picture, guess):
    """The picture and, beside it, the cut-out over green; both fitted into a square tile."""
    picture = picture.convert("RGB")
    colour, cover = np.asarray(picture, np.float32), guess[..., None]
    cut = colour * cover + np.array([0, 140, 60], np.float32) * (1 - cover)
    pair = Image.new("RGB", (2 * TILE, TILE))
    for place, view in enumerate((picture, Image.fromarray(cut.clip(0, 255).astype(np.uint8)))):
        view.thumbnail((TILE, TILE))
        pair.paste(view, (place * TILE + (TILE - view.width) // 2, (TILE - view.height) // 2))
    return pair


def sheet(tiles, columns, path):
    """Tiles in rows, saved to `path`."""
    rows = -(-len(tiles) // columns)
    whole = Image.new("RGB", (columns * 2 * TILE, rows * TILE))
    for index, part in enumerate(tiles):
        whole.paste(part, (index % columns * 2 * TILE, index // columns * TILE))
    whole.save(path, quality=85)
    print(path)


def main(config):
    """The `sheet` command: models/samples.jpg, and heldout-sheet.png beside the checkpoints."""
    path, size = config["here"] / config["export"]["model"], config["quantize"]["size"]
    model = LiteRt(path)

    def cut(picture):
        return tile(picture, probability(model.logit(squeezed(picture, size)), *picture.size))

    samples = sorted((pathlib.Path(config["data"]["root"]) / "samples").glob("*.jpg"))
    sheet([cut(Image.open(sample)) for sample in samples], 2, path.parent / "samples.jpg")
    held = {}
    for row, picture, _ in pictures(pathlib.Path(config["data"]["root"]) / "heldout"):
        held.setdefault(row["set"], []).append(cut(picture))
    choose = random.Random(11)
    chosen = [part for name in sorted(held) for part in choose.sample(held[name], 4)]
    sheet(chosen, 3, configuration.run_folder(config) / "heldout-sheet.png")
