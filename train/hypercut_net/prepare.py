"""Packs the training pictures once into uint8 arrays that the trainer maps into memory.

Layout, all under the cache folder:
  people.npy       [N, 5, S, S]  red, green, blue, alpha, doubt (255: the trainer must not look); stretched to the square
  people.json      per picture: id, set, aspect (width/height), box of the person, x of the head, part, clean (no doubt)
  backgrounds.npy  [M, 3, S, S]  and backgrounds.json: id, part
`part` is "train" or "validation", by a hash of the id's block of 40 numbers: it never depends on the order of files,
and near-duplicates (neighbouring ids in brian: mirrored and rotated copies) stay on one side. Pictures whose masks are
our own teachers' (`teach`) are never for validation.
"""

import json
import pathlib
import zlib

import numpy as np
from PIL import Image

from . import config as configuration, verdicts
from .common import Common, clean, part, read_square, square, training_rows
from .teach import held_back, pictures, seen_in


def describe(mask):
    """The person's box (x0, y0, x1, y1) and the x of the head, all as fractions of the picture."""
    size = mask.shape[0]
    rows = np.flatnonzero((mask > 127).any(1))
    columns = np.flatnonzero((mask > 127).any(0))
    if not len(rows):
        return [0.0, 0.0, 1.0, 1.0], 0.5
    top, bottom = rows[0], rows[-1] + 1
    head = mask[top : top + max(4, (bottom - top) // 6)] > 127
    head_x = float(np.nonzero(head)[1].mean() + 0.5) / size
    return [columns[0] / size, top / size, (columns[-1] + 1) / size, bottom / size], head_x


def taught(folder, note, size):
    """A picture of the `teach` command's, in the same form."""
    colour, shape = read_square(folder / f"{note['id']}.jpg", "RGB", size)
    with Image.open(folder / f"{note['id']}.png") as both:
        alpha, trust = (square(band, size) for band in both.split())
    return colour, clean(alpha), trust / 255.0, shape


def pack_people(config, notes_taught):
    """Writes people.npy and people.json."""
    size, common = config["data"]["size"], Common(config)
    rows = training_rows(config)
    packed = np.lib.format.open_memmap(configuration.cache(config, "people.npy"), "w+", np.uint8, (len(rows) + len(notes_taught), 5, size, size))
    notes = []
    for index, row in enumerate(rows + notes_taught):
        own = index < len(rows)
        learned = not own or common.learned(row)
        colour, alpha, trust, (width, height) = common.given(row) if own else taught(pathlib.Path(config["teach"]["out"]), row, size)
        packed[index, :3], packed[index, 3] = colour.transpose(2, 0, 1), alpha
        packed[index, 4] = np.rint((1 - trust) * 255)
        box, head_x = describe(alpha)
        notes.append(
            dict(id=row["id"], set=row["set"], aspect=width / height, box=[float(v) for v in box], head_x=head_x,
                 part="train" if learned else "validation",
                 clean=bool(trust.mean() > 0.99), person=round(float((alpha > 127).mean()), 4))
        )
    packed.flush()
    configuration.cache(config, "people.json").write_text(json.dumps(notes))
    return notes


PEOPLED = 0.01  # share of a picture without people that a look may take for a person


def is_peopled(path, folder, masks):
    """Whether a look at a picture of `folder`, kept in the tree `masks`, found somebody."""
    with Image.open(pathlib.Path(masks) / path.relative_to(folder).with_suffix(".png")) as mask:
        return (np.asarray(mask) >= 128).mean() > PEOPLED


def without_people(config):
    """Files of pictures of `teach`'s to learn from in which teachers saw people and somebody saw none."""
    table, found = verdicts.of(config), []
    for source in config["teach"]["source"]:
        folder = pathlib.Path(source["pictures"])
        for path in pictures(folder):
            seen = [seen_in(table, source, path.relative_to(folder), again) for again in ("", verdicts.AGAIN)]
            if verdicts.EMPTY in seen and not held_back(source, path):
                found.append(path)
    return found


def pack_backgrounds(config):
    """Writes backgrounds.npy and backgrounds.json."""
    data = config["data"]
    size, own = data["size"], sorted((pathlib.Path(data["root"]) / "backgrounds").glob("*.jpg"))
    paths = list(own)
    for folder, share, *masks in data["more_backgrounds"]:
        found = (path for path in sorted(pathlib.Path(folder).rglob("*.jpg")) if zlib.crc32(path.stem.encode()) % 100 < share)
        paths += [path for path in found if not masks or not is_peopled(path, folder, *masks)]
    paths += without_people(config)
    packed = np.lib.format.open_memmap(
        configuration.cache(config, "backgrounds.npy"), "w+", np.uint8, (len(paths), 3, size, size)
    )
    for index, path in enumerate(paths):
        packed[index] = read_square(path, "RGB", size)[0].transpose(2, 0, 1)
    packed.flush()
    notes = [
        dict(id=path.stem, part=part(path.stem, data["validation_percent"]) if index < len(own) else "train") for index, path in enumerate(paths)
    ]
    configuration.cache(config, "backgrounds.json").write_text(json.dumps(notes))
    return notes


def main(config):
    """The `prepare` command."""
    configuration.cache(config, "").mkdir(parents=True, exist_ok=True)
    index = pathlib.Path(config["teach"]["out"]) / "index.json"
    notes_taught = json.loads(index.read_text()) if index.exists() else []
    people, backgrounds = pack_people(config, notes_taught), pack_backgrounds(config)
    for name, notes in ("people", people), ("backgrounds", backgrounds):
        held = sum(note["part"] == "validation" for note in notes)
        print(f"{name}: {len(notes) - held} to train, {held} to validate")
