"""The common set's training pictures: with larger originals and other makers' masks of them, where there are such."""

import csv
import pathlib
import zlib

import numpy as np
from PIL import Image

from . import verdicts
from .originals import Originals
from .teach import Mask, correct, first_round, fuse, looks

COMMON, KEPT = "common", "kept"  # the names, in the table of verdicts, of its pictures for training and of those kept back


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


def square(picture, size):
    """Stretched to `size` x `size`; each pixel the mean of what it covers where that shrinks."""
    smaller = picture.width >= size and picture.height >= size
    return np.asarray(picture.resize((size, size), Image.BOX if smaller else Image.BILINEAR))


def training_rows(config):
    """The common set's table, less the sets that stay out and what was dropped by eye, in the file of the dropped or by a verdict."""
    table = verdicts.of(config)
    dropped = {name for (source, name), seen in table.items() if source in (COMMON, COMMON + verdicts.AGAIN, KEPT) and seen in verdicts.WHOLE}
    return [row for row in listed(config) if row["id"] not in dropped]


def listed(config):
    """The same without verdicts: what `crop` draws from, so that its crops, which verdicts name, stay what they are."""
    dropped_file = config["here"] / config["data"]["dropped"]
    dropped = {line.split()[0] for line in dropped_file.read_text().splitlines() if line and line[0] != "#"}
    with open(pathlib.Path(config["data"]["root"]) / "train/index.csv") as table:
        return [row for row in csv.DictReader(table) if row["set"] in config["data"]["sets"] and row["id"] not in dropped]


class Common:
    """The pictures, at the size that is packed."""

    def __init__(self, config):
        data = config["data"]
        self.root, self.size, self.second = pathlib.Path(data["root"]) / "train", data["size"], data["second"]
        self.percent = data["validation_percent"]
        self.originals = {name: Originals(**source) for name, source in data["originals"].items()}
        self.table = verdicts.of(config)

    def learned(self, row):
        """Whether a picture is for training."""
        return part(row["id"], self.percent) == "train"

    def files(self, row):
        """A picture's file, and its original or None."""
        path = next(self.root.glob(f"images/{row['id']}.*"))
        return path, self.originals[row["set"]].find(path) if row["set"] in self.originals else None

    def masks(self, row, original):
        """Alpha uint8 [S, S]; and where no human drew it and it is to be learned, the masks of its maker and of another look, in [0, 1], else None."""
        drawn = self.originals[row["set"]].mask(original) if original else None
        if drawn is not None:
            return square(Image.fromarray(drawn), self.size), None
        name = row["id"]
        alpha = clean(read_square(next(self.root.glob(f"masks/{name}.*")), "L", self.size)[0])
        if not self.learned(row) or row["label"] not in self.second["labels"]:
            return alpha, None
        return alpha, [alpha / np.float32(255), *looks([pathlib.Path(self.second["masks"]) / f"{name}.png"], (self.size, self.size))]

    def after_first(self, row, original):
        """A picture's mask after the first round of verdicts. With two makers it is their mean, trusted where both agree and where somebody saw which is
        right."""
        alpha, two = self.masks(row, original)
        mean, trust = alpha / np.float32(255), np.ones(alpha.shape, np.float32)
        if two:
            mean, trust = fuse(two, None, np.array([1 - self.second["weight"], self.second["weight"]], np.float32))
        boxes = self.originals[row["set"]].boxes(original) if original else None
        if boxes is not None:
            trust = trust * correct(mean, boxes)
        if not two:
            return Mask(mean, trust)
        later = pathlib.Path(self.second["later"]) / f"{row['id']}.png"
        return first_round(mean, trust, two, np.ones(alpha.shape, bool), self.table.get((COMMON, row["id"]), []), later)

    def given(self, row):
        """A picture: colour [S, S, 3], alpha uint8 and trust [S, S], width and height."""
        path, original = self.files(row)
        mask = self.after_first(row, original).again(self.table.get((COMMON + verdicts.AGAIN, row["id"]), []))
        colour, shape = read_square(path, "RGB", self.size)
        if original:
            with Image.open(original) as picture:
                colour = square(picture.convert("RGB"), self.size)
        return colour, np.rint(mask.alpha * 255).astype(np.uint8), mask.trust, shape
