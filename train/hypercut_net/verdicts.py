"""Where teachers differ, somebody looks: the regions they differ on, and what was seen there.

A region is a connected piece of a picture on which the same teachers see a person and the others don't, thick enough to be more than an
outline; or one on which all do, apart from the largest. `verdicts.csv` (source, picture, verdicts) holds what was seen: "p.X.Y" a person
(with what they wear), "n.X.Y" none, "b.X.Y" a passer-by, "h.X.Y" something held, X and Y a point of the region in thousandths of the picture's
sides, "x" for a picture to leave out and "e" for one without a person, whatever the teachers say. Mixed regions have no entry.
"""

import csv
import functools

import numpy as np
from scipy import ndimage

LEAST = 0.004  # share of the picture that a region must have
THICK = 5  # pixels that it must be wide
PERSON, NOBODY, PASSING, HELD, MIXED, OUT, EMPTY = "pnbhmxe"
APART = 0.5  # of the largest piece that all teachers see: a smaller one may be a passer-by


def codes(masks):
    """Which teachers (masks in [0, 1]) see a person, as bits of an integer per pixel; and the integer of all of them."""
    seen = np.stack(masks) >= 0.5
    return (seen << np.arange(len(seen))[:, None, None]).sum(0), (1 << len(seen)) - 1


def pieces(where):
    """The thick connected pieces of a boolean array, numbered from 1, and their sizes (the first is of what is outside)."""
    numbered, count = ndimage.label(ndimage.binary_opening(where, np.ones((THICK, THICK))))
    return numbered, np.bincount(numbered.ravel(), minlength=count + 1)


def regions(masks, doubted):
    """The regions of the teachers' masks (in [0, 1]) in `doubted`, largest first, boolean arrays."""
    code, everyone = codes(masks)
    counts = np.bincount(code[doubted].ravel(), minlength=everyone + 1)
    found = []
    for number in range(1, everyone + 1):
        if counts[number] < LEAST * code.size:
            continue
        numbered, sizes = pieces((code == number) & doubted)
        most = APART * max(sizes[1:], default=0) if number == everyone else code.size
        found += [numbered == piece for piece in range(1, len(sizes)) if LEAST * code.size <= sizes[piece] <= most]
    return sorted(found, key=lambda region: -region.sum())


def point(region):
    """The innermost point of a region, in thousandths of the picture's sides."""
    rows, columns = ndimage.find_objects(region.astype(np.uint8))[0]
    depth = ndimage.distance_transform_edt(np.pad(region[rows, columns], 1))[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return round((columns.start + x + 0.5) / region.shape[1] * 1000), round((rows.start + y + 0.5) / region.shape[0] * 1000)


def texts(path):
    """The table as it stands: verdicts by source and picture; empty where there is no file."""
    if not path.exists():
        return {}
    with open(path) as table:
        return {(row["source"], row["picture"]): row["verdicts"] for row in csv.DictReader(table)}


@functools.cache
def read(path):
    """The table, read once: by source and picture, a list of verdict, x, y; OUT or EMPTY for a whole picture."""
    return {key: parse(text) for key, text in texts(path).items()}


def of(config):
    """The table that a configuration names."""
    return read(config["here"] / config["verdicts"]["table"])


def parse(text):
    """A row's verdicts."""
    if text in (OUT, EMPTY):
        return text
    triples = [word.split(".") for word in text.split()]
    return [(kind, int(x), int(y)) for kind, x, y in triples]


def settle(alpha, trust, masks, doubted, verdicts, passing):
    """Alpha and trust, float [H, W], with the verdicts on `regions(masks, doubted)` in them: in a region that was seen, and two pixels around it
    where the teachers say the same, the masks of those teachers hold that were right. With `passing`, passers-by are nobody; held things, and
    passers-by without it, are not trusted."""
    height, width = alpha.shape
    code, _ = codes(masks)
    alpha, trust = alpha.copy(), trust.copy()
    numbered_by_code = {}
    for kind, x, y in verdicts:
        row, column = min(y * height // 1000, height - 1), min(x * width // 1000, width - 1)
        alike = (code == code[row, column]) & doubted
        if code[row, column] not in numbered_by_code:
            numbered_by_code[code[row, column]], _ = pieces(alike)
        numbered = numbered_by_code[code[row, column]]
        if not numbered[row, column] or not code[row, column]:
            continue
        region = ndimage.binary_dilation(numbered == numbered[row, column], iterations=2) & alike
        known = kind in (PERSON, NOBODY) or kind == PASSING and passing
        if known:
            sees = [code[row, column] >> teacher & 1 for teacher in range(len(masks))]
            right = [mask[region] for mask, person in zip(masks, sees) if person == (kind == PERSON)]
            alpha[region] = np.max(right, 0) if kind == PERSON else np.min(right, 0) if right else 0
        trust[region] = known
    return alpha, trust
