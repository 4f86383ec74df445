"""Makes training batches from the prepacked arrays: originals, close crops, composites, empty frames."""

import json

import numpy as np
import torch
from torch.nn import functional as F

from . import config as configuration, photometry, windows

# Share of each kind of sample in a batch.
EMPTY, COMPOSITE, SECOND_PERSON, UPPER = 0.07, 0.36, 0.2, 0.25


def halve(pictures):
    """Half-size copy of uint8 [N, C, H, W], each pixel the mean of four."""
    out = np.empty((*pictures.shape[:2], pictures.shape[2] // 2, pictures.shape[3] // 2), np.uint8)
    for start in range(0, len(pictures), 256):
        block = torch.from_numpy(pictures[start : start + 256]).float()
        out[start : start + 256] = F.avg_pool2d(block, 2).round_().byte().numpy()
    return out


class Store:
    """Pictures in memory at full and half size; `warp` reads whichever avoids aliasing."""

    def __init__(self, path):
        self.full = np.load(path)
        self.half = halve(self.full)

    def warp(self, indices, theta, size, padding):
        """Pictures seen through the matrices: float [N, C, size, size] in [0, 1]."""
        shrink = theta[:, :, :2].abs().sum(2).mean() * self.full.shape[-1] / size
        source = torch.from_numpy((self.half if shrink > 1.5 else self.full)[np.asarray(indices)]).float()
        axis = (torch.arange(size) * 2 + 1) / size - 1
        rows, moves = theta[:, None, None, :, :], theta[:, None, None, :, 2]
        grid = axis[None, None, :, None] * rows[..., 0] + axis[None, :, None, None] * rows[..., 1] + moves
        return F.grid_sample(source, grid, "bilinear", padding, align_corners=False).div_(255)


class Samples:
    """An endless source of (picture [B, 3, S, S], alpha [B, 1, S, S]) batches for one side of the split."""

    def __init__(self, config, side="train", seed=0):
        people = json.loads(configuration.cache(config, "people.json").read_text())
        rooms = json.loads(configuration.cache(config, "backgrounds.json").read_text())
        self.people = Store(configuration.cache(config, "people.npy"))
        self.rooms = Store(configuration.cache(config, "backgrounds.npy"))
        self.notes = people
        self.own = np.array([index for index, note in enumerate(people) if note["part"] == side])
        self.own_rooms = np.array([index for index, note in enumerate(rooms) if note["part"] == side])
        self.reseed(seed)

    def reseed(self, seed):
        """Starts the stream anew; a resumed run passes another number and sees other samples."""
        self.random = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.queue = []

    def _next_people(self, count):
        while len(self.queue) < count:
            self.queue.extend(self.random.permutation(self.own))
        taken, self.queue = self.queue[:count], self.queue[count:]
        return np.array(taken)

    def _people(self, indices, window, size, padding, tilt=0.08):
        theta = windows.matrices(self.random, window, tilt)
        return self.people.warp(indices, theta, size, padding)

    def _rooms(self, count, size):
        width, height = self.random.uniform(0.45, 1, count), self.random.uniform(0.45, 1, count)
        window = (self.random.random(count) * (1 - width), self.random.random(count) * (1 - height), width, height)
        theta = windows.matrices(self.random, window, 0.04)
        indices = self.random.choice(self.own_rooms, count)
        return self.rooms.warp(indices, theta, size, "reflection")

    def _placed(self, indices, size):
        window = windows.placed(self.random, [self.notes[index] for index in indices])
        return self._people(indices, window, size, "zeros")

    def _paste(self, frame, alpha, layer):
        """Lays a person over a frame; `alpha` grows by the union."""
        own = layer[:, 3:]
        cover = own * self.random.choice([1.0, 1.0, 0.97])
        return torch.lerp(frame, self._relight(layer[:, :3], own), cover), 1 - (1 - alpha) * (1 - own)

    def _relight(self, colour, own):
        """Colours under zero padding are black: harmless, alpha is 0 there. Pasted people get their own light."""
        gain = photometry.column(len(own), 0.75, 1.25, self.generator, 1)
        cast = photometry.column(len(own), 0.92, 1.08, self.generator, 3)
        return (colour * gain * cast).clamp_(0, 1)

    def batch(self, count, size):
        """One augmented batch."""
        people = self._next_people(count)
        draw = self.random.random(count)
        empty = int((draw < EMPTY).sum())
        composite = int((draw > 1 - COMPOSITE).sum())
        upper = int(((draw > EMPTY) & (draw < EMPTY + UPPER)).sum())
        groups = np.split(people, np.cumsum([empty, composite, upper]))
        _, pasted, close, whole = groups
        frames, alphas = [], []
        if len(whole):
            layer = self._people(whole, windows.original(self.random, [self.notes[i] for i in whole]), size, "reflection")
            frames.append(layer[:, :3]), alphas.append(layer[:, 3:])
        if len(close):
            layer = self._people(close, windows.upper(self.random, [self.notes[i] for i in close]), size, "reflection")
            frames.append(layer[:, :3]), alphas.append(layer[:, 3:])
        if empty + composite:
            room = self._rooms(empty + composite, size)
            alpha = torch.zeros(len(room), 1, size, size)
            if composite:
                room[empty:], alpha[empty:] = self._paste(room[empty:], alpha[empty:], self._placed(pasted, size))
            frames.append(room), alphas.append(alpha)
        frame, alpha = torch.cat(frames), torch.cat(alphas)
        second = np.flatnonzero(self.random.random(count) < SECOND_PERSON)
        second = second[alpha[second].mean((1, 2, 3)).numpy() > 0]
        if len(second):
            layer = self._placed(self._next_people(len(second)), size)
            frame[second], alpha[second] = self._paste(frame[second], alpha[second], layer)
        frame = photometry.camera(frame, self.generator)
        return frame.contiguous(memory_format=torch.channels_last), alpha

    def fixed(self, size):
        """Validation pictures without camera effects: every person plain, and a seeded choice of harder views."""
        notes = [self.notes[index] for index in self.own]
        count = len(self.own)
        full = (np.zeros(count), np.zeros(count), np.ones(count), np.ones(count))
        plain = self.people.warp(self.own, windows.matrices(self.random, full, 0, flip=0), size, "reflection")
        some = [index for index in self.own if self.notes[index]["set"] == "ccp"] or list(self.own)
        close = self._people(some, windows.upper(self.random, [self.notes[i] for i in some]), size, "reflection", 0)
        pasted = self.random.choice(self.own, min(100, count), replace=False)
        frame, alpha = self._paste(self._rooms(len(pasted), size), torch.zeros(len(pasted), 1, size, size),
                                   self._placed(pasted, size))
        rooms = self._rooms(len(self.own_rooms), size)
        views = {f"{name}": plain[[note["set"] == name for note in notes]] for name in {note["set"] for note in notes}}
        views["upper"] = close
        sets = {name: (view[:, :3], view[:, 3:]) for name, view in sorted(views.items())}
        sets["composite"] = (frame, alpha)
        sets["empty"] = (rooms, torch.zeros(len(rooms), 1, size, size))
        return {name: (x.contiguous(memory_format=torch.channels_last), y) for name, (x, y) in sets.items()}
