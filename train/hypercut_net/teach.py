"""Makes masks for pictures that have none, from several teachers, and says where they can't be trusted.

A source is a folder of pictures with, if it has them, YOLO boxes of people. The teachers' soft masks lie in folders of the same tree,
one per network, written by `hypercut folder SOURCE -o FOLDER --effect mask --model NETWORK`. Out come `ID.jpg` and `ID.png`: gray is
the alpha, the PNG's own alpha is 255 where that can be trusted, 0 where the trainer must not look.

Trusted is what all teachers put on the same side of one half, and the outline of what most of them see. Where boxes are known:
outside all of them is background, except where every teacher is certain of a person (a forgotten box: not trusted); a box
with little person in it hides somebody whom the teachers missed: not trusted. Who is small beside the largest person may be
one of the people or a passer-by: not trusted either. What somebody saw in a region (`verdicts`) goes before all of that: a person and
nobody, which passers-by are too, are trusted, held things are not. Where a later network looked too (`later`, a folder of the same tree), the mask is the mean of
both wherever they agree, and a second round of verdicts follows. A mask drawn by people (`human`, a folder of the same tree) is
trusted everywhere.
"""

import json
import pathlib
import zlib

import numpy as np
from PIL import Image

from . import verdicts

LONGEST = 384
CERTAIN, MISSED, BORDER = 0.85, 0.3, 0.03
SMALL = 0.35  # of the largest box's height: below it nobody says whether somebody belongs to the picture's people
TRUSTED_SHARE = 0.8  # a picture of which less can be trusted is left out


def boxes_of(path):
    """YOLO labels (class, centre x, centre y, width, height; or a polygon) as a list of x0, y0, x1, y1 in shares; None without a file."""
    if not path.exists():
        return None
    boxes = []
    for line in path.read_text().splitlines():
        values = [float(value) for value in line.split()[1:]]
        if len(values) == 4:
            x, y, w, h = values
            boxes.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        elif len(values) > 5:
            boxes.append((min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])))
    return boxes


def window(box, shape, border=0.0):
    """The slices that a box covers in an array of `shape`, widened by `border` of its sides."""
    height, width = shape
    x0, y0, x1, y1 = box
    dx, dy = border * (x1 - x0) + 1 / width * (border > 0), border * (y1 - y0) + 1 / height * (border > 0)
    left, right = int(max(0, (x0 - dx) * width)), int(np.ceil(min(1, x1 + dx) * width))
    top, bottom = int(max(0, (y0 - dy) * height)), int(np.ceil(min(1, y1 + dy) * height))
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))


def outline(mask, reach=2):
    """True within `reach` pixels, across or down, of where a boolean mask changes."""
    edge = np.zeros(mask.shape, bool)
    for step in range(1, reach + 1):
        across, down = mask[:, step:] != mask[:, :-step], mask[step:] != mask[:-step]
        edge[:, step:] |= across
        edge[:, :-step] |= across
        edge[step:] |= down
        edge[:-step] |= down
    return edge


def inside(boxes, shape):
    """True where any box, with its border, covers an array of `shape`."""
    covered = np.zeros(shape, bool)
    for box in boxes:
        covered[window(box, shape, BORDER)] = True
    return covered


def bystanders(boxes, shape):
    """True in the boxes of people who are small beside the largest one, where no larger person's box is."""
    tall = max((box[3] - box[1] for box in boxes), default=0.0)
    small = [box for box in boxes if box[3] - box[1] < SMALL * tall]
    return inside(small, shape) & ~inside([box for box in boxes if box not in small], shape)


def fuse(masks, boxes, weights):
    """Alpha and trust, float [H, W] each, of the teachers' masks (in [0, 1])."""
    masks = np.stack(masks)
    alpha = np.tensordot(weights / np.sum(weights), masks, 1)
    votes = (masks >= 0.5).sum(0)
    agreed = (votes == 0) | (votes == len(masks)) | outline(alpha >= 0.5)
    trust = agreed.astype(np.float32)
    if boxes is not None:
        outside = ~inside(boxes, alpha.shape)
        trust[outside] = (masks.min(0)[outside] < CERTAIN).astype(np.float32)
        alpha[outside] = 0
        for box in boxes:
            part = window(box, alpha.shape)
            if (alpha[part] >= 0.5).mean() < MISSED:
                trust[part] = 0
        trust[bystanders(boxes, alpha.shape)] = 0
    return alpha, trust


def correct(alpha, boxes):
    """Trust of a finished mask, by boxes alone: where somebody was missed, is a bystander, or is outside every box, 0."""
    trust = np.ones(alpha.shape, np.float32)
    for box in boxes:
        part = window(box, alpha.shape)
        if (alpha[part] >= 0.5).mean() < MISSED:
            trust[part] = np.where(alpha[part] >= 0.5, trust[part], 0)
    trust[~inside(boxes, alpha.shape) & (alpha >= 0.5)] = 0
    trust[bystanders(boxes, alpha.shape)] = 0
    return trust


def signature(picture, size=24):
    """A small gray picture as a unit vector: near-duplicates have a product above .95."""
    vector = np.asarray(picture.convert("L").resize((size, size), Image.BOX), np.float32).ravel()
    vector = vector - vector.mean()
    return vector / (np.linalg.norm(vector) + 1e-6)


class Seen:
    """Signatures so far, with their mirror images; coarse ones say which are worth comparing."""

    def __init__(self, size=24):
        self.size, self.rows, self.coarse = size, [], np.zeros((1024, 36), np.float32)

    def _coarse(self, vector):
        side = self.size // 6
        small = vector.reshape(6, side, 6, side).mean((1, 3)).ravel()
        return small / (np.linalg.norm(small) + 1e-6)

    def add(self, vector):
        """Remembers a picture."""
        if len(self.rows) == len(self.coarse):
            self.coarse = np.concatenate([self.coarse, np.zeros_like(self.coarse)])
        self.coarse[len(self.rows)] = self._coarse(vector)
        self.rows.append(vector)

    def nearest(self, vector):
        """The largest product with anything seen, as it is or mirrored; 0 where nothing is near."""
        best = 0.0
        for view in (vector, vector.reshape(self.size, self.size)[:, ::-1].ravel()):
            for index in np.flatnonzero(self.coarse[: len(self.rows)] @ self._coarse(view) > 0.88):
                best = max(best, float(self.rows[index] @ view))
        return best


def shrunk(size, longest=LONGEST):
    """A width and height with at most `longest` as the longer one."""
    scale = min(1, longest / max(size))
    return tuple(max(1, round(side * scale)) for side in size)


def pictures(folder):
    """The picture files of a tree, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))


def looks(paths, size):
    """The teachers' masks in [0, 1] at a picture's size, or None where one has not looked."""
    masks = []
    for path in paths:
        if not path.exists():
            return None
        with Image.open(path) as mask:
            masks.append(np.asarray(mask.convert("L").resize(size, Image.BILINEAR), np.float32) / 255)
    return masks


def held_back(source, path):
    """Whether a source's picture is kept for validation: a share in percent, by a hash of the name without what Roboflow adds to copies."""
    return zlib.crc32(path.stem.split(".rf.")[0].encode()) % 100 < source.get("held_back", 0)


def source_named(config, name):
    """One of [[teach.source]]."""
    return next(source for source in config["teach"]["source"] if source["name"] == name)


def candidates(source):
    """A source's pictures: path, the name of its masks, and the size at which they are looked at."""
    folder, blocked = pathlib.Path(source["pictures"]), tuple(source.get("leave_out", ()))
    for path in pictures(folder):
        if blocked and path.name.startswith(blocked):
            continue
        with Image.open(path) as opened:
            size = shrunk(opened.size)
        yield path, path.relative_to(folder).with_suffix(".png"), size


def drawn(source, inner):
    """The file of a mask drawn by people, or None."""
    file = pathlib.Path(source["human"]) / inner if "human" in source else None
    return file if file and file.exists() else None


def boxes_for(source, inner):
    """A picture's boxes, or None where a source has none."""
    return boxes_of(pathlib.Path(source["pictures"]) / str(inner.with_suffix(".txt")).replace("images", "labels")) if source.get("boxes") else None


def seen_in(table, source, inner, again=""):
    """What the table of verdicts says of a picture of a source, in its first round or AGAIN."""
    return table.get((source["name"] + again, str(inner.with_suffix(""))), [])


def askable(boxes, size):
    """Where somebody may be asked, boolean [height, width] for a width and height: in the boxes, where there are such."""
    return np.ones(size[::-1], bool) if boxes is None else inside(boxes, size[::-1])


class Mask:
    """A picture's mask: alpha and trust, float [H, W]; after the first round, where a later network looked, with what the second one needs to know."""

    def __init__(self, alpha, trust, masks=(), judged=None, look=None):
        self.alpha, self.trust, self.masks, self.judged, self.look = alpha, trust, masks, judged, look

    @property
    def code(self):
        """What is worth asking in the second round, where a later network looked: see `verdicts.contested`."""
        return verdicts.contested(self.alpha, self.trust, self.masks, self.look, self.judged)

    def again(self, found):
        """With the verdicts of the second round, where a later network looked."""
        if self.look is None:
            return self
        return Mask(*verdicts.settle_again(self.alpha, self.trust, self.look, self.code, found))


def first_round(alpha, trust, masks, doubted, found, later):
    """The mask after the verdicts `found` of the first round (see `verdicts.settle`); `later` is the file of a later look, which must be there, or None."""
    alpha, trust, judged = verdicts.settle(alpha, trust, masks, doubted, found)
    if later is None:
        return Mask(alpha, trust)
    look = looks([later], alpha.shape[::-1])
    if look is None:
        raise FileNotFoundError(f"{later}: no later look; README.md says which networks look at what")
    return Mask(alpha, trust, masks, judged, look[0])


def after_first(source, inner, size, table):
    """The mask of one picture of a source after the first round, or None where nobody looked or it was left out by eye."""
    human = drawn(source, inner)
    if human:
        with Image.open(human) as mask:
            alpha = np.asarray(mask.resize(size, Image.BOX), np.float32) / 255
        return Mask(alpha, np.ones_like(alpha))
    masks = looks([pathlib.Path(teacher) / inner for teacher in source["teachers"]], size)
    found = seen_in(table, source, inner)
    if masks is None or found in verdicts.WHOLE:
        return None
    boxes = boxes_for(source, inner)
    alpha, trust = fuse(masks, boxes, np.array(source["weights"], np.float32))
    later = pathlib.Path(source["later"]) / inner if "later" in source else None
    return first_round(alpha, trust, masks, askable(boxes, size), found, later)


def after_second(source, inner, size, table):
    """The same after the second round."""
    found = seen_in(table, source, inner, verdicts.AGAIN)
    mask = None if found in verdicts.WHOLE else after_first(source, inner, size, table)
    return mask and mask.again(found)


def teach(source, table, seen, out):
    """Writes one source's pictures; returns its notes."""
    kept, count, notes = 0, 0, []
    for path, inner, size in candidates(source):
        count += 1
        if held_back(source, path):
            continue
        with Image.open(path) as opened:
            opened.draft("RGB", (LONGEST, LONGEST))
            picture = opened.convert("RGB")
        vector = signature(picture)
        if seen.nearest(vector) > source.get("duplicate", 0.95):
            continue
        mask = after_second(source, inner, size, table)
        if mask is None:
            continue
        alpha, trust = mask.alpha, mask.trust
        person = (alpha >= 0.5).mean()
        if trust.mean() < TRUSTED_SHARE or not source.get("least", 0.0) <= person <= 0.9:
            continue
        seen.add(vector)
        name = f"{source['name']}_{kept:05}"
        picture.resize(size, Image.BOX).save(out / f"{name}.jpg", quality=92)
        both = np.stack([alpha * 255 + 0.5, trust * 255 + 0.5], 2).astype(np.uint8)
        Image.fromarray(both, "LA").save(out / f"{name}.png", compress_level=1)
        notes.append(dict(id=name, set=source["name"], file=str(path), person=round(float(person), 4)))
        kept += 1
    print(f"{source['name']}: {kept} of {count}", flush=True)
    return notes


def common(config):
    """What the common set looks like. Held-out pictures are looked at to leave their likes out, never to learn from."""
    seen = Seen()
    for folder in ("heldout", "train"):
        for path in pictures(pathlib.Path(config["data"]["root"]) / folder / "images"):
            with Image.open(path) as picture:
                seen.add(signature(picture))
    return seen


def main(config):
    """The `teach` command: fills [teach] out, from every [[teach.source]]."""
    settings = config["teach"]
    out = pathlib.Path(settings["out"])
    out.mkdir(parents=True, exist_ok=True)
    seen = common(config)
    table = verdicts.of(config)
    notes = [note for source in settings["source"] for note in teach(source, table, seen, out)]
    (out / "index.json").write_text(json.dumps(notes))
