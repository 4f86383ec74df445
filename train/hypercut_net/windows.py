"""Which part of a picture a sample shows: windows drawn at random, as matrices for `affine_grid`.

Coordinates are fractions of the stretched square picture: (0, 0) top left, (1, 1) bottom right.
For composites a window may be wider than the picture; outside there is nothing.
"""

import numpy as np
import torch


def log_uniform(random, low, high, count):
    """Numbers from `low` to `high`, each ratio of them as often as any other."""
    return np.exp(random.uniform(np.log(low), np.log(high), count))


def output_aspect(random, count):
    """Width / height that the network's square stands for: portrait phone to wide camera."""
    return log_uniform(random, 9 / 16, 16 / 9, count)


def sides(height, aspect, notes):
    """Window width and height (fractions) for a height and an output aspect, over pictures with their own aspect."""
    own = np.array([note["aspect"] for note in notes])
    return height * aspect / own, height


def original(random, notes):
    """Windows inside the picture: from nearly all of it down to half, with moderate stretch."""
    count = len(notes)
    own = np.array([note["aspect"] for note in notes])
    aspect = own * np.exp(np.clip(random.normal(0, 0.22, count), -0.6, 0.6))
    area = np.where(random.random(count) < 0.5, random.uniform(0.8, 1.0, count), random.uniform(0.35, 1.0, count))
    height = np.sqrt(area * own / aspect)
    width = height * aspect / own
    width, height = np.minimum(width, 1), np.minimum(height, 1)
    left, top = random.random(count) * (1 - width), random.random(count) * (1 - height)
    return left, top, width, height


def upper(random, notes, share=(0.28, 0.75), least=0.2):
    """Head and shoulders, cut out around the head of people shown larger: a `share` of their height, and `least` of the picture's sides."""
    count = len(notes)
    box = np.array([note["box"] for note in notes])
    head_x = np.array([note["head_x"] for note in notes])
    tall = box[:, 3] - box[:, 1]
    height = np.clip(tall * random.uniform(*share, count), least, 1)
    width, height = sides(height, output_aspect(random, count), notes)
    width = np.clip(width, least, 1)
    top = np.maximum(box[:, 1] - height * random.uniform(0.02, 0.3, count), 0)
    left = head_x - width * random.uniform(0.3, 0.7, count)
    return np.clip(left, 0, 1 - width), np.minimum(top, 1 - height), width, height


def closer(random, notes):
    """The second look of `Effort::Still`: a box around the people with a border of about 15 %, whatever its shape. Now and then the box is
    too tight, as it gets when the first look missed something."""
    box = np.array([note["box"] for note in notes])
    sides = []
    for low, high in ((box[:, 0], box[:, 2]), (box[:, 1], box[:, 3])):
        margins = random.uniform(0.02, 0.3, (2, len(notes)))
        margins[random.random(margins.shape) < 0.1] = -0.12
        wide = np.maximum(high - low, 0.1)
        start, end = np.maximum(low - margins[0] * wide, 0), np.minimum(high + margins[1] * wide, 1)
        sides.append((start, np.maximum(end - start, 0.08)))
    (left, width), (top, height) = sides
    return left, top, width, height


def part(random, notes):
    """A part of such a box, as later looks take it: half to seven eighths of each side."""
    left, top, width, height = closer(random, notes)
    across, down = random.uniform(0.5, 0.87, (2, len(notes)))
    right, low = random.random((2, len(notes)))
    return left + (1 - across) * width * right, top + (1 - down) * height * low, across * width, down * height


def placed(random, notes, share=None, top=None):
    """A person put somewhere into another frame: large or small, standing on the frame's lower edge or near it. `share` [N] are their heights and
    `top` [N] the tops of their heads, in shares of the frame's height; drawn where there are none."""
    count = len(notes)
    box = np.array([note["box"] for note in notes])
    tall = np.maximum(box[:, 3] - box[:, 1], 0.2)
    if share is None:
        share = log_uniform(random, 0.35, 1.5, count)
    aspect = output_aspect(random, count)
    boxed = random.random(count) < 0.3  # as a box around somebody is stretched
    aspect = np.where(boxed, aspect * np.exp(random.uniform(-0.7, 0.7, count)), aspect)
    width, height = sides(tall / share, aspect, notes)
    middle = (box[:, 0] + box[:, 2]) / 2
    left = middle - width * random.uniform(0.12, 0.88, count)
    floats = random.uniform(0, 0.12, count) * height * (box[:, 3] < 0.97)
    bottom = np.minimum(box[:, 3], 1.0) + floats
    low = share > 1
    over = np.where(low, box[:, 1] - height * random.uniform(0.0, 0.25, count), bottom - height)
    return left, over if top is None else box[:, 1] - height * top, width, height


def matrices(random, window, tilt, flip=0.5):
    """Turns windows into [N, 2, 3] matrices: output in [-1, 1]^2 to source in [-1, 1]^2, mirrored and tilted."""
    left, top, width, height = (np.asarray(value, dtype=np.float32) for value in window)
    count = len(left)
    angle = np.clip(random.normal(0, tilt, count), -0.5, 0.5)
    mirror = np.where(random.random(count) < flip, -1.0, 1.0)
    cosine, sine = np.cos(angle), np.sin(angle)
    theta = np.empty((count, 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 0, 1] = width * cosine * mirror, -width * sine
    theta[:, 1, 0], theta[:, 1, 1] = height * sine * mirror, height * cosine
    theta[:, 0, 2], theta[:, 1, 2] = 2 * left + width - 1, 2 * top + height - 1
    return torch.from_numpy(theta)
