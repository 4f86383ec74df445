"""Where teachers differ, somebody looks: the regions they differ on, and what was seen there.

A region is a connected piece of a picture on which the same teachers see a person and the others don't, thick enough to be more than an
outline; or one on which all do, apart from the largest. `verdicts.csv` (source, picture, verdicts) holds what was seen: "p.X.Y" a person
(with what they wear), "n.X.Y" none, "b.X.Y" a passer-by, "h.X.Y" something held, X and Y a point of the region in thousandths of the picture's
sides, "x" for a picture to leave out and "e" for one without a person, whatever the teachers say. Mixed regions have no entry.

A second round, under the source's name and " again", asks about finished masks: where a later network, which learned from them, still says
otherwise, and where nothing was learned.
"""

import csv
import functools

import numpy as np
from scipy import ndimage

LEAST = 0.004  # share of the picture that a region must have
THICK = 5  # pixels that it must be wide
PERSON, NOBODY, PASSING, HELD, MIXED, OUT, EMPTY = "pnbhmxe"
KNOWN = PERSON, NOBODY, PASSING  # what says whether there is a person: passers-by are nobody
WHOLE = OUT, EMPTY  # of a whole picture, which is not learned as one of people
AGAIN = " again"
SHARE = 0.5  # of a later look in the mean with a finished mask
MISSES, ADDS, DOUBTED, UNSEEN = 1, 2, 3, 4  # what a later network does in a region: see `contested`
APART = 0.5  # of the largest piece that all teachers see: a smaller one may be a passer-by


def codes(masks):
    """Which teachers (masks in [0, 1]) see a person, as bits of an integer per pixel; and the integer of all of them."""
    seen = np.stack(masks) >= 0.5
    return (seen << np.arange(len(seen))[:, None, None]).sum(0), (1 << len(seen)) - 1


def core(where):
    """What of a boolean array is more than an outline."""
    return ndimage.binary_opening(where, np.ones((THICK, THICK)))


def grown(piece, within):
    """A piece of a core, and what of `within` is up to two pixels away."""
    return ndimage.binary_dilation(piece, iterations=2) & within


def pieces(where):
    """The thick connected pieces of a boolean array, numbered from 1, and their sizes (the first is of what is outside)."""
    numbered, count = ndimage.label(core(where))
    return numbered, np.bincount(numbered.ravel(), minlength=count + 1)


def regions(masks, doubted):
    """The regions of the teachers' masks (in [0, 1]) in `doubted`, largest first, boolean arrays."""
    code, everyone = codes(masks)
    return ordered(np.where(doubted, code, 0), everyone)


def ordered(code, apart=0):
    """The pieces of a picture with the same code, 0 left out, that are large enough, largest first; of the code `apart` those alone that are small
    beside its largest."""
    counts = np.bincount(code.ravel())
    regions = []
    for number in range(1, len(counts)):
        if counts[number] < LEAST * code.size:
            continue
        numbered, sizes = pieces(code == number)
        most = APART * max(sizes[1:], default=0) if number == apart else code.size
        regions += [numbered == piece for piece in range(1, len(sizes)) if LEAST * code.size <= sizes[piece] <= most]
    return sorted(regions, key=lambda region: -region.sum())


def contested(alpha, trust, masks, look, judged):
    """Codes per pixel of what a later network's mask (`look`, in [0, 1]) makes worth asking of a finished one, 0 where it was `judged`: it MISSES a
    person, it ADDS one, it sees one in what is DOUBTED; or it doesn't there, where a teacher does, UNSEEN."""
    sees, person, known = look >= 0.5, alpha >= 0.5, trust >= 0.5
    return np.select(
        [judged, known & person & ~sees, known & ~person & sees, ~known & sees, ~known & (np.max(masks, 0) >= 0.5)],
        [0, MISSES, ADDS, DOUBTED, UNSEEN],
    )


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
    if text in WHOLE:
        return text
    triples = [word.split(".") for word in text.split()]
    return [(kind, int(x), int(y)) for kind, x, y in triples]


def judged_regions(code, verdicts):
    """Every verdict's kind, its region and that region's code, not 0: the thick piece of equal code at its point, and two pixels around it of that code."""
    height, width = code.shape
    numbered = {}
    for kind, x, y in verdicts:
        row, column = min(y * height // 1000, height - 1), min(x * width // 1000, width - 1)
        own = code[row, column]
        if not own:
            continue
        if own not in numbered:
            numbered[own], _ = pieces(code == own)
        piece = numbered[own][row, column]
        if piece:
            yield kind, grown(numbered[own] == piece, code == own), own


def settle(alpha, trust, masks, doubted, verdicts):
    """Alpha and trust, float [H, W], with the verdicts on `regions(masks, doubted)` in them, and where there were verdicts: in a region that was seen
    the masks of those teachers hold that were right. What isn't KNOWN is not trusted."""
    alpha, trust, judged = alpha.copy(), trust.copy(), np.zeros(alpha.shape, bool)
    for kind, region, code in judged_regions(np.where(doubted, codes(masks)[0], 0), verdicts):
        known = kind in KNOWN
        if known:
            right = [mask[region] for teacher, mask in enumerate(masks) if (code >> teacher & 1) == (kind == PERSON)]
            alpha[region] = np.max(right, 0) if kind == PERSON else np.min(right, 0) if right else 0
        trust[region] = known
        judged |= region
    return alpha, trust, judged


def settle_again(alpha, trust, look, code, verdicts):
    """Alpha and trust after the second round: the mean of a finished mask and a later look, but where the two differ by more than an outline; there
    the finished mask, and in the regions of `ordered(code)`, codes of `contested`, that somebody saw, whichever was right."""
    differ = (alpha >= 0.5) != (look >= 0.5)
    alpha, trust = np.where(grown(core(differ), differ), alpha, (1 - SHARE) * alpha + SHARE * look), trust.copy()
    for kind, region, _ in judged_regions(code, verdicts):
        known = kind in KNOWN
        if kind == PERSON:
            most = np.maximum(alpha, look)[region]
            alpha[region] = np.where(most >= 0.5, most, 1)
        elif known:
            least = np.minimum(alpha, look)[region]
            alpha[region] = np.where(least < 0.5, least, 0)
        trust[region] = known
    return alpha, trust
