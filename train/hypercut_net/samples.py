"""Makes training batches from the prepacked arrays: originals, close crops, composites, empty frames."""

import json

import numpy as np
import torch
import torch.multiprocessing
from torch.nn import functional as F

from . import config as configuration, photometry, priors, windows

# Share of each kind of sample in a batch; the rest are whole pictures.
EMPTY, UPPER, CLOSER, PART, COMPOSITE = 0.06, 0.21, 0.17, 0.1, 0.25
# Share of samples that come without an earlier mask; of parts of pictures, which are looked at again to make an outline sharp.
UNTOLD, UNTOLD_PART = 0.68, 0.15
# Share of all samples that get another person, and something in front of the people.
SECOND_PERSON, OCCLUDED = 0.2, 0.1
# Smallest share of a picture that a person who gets pasted must fill there.
WORTH_PASTING = 0.04


def halve(pictures):
    """Half-size copy of uint8 [N, C, H, W], each pixel the mean of four."""
    out = np.empty((*pictures.shape[:2], pictures.shape[2] // 2, pictures.shape[3] // 2), np.uint8)
    for start in range(0, len(pictures), 256):
        block = torch.from_numpy(pictures[start : start + 256]).float()
        out[start : start + 256] = F.avg_pool2d(block, 2).round_().byte().numpy()
    return out


class Store:
    """Pictures in memory at full and half size; `warp` reads whichever avoids aliasing."""

    loaded = {}

    def __init__(self, path):
        if path not in self.loaded:
            full = np.load(path)
            self.loaded[path] = full, halve(full)
        self.full, self.half = self.loaded[path]

    def warp(self, indices, theta, size, padding):
        """Pictures seen through the matrices: float [N, C, size, size] in [0, 1]."""
        shrink = theta[:, :, :2].abs().sum(2).mean() * self.full.shape[-1] / size
        source = torch.from_numpy((self.half if shrink > 1.7 else self.full)[np.asarray(indices)]).float()
        axis = (torch.arange(size) * 2 + 1) / size - 1
        rows, moves = theta[:, None, None, :, :], theta[:, None, None, :, 2]
        grid = axis[None, None, :, None] * rows[..., 0] + axis[None, :, None, None] * rows[..., 1] + moves
        return F.grid_sample(source, grid, "bilinear", padding, align_corners=False).div_(255)


def joined(target, own, doubt, earlier):
    """Alpha, doubt and earlier mask after a layer with alpha `own`, doubted where `doubt`, of which a look saw `earlier`, was laid over `target`."""
    alpha = 1 - (1 - target[:, :1]) * (1 - own)
    seen = 1 - (1 - target[:, 2:]) * (1 - own * earlier)
    return torch.cat([alpha, torch.maximum(target[:, 1:2] * (1 - own), doubt * own), seen], 1)


class Samples:
    """An endless source of batches for one side of the split: picture and earlier mask [B, 4, S, S], and alpha and doubt [B, 2, S, S];
    where doubt is 1 nobody knows the alpha. Within, `target` is alpha, doubt and earlier mask."""

    def __init__(self, config, side="train", seed=0):
        people = json.loads(configuration.cache(config, "people.json").read_text())
        rooms = json.loads(configuration.cache(config, "backgrounds.json").read_text())
        self.people = Store(configuration.cache(config, "people.npy"))
        self.looks = Store(configuration.cache(config, "priors.npy"))
        self.rooms = Store(configuration.cache(config, "backgrounds.npy"))
        self.notes = people
        self.own = np.array([index for index, note in enumerate(people) if note["part"] == side])
        self.pasteable = np.array([index for index in self.own if people[index]["clean"] and people[index]["person"] > WORTH_PASTING])
        self.own_rooms = np.array([index for index, note in enumerate(rooms) if note["part"] == side])
        often = config["data"]["often"] if side == "train" else {}
        self.often = np.array([often.get(people[index]["set"], 1) for index in self.own])
        self.reseed(seed)

    def reseed(self, seed):
        """Starts the stream anew; a resumed run passes another number and sees other samples."""
        self.random = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.queue = []

    def _next_people(self, count):
        while len(self.queue) < count:
            times = np.floor(self.often + self.random.random(len(self.own))).astype(int)
            self.queue.extend(self.random.permutation(self.own.repeat(times)))
        taken, self.queue = self.queue[:count], self.queue[count:]
        return np.array(taken)

    def _people(self, indices, window, size, padding, tilt=0.08):
        theta = windows.matrices(self.random, window, tilt)
        return torch.cat([store.warp(indices, theta, size, padding) for store in (self.people, self.looks)], 1)

    def _rooms(self, count, size):
        width, height = self.random.uniform(0.45, 1, count), self.random.uniform(0.45, 1, count)
        window = (self.random.random(count) * (1 - width), self.random.random(count) * (1 - height), width, height)
        theta = windows.matrices(self.random, window, 0.04)
        indices = self.random.choice(self.own_rooms, count)
        return self.rooms.warp(indices, theta, size, "reflection")

    def _placed(self, count, size):
        indices = self.random.choice(self.pasteable, count)
        window = windows.placed(self.random, [self.notes[index] for index in indices])
        return self._people(indices, window, size, "zeros")

    def _paste(self, frame, target, layer):
        """Lays a person over a frame; its alpha grows by the union."""
        own = layer[:, 3:4]
        cover = own * self.random.choice([1.0, 1.0, 0.97])
        return torch.lerp(frame, self._relight(layer[:, :3], own), cover), joined(target, own, layer[:, 4:5], layer[:, 5:])

    def _occlude(self, frame, target):
        """Something with a room's texture, an ellipse or a bar, in front of everything: there is no person there."""
        count, size = frame.shape[0], frame.shape[-1]
        cover = priors.patch(count, size, self.generator, 2.0 if self.random.random() < 0.6 else 6.0)
        return torch.lerp(frame, self._rooms(count, size), cover), target * (1 - cover)

    def _relight(self, colour, own):
        """Colours under zero padding are black: harmless, alpha is 0 there. Pasted people get their own light."""
        gain = photometry.column(len(own), 0.75, 1.25, self.generator, 1)
        cast = photometry.column(len(own), 0.92, 1.08, self.generator, 3)
        return (colour * gain * cast).clamp_(0, 1)

    def batch(self, count, size):
        """One augmented batch."""
        people = self._next_people(count)
        kinds = self.random.random(count)
        edges = np.cumsum([EMPTY, COMPOSITE, UPPER, CLOSER, PART])
        empty, composite, upper, closer, part = (int(n) for n in np.diff([(kinds < edge).sum() for edge in (0, *edges)]))
        _, views_part, views_upper, views_closer, views_whole = np.split(people, np.cumsum([empty + composite, part, upper, closer]))
        frames, targets = [], []
        views = (views_part, windows.part), (views_upper, windows.upper), (views_closer, windows.closer), (views_whole, windows.original)
        for indices, window in views:
            if len(indices):
                layer = self._people(indices, window(self.random, [self.notes[i] for i in indices]), size, "reflection")
                frames.append(layer[:, :3]), targets.append(layer[:, 3:])
        if empty + composite:
            room = self._rooms(empty + composite, size)
            target = torch.zeros(len(room), 3, size, size)
            if composite:
                room[empty:], target[empty:] = self._paste(room[empty:], target[empty:], self._placed(composite, size))
            frames.append(room), targets.append(target)
        frame, target = torch.cat(frames), torch.cat(targets)
        second = np.flatnonzero(self.random.random(count) < SECOND_PERSON)
        second = second[target[second, 0].mean((1, 2)).numpy() > 0]
        if len(second):
            frame[second], target[second] = self._paste(frame[second], target[second], self._placed(len(second), size))
        hidden = np.flatnonzero(self.random.random(count) < OCCLUDED)
        if len(hidden):
            frame[hidden], target[hidden] = self._occlude(frame[hidden], target[hidden])
        untold = np.where(np.arange(count) < part, UNTOLD_PART, UNTOLD)
        told = torch.from_numpy(self.random.random(count) >= untold).float()[:, None, None, None]
        told = told * priors.disturbed(target[:, 2:], self.generator)
        frame = torch.cat([photometry.camera(frame, self.generator), told], 1)
        return frame.contiguous(memory_format=torch.channels_last), target[:, :2]

    def fixed(self, size):
        """Validation pictures without camera effects or earlier masks: every person plain, and a seeded choice of harder views."""
        notes = [self.notes[index] for index in self.own]
        count = len(self.own)
        full = (np.zeros(count), np.zeros(count), np.ones(count), np.ones(count))
        plain = self.people.warp(self.own, windows.matrices(self.random, full, 0, flip=0), size, "reflection")
        some = [index for index in self.own if self.notes[index]["set"] == "ccp"] or list(self.own)
        close = self._people(some, windows.upper(self.random, [self.notes[i] for i in some]), size, "reflection", 0)
        boxed = self._people(self.own, windows.closer(self.random, notes), size, "reflection", 0)
        pasted = min(100, count)
        frame, target = self._paste(self._rooms(pasted, size), torch.zeros(pasted, 3, size, size), self._placed(pasted, size))
        rooms = self._rooms(len(self.own_rooms), size)
        views = {f"{name}": plain[[note["set"] == name for note in notes]] for name in {note["set"] for note in notes}}
        views |= dict(upper=close, closer=boxed)
        sets = {name: (view[:, :3], view[:, 3:4]) for name, view in sorted(views.items())}
        sets["composite"] = (frame, target[:, :1])
        sets["empty"] = (rooms, torch.zeros(len(rooms), 1, size, size))
        return {name: (F.pad(x, (0, 0, 0, 0, 0, 1)).contiguous(memory_format=torch.channels_last), y) for name, (x, y) in sets.items()}


class Ahead:
    """Batches made by another process while the last one is trained on. It holds `samples` as they were when it began, and ends with
    this process."""

    def __init__(self, samples, count, size):
        context = torch.multiprocessing.get_context("fork")  # pictures in memory stay shared
        self.queue = context.Queue(2)
        self.maker = context.Process(target=self._make, args=(samples, count, size), daemon=True)
        self.maker.start()

    def _make(self, samples, count, size):
        while True:
            self.queue.put(samples.batch(count, size))

    def batch(self):
        """The next batch."""
        return self.queue.get()

    def close(self):
        """Ends the other process."""
        self.maker.terminate()
        self.maker.join()
