"""Makes training batches from the prepacked arrays: originals, close crops, composites, empty frames."""

import json
import os

import numpy as np
import torch
import torch.multiprocessing
from torch.nn import functional as F

from . import config as configuration, native, photometry, prints, priors, windows

# Smallest share of a picture that a person who gets pasted must fill there.
WORTH_PASTING = 0.04
# Wrong pixels per pixel of person for which a picture is seen once more.
HARD = 0.2
# Share of a thing that is in front of people from which on it would be a hole in them.
ENCLOSED = 0.6
# Height beside the people's of another one (a child stands on the same ground, in focus), of a passer-by, who is background, and of one in focus.
SECOND_HEIGHT, PASSING_HEIGHT, PASSING_SHARP = (0.4, 1.5), (0.12, 0.45), 0.22


def halved(path):
    """Half-size copy of the uint8 [N, C, H, W] in `path`, each pixel the mean of four; kept in a file beside it while that is the newer one."""
    file = path.with_suffix(".half.npy")
    if not file.exists() or file.stat().st_mtime < path.stat().st_mtime:
        pictures = np.load(path, mmap_mode="r")
        shape = (*pictures.shape[:2], pictures.shape[2] // 2, pictures.shape[3] // 2)
        begun = file.with_suffix(f".{os.getpid()}.tmp")  # two runs may begin at once
        out = np.lib.format.open_memmap(begun, "w+", np.uint8, shape)
        for start in range(0, len(pictures), 256):
            block = torch.from_numpy(pictures[start : start + 256].copy()).float()
            out[start : start + 256] = F.avg_pool2d(block, 2).round_().byte().numpy()
        out.flush()
        begun.rename(file)
    return np.load(file, mmap_mode="r")


class Store:
    """Pictures at full and half size, in files that all processes share; `warp` reads whichever avoids aliasing."""

    def __init__(self, path):
        self.full, self.half = np.load(path, mmap_mode="r"), halved(path)

    def warp(self, indices, theta, size, padding):
        """Pictures seen through the matrices: float [N, C, size, size] in [0, 1]."""
        shrink = theta[:, :, :2].abs().sum(2).mean() * self.full.shape[-1] / size
        return native.warp(self.half if shrink > 1.9 else self.full, indices, theta, size, padding == "reflection")


def joined(target, own, doubt, earlier):
    """Alpha, doubt and earlier mask after a layer with alpha `own`, doubted where `doubt`, of which a look saw `earlier`, was laid over `target`."""
    alpha = 1 - (1 - target[:, :1]) * (1 - own)
    seen = 1 - (1 - target[:, 2:]) * (1 - own * earlier)
    return torch.cat([alpha, torch.maximum(target[:, 1:2] * (1 - own), doubt * own), seen], 1)


class Samples:
    """An endless source of batches for one side of the split: picture and earlier mask [B, 4, S, S], and alpha and doubt [B, 2, S, S];
    where doubt is 1 nobody knows the alpha. `camera_strength` (see `photometry`) is that of the last phase, until a trainer says otherwise. Within,
    `target` is alpha, doubt and earlier mask."""

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
        self.shares, self.camera_strength = config["samples"], config["phase"][-1].get("camera", 1.0)
        often = config["data"]["often"] if side == "train" else {}
        self.often = np.array([often.get(people[index]["set"], 1) for index in self.own]) * (self._hard(config) if side == "train" else 1)
        self.reseed(seed)

    def _hard(self, config):
        """How much more often pictures are seen that an earlier look got wrong."""
        errors = np.array(json.loads(configuration.cache(config, "wrong.json").read_text()))[self.own]
        easy, most = config["data"]["hard"]
        return np.clip(easy + errors / HARD, easy, most)

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

    def _placed(self, count, size, share=None, top=None):
        """People alone as layers, and their heights, in shares of the frame's; see `windows.placed`."""
        indices = self.random.choice(self.pasteable, count)
        window = windows.placed(self.random, [self.notes[index] for index in indices], share, top)
        return self._people(indices, window, size, "zeros"), self._height(indices, window)

    def _height(self, indices, window):
        """How high the people of pictures are in a window, in shares of it."""
        box = np.array([self.notes[index]["box"] for index in indices])
        return (box[:, 3] - box[:, 1]) / window[3]

    def _paste(self, frame, target, layer):
        """Lays a person over a frame; its alpha grows by the union."""
        own = layer[:, 3:4]
        cover = own * self.random.choice([1.0, 1.0, 0.97])
        return torch.lerp(frame, self._relight(layer[:, :3], own), cover), joined(target, own, layer[:, 4:5], layer[:, 5:])

    def _pass_by(self, frame, target, heights):
        """Somebody much smaller, whose head is near the people's, behind them and mostly out of focus: background to a portrait."""
        count, size = frame.shape[0], frame.shape[-1]
        tops = (target[:, 0].amax(2) > 0.5).float().argmax(1).numpy() / size
        reach = 2 * int(self.random.integers(0, 3)) + 1
        lowest, highest = PASSING_HEIGHT if reach > 1 else (PASSING_HEIGHT[0], PASSING_SHARP)
        share = np.clip(heights * windows.log_uniform(self.random, lowest, highest, count), 0.08, 1.2)
        layer, _ = self._placed(count, size, share, tops + heights * self.random.uniform(-0.06, 0.12, count))
        own, behind = layer[:, 3:4], 1 - target[:, :1]
        passed = torch.lerp(frame, self._relight(layer[:, :3], own), own * behind)
        soft, cover = (F.avg_pool2d(F.avg_pool2d(x, reach, 1, reach // 2), reach, 1, reach // 2) for x in (passed, own))
        passed = torch.lerp(passed, soft, cover.sqrt() * behind)
        seen = torch.maximum(target[:, 2:], own * behind * float(self.random.random() < 0.4))
        return passed, torch.cat([target[:, :1], target[:, 1:2] * (1 - own * behind), seen], 1)

    def _occlude(self, frame, target):
        """Something with a room's texture, an ellipse or a bar, in front of everything: there is no person there. It comes from beside people; what
        lies within them is a print."""
        count, size = frame.shape[0], frame.shape[-1]
        cover = priors.patch(count, size, self.generator, 2.0 if self.random.random() < 0.6 else 6.0)
        within = (cover * target[:, :1]).sum((1, 2, 3)) / cover.sum((1, 2, 3)).clamp_min(1)
        cover = cover * (within < ENCLOSED).float()[:, None, None, None]
        return torch.lerp(frame, self._rooms(count, size), cover), target * (1 - cover)

    def _relight(self, colour, own):
        """Colours under zero padding are black: harmless, alpha is 0 there. Pasted people get their own light."""
        gain = photometry.column(len(own), 0.75, 1.25, self.generator, 1)
        cast = photometry.column(len(own), 0.92, 1.08, self.generator, 3)
        return (colour * gain * cast).clamp_(0, 1)

    def batch(self, count, size):
        """One augmented batch."""
        share = self.shares
        people = self._next_people(count)
        kinds = self.random.random(count)
        edges = np.cumsum([share[kind] for kind in ("empty", "composite", "part", "upper", "closer")])
        empty, composite, part, upper, closer = (int(n) for n in np.diff([(kinds < edge).sum() for edge in (0, *edges)]))
        _, views_part, views_upper, views_closer, views_whole = np.split(people, np.cumsum([empty + composite, part, upper, closer]))
        frames, targets, heights = [], [], []
        views = (views_part, windows.part), (views_upper, windows.upper), (views_closer, windows.closer), (views_whole, windows.original)
        for indices, draw in views:
            if len(indices):
                window = draw(self.random, [self.notes[i] for i in indices])
                layer = self._people(indices, window, size, "reflection")
                frames.append(layer[:, :3]), targets.append(layer[:, 3:]), heights.append(self._height(indices, window))
        if empty + composite:
            room = self._rooms(empty + composite, size)
            blank = int(self.random.binomial(empty, share["blank"]))
            room[:blank] = photometry.blank(blank, size, self.generator)
            target = torch.zeros(len(room), 3, size, size)
            heights.append(np.zeros(len(room)))
            if composite:
                layer, heights[-1][empty:] = self._placed(composite, size)
                room[empty:], target[empty:] = self._paste(room[empty:], target[empty:], layer)
            frames.append(room), targets.append(target)
        frame, target, heights = torch.cat(frames), torch.cat(targets), np.concatenate(heights)
        peopled = target[:, 0].mean((1, 2)).numpy() > 0.01
        dressed = np.flatnonzero(peopled & (self.random.random(count) < share["prints"]))
        if len(dressed):
            frame[dressed] = prints.printed(frame[dressed], target[dressed, 0], self._rooms(len(dressed), size), self.generator)
        passing = np.flatnonzero(peopled & (self.random.random(count) < share["passing"]))
        if len(passing):
            frame[passing], target[passing] = self._pass_by(frame[passing], target[passing], heights[passing])
        second = np.flatnonzero(peopled & (self.random.random(count) < share["second"]))
        if len(second):
            size_beside = np.clip(heights[second] * windows.log_uniform(self.random, *SECOND_HEIGHT, len(second)), 0.25, 1.8)
            frame[second], target[second] = self._paste(frame[second], target[second], self._placed(len(second), size, size_beside)[0])
        hidden = np.flatnonzero(self.random.random(count) < share["occluded"])
        if len(hidden):
            frame[hidden], target[hidden] = self._occlude(frame[hidden], target[hidden])
        untold = np.where(np.arange(count) < part, share["untold_part"], share["untold"])
        told = torch.from_numpy(self.random.random(count) >= untold).float()[:, None, None, None]
        seen = target[:, 2:]
        if empty:
            seen[count - empty - composite : count - composite] = seen[self.random.choice(count, empty)]  # who was there a moment before
        told = told * priors.disturbed(seen, self.generator)
        frame = torch.cat([photometry.camera(frame, self.generator, self.camera_strength), told], 1)
        return frame.contiguous(memory_format=torch.channels_last), target[:, :2]

    def fixed(self, size):
        """Validation pictures without camera effects: with earlier masks where most samples have one, else without."""
        return self._fixed_untold(size) if self.shares["untold"] > 0.5 else self._fixed_told(size)

    def _fixed_told(self, size):
        """Boxes around the people and parts of such, with the earlier look as it is."""
        notes, sets = [self.notes[index] for index in self.own], {}
        for name, draw in ("closer", windows.closer), ("part", windows.part), ("again", windows.part):
            view = self._people(self.own, draw(self.random, notes), size, "reflection", 0)
            sets[name] = view[:, [0, 1, 2, 5]].contiguous(memory_format=torch.channels_last), view[:, 3:4]
        return sets

    def _fixed_untold(self, size):
        """Every person plain, and a seeded choice of harder views."""
        notes = [self.notes[index] for index in self.own]
        count = len(self.own)
        full = (np.zeros(count), np.zeros(count), np.ones(count), np.ones(count))
        plain = self.people.warp(self.own, windows.matrices(self.random, full, 0, flip=0), size, "reflection")
        some = [index for index in self.own if self.notes[index]["set"] == "ccp"] or list(self.own)
        close = self._people(some, windows.upper(self.random, [self.notes[i] for i in some]), size, "reflection", 0)
        boxed = self._people(self.own, windows.closer(self.random, notes), size, "reflection", 0)
        pasted = min(100, count)
        frame, target = self._paste(self._rooms(pasted, size), torch.zeros(pasted, 3, size, size), self._placed(pasted, size)[0])
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
