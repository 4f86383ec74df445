"""Writes what our own split keeps back, at full size, as a set that `hypercut eval --set` reads: what to choose by, as the held-out
pictures are for reporting only.

`ccp` and `brian` are originals with masks by people or the common set's, with what somebody saw where looks differ (`verdicts`); `upper`
two head-and-shoulders crops of each of ccp's; `portraits` those that `teach` leaves out, with the mean of other people's networks' masks
where they agree; `groups` other pictures that it leaves out, at the size of its looks, on which teachers differed and every region was
judged (of `events` one of the teachers is our own network v8, whose outlines these few therefore favour); `composite` kept-back people over kept-back rooms; `empty` those rooms alone.
"""

import csv
import pathlib

import numpy as np
from PIL import Image

from . import crop, verdicts
from .common import KEPT, clean, part, square, training_rows
from .originals import Originals
from .prepare import describe
from .teach import after_first, candidates, correct, held_back, looks, pictures, seen_in, source_named

LARGEST = 900  # pixels of a picture's longer side
AGREED = 0.985  # share of a portrait's pixels that the teachers put on the same side of one half
TRUSTED = 0.995  # share of a picture's pixels that its boxes don't doubt
JUDGED = 0.95  # share of a picture that teachers or verdicts settle; the rest are outlines
ROOM = (640, 480)


class Kept:
    """The folder, and its table as it grows."""

    def __init__(self, out):
        self.out, self.rows = pathlib.Path(out), []
        for inner in ("images", "masks"):
            (self.out / inner).mkdir(parents=True, exist_ok=True)

    def add(self, kind, picture, mask):
        """Keeps an RGB picture with its mask, "L"."""
        name = f"{kind}_{len(self.rows):04}"
        scale = min(1, LARGEST / max(picture.size))
        size = [round(side * scale) for side in picture.size]
        picture.resize(size, Image.BOX).save(self.out / "images" / f"{name}.png")
        mask.resize(size, Image.BOX if mask.width > size[0] else Image.BILINEAR).save(self.out / "masks" / f"{name}.png")
        self.rows.append(dict(id=name, set=kind))

    def write(self):
        """Writes the table."""
        with open(self.out / "index.csv", "w", newline="") as table:
            writer = csv.DictWriter(table, ["id", "set"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)


def opened(path, mode):
    """A picture, read whole."""
    with Image.open(path) as picture:
        return picture.convert(mode)


def makers(config, name):
    """The common set's mask of a picture, and other looks at it, in [0, 1]."""
    root = pathlib.Path(config["data"]["root"]) / "train"
    own = clean(np.array(opened(next(root.glob(f"masks/{name}.*")), "L")))
    others = [pathlib.Path(folder) / f"{name}.png" for folder in config["hold"]["looks"]]
    return [own / np.float32(255), *looks(others, own.shape[::-1])]


def mask_of(config, name):
    """The common set's mask of a picture, "L", with what somebody saw where other looks differ."""
    masks = makers(config, name)
    table = verdicts.of(config)
    alpha, _, _ = verdicts.settle(masks[0], np.ones_like(masks[0]), masks, np.ones(masks[0].shape, bool), table.get((KEPT, name), []))
    return Image.fromarray(np.rint(alpha * 255).astype(np.uint8))


def kept_back(config):
    """The table's row, the file, its original (or None) and the originals of every picture of [hold] originals that is kept back."""
    root = pathlib.Path(config["data"]["root"]) / "train"
    sources = {name: Originals(**config["data"]["originals"][name]) for name in config["hold"]["originals"]}
    for row in training_rows(config):
        if row["set"] in sources and part(row["id"], config["data"]["validation_percent"]) == "validation":
            path = next(root.glob(f"images/{row['id']}.*"))
            yield row, path, sources[row["set"]].find(path), sources[row["set"]]


def judgeable(config):
    """Of those whose mask isn't drawn by people: the name, the file, all looks, where they may be asked about."""
    for row, path, original, source in kept_back(config):
        if original is None or source.mask(original) is None:
            masks = makers(config, row["id"])
            yield row["id"], original or path, masks, np.ones(masks[0].shape, bool)


def whole(config, kept, random):
    """Originals of the common set's kept-back pictures, and closer views of those with masks by people."""
    for row, _, original, source in kept_back(config):
        if original is None:
            continue
        picture, drawn, boxes = opened(original, "RGB"), source.mask(original), source.boxes(original)
        if row["set"] == "ccp" and drawn is None:
            continue
        mask = mask_of(config, row["id"]) if drawn is None else Image.fromarray(drawn)
        if boxes is not None and correct(np.asarray(mask, np.float32) / 255, boxes).mean() < TRUSTED:
            continue
        kept.add(row["set"], picture, mask)
        if drawn is None:
            continue
        box, head_x = describe(square(mask, config["data"]["size"]))
        for pixels in crop.views(random, picture.size, box, head_x):
            kept.add("upper", picture.crop(pixels), mask.crop(pixels))


def portraits(config, kept):
    """The portraits that `teach` leaves out."""
    source = source_named(config, config["hold"]["portraits"])
    judges = source["judges"]
    folder, weights = pathlib.Path(source["pictures"]), np.array(source["weights"][:judges], np.float32)
    weights /= weights.sum()
    for path in pictures(folder):
        if not held_back(source, path):
            continue
        picture = opened(path, "RGB")
        masks = looks([pathlib.Path(teacher) / path.relative_to(folder).with_suffix(".png") for teacher in source["teachers"][:judges]], picture.size)
        if masks is None:
            continue
        votes = np.stack(masks) >= 0.5
        if (votes.all(0) | ~votes.any(0)).mean() < AGREED or not 0.05 < votes.mean() < 0.9:
            continue
        kept.add("portrait", picture, Image.fromarray(np.rint(np.tensordot(weights, masks, 1) * 255).astype(np.uint8)))


def groups(config, kept):
    """Pictures that `teach` leaves out, in which every region was judged."""
    table = verdicts.of(config)
    for source in (source_named(config, name) for name in config["hold"]["groups"]):
        for path, inner, size in candidates(source):
            asked = held_back(source, path) and seen_in(table, source, inner)
            mask = after_first(source, inner, size, table) if asked else None
            if mask and mask.trust.mean() >= JUDGED and (mask.alpha >= 0.5).mean() > 0.05:
                kept.add("groups", opened(path, "RGB").resize(size, Image.LANCZOS), Image.fromarray((mask.alpha >= 0.5).astype(np.uint8) * 255))


def composites(config, kept, random):
    """Kept-back people over kept-back rooms; the rooms alone."""
    root, percent = pathlib.Path(config["data"]["root"]), config["data"]["validation_percent"]
    rooms = [path for path in pictures(root / "backgrounds") if part(path.stem, percent) == "validation"]
    people = [row["id"] for row in training_rows(config) if part(row["id"], percent) == "validation"]
    for number in range(config["hold"]["composites"]):
        name = people[random.integers(len(people))]
        colour, mask = opened(next(root.glob(f"train/images/{name}.*")), "RGB"), mask_of(config, name)
        room = opened(rooms[number % len(rooms)], "RGB").resize(ROOM, Image.BICUBIC)
        scale = random.uniform(0.6, 1.1) * ROOM[1] / colour.height
        size = [round(side * scale) for side in colour.size]
        mask = mask.resize(size, Image.BICUBIC)
        left, top = round(random.uniform(-0.15, 0.85) * (ROOM[0] - size[0] / 2)), ROOM[1] - size[1] + round(random.uniform(0, 0.1) * size[1])
        own = Image.new("L", ROOM)
        own.paste(mask, (left, top))
        room.paste(colour.resize(size, Image.BICUBIC), (left, top), mask)
        kept.add("composite", room, own)
    for path in rooms:
        room = opened(path, "RGB")
        kept.add("empty", room, Image.new("L", room.size))


def main(config):
    """The `hold` command: fills [hold] out."""
    random, kept = np.random.default_rng(config["seed"]), Kept(config["hold"]["out"])
    whole(config, kept, random)
    composites(config, kept, random)
    portraits(config, kept)
    groups(config, kept)
    kept.write()
    print({kind: sum(row["set"] == kind for row in kept.rows) for kind in sorted({row["set"] for row in kept.rows})})
