"""Sheets of pictures whose teachers differ, for somebody to look at.

A sheet is twelve pictures with the regions outlined and numbered, the background that all teachers agree on dimmed; `asked.csv` (tile,
source, picture, points) beside them says where. `../judging.md` tells how they are answered.
"""

import csv
import itertools
import json
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from . import hold, teach, verdicts
from .common import COMMON, KEPT, Common, training_rows

SIDE, COLUMNS, ROWS, BAND = 317, 4, 3, 16
MOST = 8  # regions that are asked about, the largest
COLOURS = [(255, 60, 60), (60, 255, 60), (90, 160, 255), (255, 230, 40), (255, 80, 255), (40, 255, 255), (255, 160, 30), (255, 255, 255)]
FONT = ImageFont.load_default(15)


def tile(path, masks, regions, points, title):
    """One picture with its regions, numbered from 1 at their points."""
    with Image.open(path) as opened:
        opened.draft("RGB", (2 * SIDE, 2 * SIDE))
        picture = opened.convert("RGB")
    scale = min(SIDE / picture.width, (SIDE - BAND) / picture.height)
    size = [max(1, round(side * scale)) for side in picture.size]
    colour = np.array(picture.resize(size, Image.LANCZOS if scale < 1 else Image.BICUBIC))

    def fitted(mask):
        return np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.BILINEAR)) > 127

    colour[fitted(np.max(masks, 0) < 0.5)] //= 2
    for number, region in enumerate(regions):
        here = fitted(region)
        colour[here & ~ndimage.binary_erosion(here, iterations=1)] = COLOURS[number]
    whole = Image.new("RGB", (SIDE, SIDE), (20, 20, 20))
    whole.paste(Image.fromarray(colour), (0, BAND))
    draw = ImageDraw.Draw(whole)
    for number, (x, y) in enumerate(points):
        draw.text((x * size[0] / 1000, BAND + y * size[1] / 1000), str(number + 1), COLOURS[number], FONT, "mm", stroke_width=2, stroke_fill=(0, 0, 0))
    draw.text((2, -1), title, (255, 255, 255), FONT)
    return whole


class Sheets:
    """Sheets as they fill, and the table beside them, in a folder that is made with the first of them."""

    def __init__(self, out):
        self.out, self.tiles, self.count = out, [], 0

    def _begin(self):
        self.out.mkdir(parents=True)
        self.table = open(self.out / "asked.csv", "w", newline="")
        self.rows = csv.writer(self.table, lineterminator="\n")
        self.rows.writerow(["tile", "source", "picture", "points"])

    def add(self, source, inner, path, masks, regions):
        """Asks about one picture."""
        if not self.count:
            self._begin()
        points = [verdicts.point(region) for region in regions]
        self.rows.writerow([self.count, source, inner, " ".join(f"{x}.{y}" for x, y in points)])
        self.tiles.append(tile(path, masks, regions, points, f"{self.count}: {len(regions)}"))
        self.count += 1
        if len(self.tiles) == COLUMNS * ROWS:
            self.flush()

    def flush(self):
        """Writes the sheet."""
        if self.tiles:
            sheet = Image.new("RGB", (COLUMNS * SIDE, ROWS * SIDE))
            for index, part in enumerate(self.tiles):
                sheet.paste(part, (index % COLUMNS * SIDE, index // COLUMNS * SIDE))
            first = self.count - len(self.tiles)
            sheet.save(self.out / f"{first:05}.png", compress_level=1)
            self.tiles = []
            self.table.flush()


def unused(folder, name):
    """A folder that isn't there yet, NAME, NAME-2 and so on: answers to earlier sheets keep their tables."""
    return next(path for path in (folder / (f"{name}-{count}" if count > 1 else name) for count in itertools.count(1)) if not path.exists())


def main(config):
    """The `ask` command: a new folder of sheets for each of [verdicts] ask, about every picture that has regions and is not in the table."""
    settings = config["verdicts"]
    table = verdicts.of(config)
    for name in settings["ask"]:
        known = {inner for source, inner in table if source == name}
        sheets = Sheets(unused(pathlib.Path(settings["sheets"]), name.replace(" ", "-")))
        for inner, path, masks, regions in looked(config, name, known):
            if regions:
                sheets.add(name, inner, path, masks, regions[:MOST])
        sheets.flush()
        print(f"{name}: {sheets.count}", flush=True)


def looked(config, name, known):
    """Every picture that several teachers looked at, but for those `known`: its name in the source, its file, their masks, and the regions to ask about."""
    source, again, _ = name.partition(verdicts.AGAIN)
    if again:
        finished = finished_common(config) if source == COMMON else finished_source(config, source)
        for inner, path, mask in finished:
            if inner not in known and mask and mask.look is not None:
                learned, code = mask.alpha * (mask.trust >= 0.5), mask.code
                yield inner, path, [learned, np.float32(code > 0)], verdicts.ordered(code)
        return
    first = looked_common(config) if name == COMMON else hold.judgeable(config) if name == KEPT else looked_source(config, name)
    for inner, path, masks, askable in first:
        if inner not in known:
            yield inner, path, masks, verdicts.regions(masks, askable)


def looked_source(config, name):
    """Of one of [[teach.source]]: the same, but with where something may be asked."""
    source = teach.source_named(config, name)
    for path, inner, size in teach.candidates(source):
        if teach.drawn(source, inner):
            continue
        masks = teach.looks([pathlib.Path(teacher) / inner for teacher in source["teachers"]], size)
        if masks is None or not 0.02 <= np.mean(masks) <= 0.9:
            continue
        yield str(inner.with_suffix("")), path, masks, teach.askable(teach.boxes_for(source, inner), size)


def finished_source(config, name):
    """What `teach` wrote of one of its sources, nothing before it did: the name, the file, the mask after the first round or None."""
    source, table = teach.source_named(config, name), verdicts.of(config)
    index = pathlib.Path(config["teach"]["out"]) / "index.json"
    learned = json.loads(index.read_text()) if index.exists() else []
    files = {note["file"] for note in learned if note["set"] == name}
    for path, inner, size in teach.candidates(source):
        if str(path) in files:
            yield str(inner.with_suffix("")), path, teach.after_first(source, inner, size, table)


def looked_common(config):
    """Of the common set: name, file, masks, where something may be asked."""
    common = Common(config)
    for row in training_rows(config):
        path, original = common.files(row)
        _, two = common.masks(row, original)
        if two:
            yield row["id"], original or path, two, np.ones(two[0].shape, bool)


def finished_common(config):
    """Of the common set: name, file, the mask after the first round."""
    common = Common(config)
    for row in training_rows(config):
        path, original = common.files(row)
        yield row["id"], original or path, common.after_first(row, original)
