"""Packs the training pictures once into uint8 arrays that the trainer maps into memory.

Layout, all under the cache folder:
  people.npy       [N, 5, S, S]  red, green, blue, alpha, doubt (255: the trainer must not look); stretched to the square
  people.json      per picture: id, set, aspect (width/height), box of the person, x of the head, part, clean (no doubt)
  backgrounds.npy  [M, 3, S, S]  and backgrounds.json: id, part
`part` is "train" or "validation", by a hash of the id's block of 40 numbers: it never depends on the order of files,
and near-duplicates (neighbouring ids in brian: mirrored and rotated copies) stay on one side. Pictures whose masks are
our own teachers' (`teach`) are never for validation.
"""

import csv
import json
import pathlib
import zlib

import numpy as np
from PIL import Image

from . import config as configuration
from .originals import Originals
from .teach import correct, fuse, looks


def part(name, percent):
    """Which side of the split a picture is on."""
    source, number = name.rsplit("_", 1)
    block = f"{source}_{int(number) // 40}"
    return "validation" if zlib.crc32(block.encode()) % 100 < percent else "train"


def clean(mask):
    """Takes the JPEG ringing off a mask: nearly empty becomes empty, nearly full full."""
    mask = mask.copy()
    mask[mask <= 6] = 0
    mask[mask >= 249] = 255
    return mask


def read_square(path, mode, size):
    """A picture stretched to `size` x `size`, with its own width and height."""
    with Image.open(path) as picture:
        picture = picture.convert(mode)
        return np.asarray(picture.resize((size, size), Image.BILINEAR)), picture.size


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


def square(picture, size):
    """Stretched to `size` x `size`; each pixel the mean of what it covers where that shrinks."""
    smaller = picture.width >= size and picture.height >= size
    return np.asarray(picture.resize((size, size), Image.BOX if smaller else Image.BILINEAR))


def given(root, row, originals, size, second=None):
    """A picture of the common set: colour [S, S, 3], alpha and trust [S, S], width and height. With `second`, [data.second], a mask that no human drew
    becomes the mean of it and another look's, trusted where both agree."""
    name = row["id"]
    path = next(root.glob(f"images/{name}.*"))
    alpha, (width, height) = read_square(next(root.glob(f"masks/{name}.*")), "L", size)
    alpha, trust = clean(alpha), np.ones((size, size), np.float32)
    original = originals[row["set"]].find(path) if row["set"] in originals else None
    drawn = None if original is None else originals[row["set"]].mask(original)
    if second and drawn is None and row["label"] in second["labels"]:
        other = looks([pathlib.Path(second["masks"]) / f"{name}.png"], (size, size))
        mean, trust = fuse([alpha / np.float32(255), *other], None, np.array([1 - second["weight"], second["weight"]], np.float32))
        alpha = np.rint(mean * 255).astype(np.uint8)
    if original is None:
        return read_square(path, "RGB", size)[0], alpha, trust, (width, height)
    if drawn is not None:
        alpha = square(Image.fromarray(drawn), size)
    boxes = originals[row["set"]].boxes(original)
    if boxes is not None:
        trust = trust * correct(alpha / 255.0, boxes)
    with Image.open(original) as picture:
        return square(picture.convert("RGB"), size), alpha, trust, (width, height)


def taught(folder, note, size):
    """A picture of the `teach` command's, in the same form."""
    colour, shape = read_square(folder / f"{note['id']}.jpg", "RGB", size)
    with Image.open(folder / f"{note['id']}.png") as both:
        alpha, trust = (square(band, size) for band in both.split())
    return colour, clean(alpha), trust / 255.0, shape


def pack_people(config, rows, notes_taught):
    """Writes people.npy and people.json."""
    data = config["data"]
    size, root = data["size"], pathlib.Path(data["root"]) / "train"
    originals = {name: Originals(**source) for name, source in data["originals"].items()}
    count = len(rows) + len(notes_taught)
    packed = np.lib.format.open_memmap(configuration.cache(config, "people.npy"), "w+", np.uint8, (count, 5, size, size))
    notes = []
    for index, row in enumerate(rows + notes_taught):
        own = index < len(rows)
        learned = not own or part(row["id"], data["validation_percent"]) == "train"
        if own:
            colour, alpha, trust, (width, height) = given(root, row, originals, size, data["second"] if learned else None)
        else:
            colour, alpha, trust, (width, height) = taught(pathlib.Path(config["teach"]["out"]), row, size)
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


def pack_backgrounds(config):
    """Writes backgrounds.npy and backgrounds.json."""
    data = config["data"]
    size, own = data["size"], sorted((pathlib.Path(data["root"]) / "backgrounds").glob("*.jpg"))
    paths = list(own)
    for folder, share, *masks in data["more_backgrounds"]:
        found = (path for path in sorted(pathlib.Path(folder).rglob("*.jpg")) if zlib.crc32(path.stem.encode()) % 100 < share)
        paths += [path for path in found if not masks or not is_peopled(path, folder, *masks)]
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


def training_rows(config):
    """The common set's table, less the sets that stay out and what was dropped by eye."""
    dropped_file = config["here"] / config["data"]["dropped"]
    dropped = {line.split()[0] for line in dropped_file.read_text().splitlines() if line and line[0] != "#"}
    with open(pathlib.Path(config["data"]["root"]) / "train/index.csv") as table:
        return [row for row in csv.DictReader(table) if row["set"] in config["data"]["sets"] and row["id"] not in dropped]


def main(config):
    """The `prepare` command."""
    configuration.cache(config, "").mkdir(parents=True, exist_ok=True)
    rows = training_rows(config)
    index = pathlib.Path(config["teach"]["out"]) / "index.json"
    notes_taught = json.loads(index.read_text()) if index.exists() else []
    people, backgrounds = pack_people(config, rows, notes_taught), pack_backgrounds(config)
    for name, notes in ("people", people), ("backgrounds", backgrounds):
        held = sum(note["part"] == "validation" for note in notes)
        print(f"{name}: {len(notes) - held} to train, {held} to validate")
