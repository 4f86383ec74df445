"""Float training in phases; may be killed and started again at any time: it resumes from the last checkpoint. Started by `torchrun`, several processes
train one network."""

import json
import math
import os
import time

import torch

from . import config as configuration, losses, network, score, warm
from .muon import Muon
from .samples import Ahead, Samples


START = "start.pt"  # the checkpoint before the first step


class Average:
    """Exponential moving average of all weights and statistics; starts quickly, then `decay`."""

    def __init__(self, model, decay):
        self.decay, self.steps = decay, 0
        self.state = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def update(self, model):
        """Takes one step towards the model."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (20 + self.steps))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value, 1 - keep)
            else:
                self.state[name].copy_(value)


class Team:
    """The processes that `torchrun` started, or this one alone: each makes batches of its own, gradients are averaged, so all weights stay the
    same (statistics of normalisation are each one's own); the first one's clock is everybody's, and it alone validates and writes."""

    def __init__(self):
        self.count, self.rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
        if self.count > 1:
            torch.distributed.init_process_group("gloo")

    def begin(self, model):
        """Gives every process the first one's weights."""
        if self.count > 1:
            for value in model.state_dict().values():
                torch.distributed.broadcast(value, 0)

    def agree(self, model, spent):
        """Makes gradients the mean of all; returns the first process's `spent`."""
        if self.count == 1:
            return spent
        gradients = [value.grad for value in model.parameters()]
        shared = torch.cat([gradient.flatten() for gradient in gradients] + [torch.tensor([spent if self.rank == 0 else 0.0])])
        torch.distributed.all_reduce(shared)
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, mean in zip(gradients, (shared[:-1] / self.count).split(sizes)):
            gradient.copy_(mean.view(gradient.shape))
        return shared[-1].item()


def optimizers_for(model, decay):
    """Muon for dense filters; AdamW for biases, normalisation and depthwise filters, without decay."""
    plain, decayed = [], []
    for value in model.parameters():
        (decayed if value.dim() == 4 and value.shape[1] > 1 else plain).append(value)
    return [Muon(decayed, decay), torch.optim.AdamW(plain, weight_decay=0.0)]


def descend(model, optimizers, rate):
    """One step of all optimizers down the gradients that the model holds, which are then forgotten."""
    for group in (group for optimizer in optimizers for group in optimizer.param_groups):
        group["lr"] = rate
    torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)
    for optimizer in optimizers:
        optimizer.step()
    model.zero_grad(set_to_none=True)


def rate_at(phase, share):
    """Learning rate at a share of the phase: linear warm-up, then cosine down to the final rate."""
    if share < phase["warmup"]:
        return phase["rate"] * share / phase["warmup"]
    turn = (share - phase["warmup"]) / (1 - phase["warmup"])
    return phase["final_rate"] + (phase["rate"] - phase["final_rate"]) * (1 + math.cos(math.pi * min(turn, 1))) / 2


def log(config, **entry):
    """Prints an entry and appends it to log.jsonl."""
    line = json.dumps(entry)
    print(time.strftime("%H:%M:%S"), line, flush=True)
    with open(configuration.run_folder(config) / "log.jsonl", "a") as file:
        file.write(line + "\n")


class Trainer:
    """Model, optimizers, average and progress: everything a checkpoint holds."""

    def __init__(self, config):
        self.config, self.run, self.team = config, config["run"], Team()
        self.samples = Samples(config, "train", seed=config["seed"])
        self.validation = Samples(config, "validation")
        self.file = configuration.run_folder(config) / "float.pt"
        resumed = self.file.exists()
        self.model = network.of(config) if resumed else self._begun(self.run["start"])
        self.team.begin(self.model)
        self.optimizers = optimizers_for(self.model, self.run["weight_decay"])
        self.average = Average(self.model, self.run["ema"])
        self.phase, self.spent, self.steps = 0, 0.0, 0  # spent: seconds of training in this phase
        if resumed:
            self._load()
        elif self.team.rank == 0:
            self.save(self.file.with_name(START))

    def _begun(self, file):
        """The network from a .tflite, perhaps of another graph, or from a checkpoint's averaged tensors, perhaps of a smaller one; or, with "", as drawn."""
        if file.endswith(".tflite"):
            print(f"weights from {file}", flush=True)
            return warm.begun(self.config, self.samples)
        model = network.of(self.config)
        if file:
            own, earlier = model.state_dict(), torch.load(file, weights_only=True)["average"]
            model.load_state_dict(warm.grown(own, earlier))
            print(f"{len(own.keys() & earlier.keys())} of {len(own)} tensors from {file}", flush=True)
        return model

    def _load(self):
        state = torch.load(self.file, weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, held in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(held)
        self.average.state, self.average.steps = state["average"], state["average_steps"]
        self.phase, self.spent, self.steps = state["phase"], state["spent"], state["steps"]
        print(f"resumed: phase {self.phase}, {self.spent:.0f} s, step {self.steps}", flush=True)

    def save(self, file):
        """Writes a checkpoint whole or not at all."""
        state = dict(model=self.model.state_dict(), optimizers=[optimizer.state_dict() for optimizer in self.optimizers], average=self.average.state,
                     average_steps=self.average.steps, phase=self.phase, spent=self.spent, steps=self.steps)
        torch.save(state, file.with_suffix(".tmp"))
        file.with_suffix(".tmp").rename(file)

    def validate(self, size):
        """Scores of the averaged weights on our own split."""
        self.validation.reseed(7)
        model = network.of(self.config)
        model.load_state_dict(self.average.state)
        return score.validate(model.eval(), self.validation.fixed(size))

    def step(self, phase, ahead):
        """One batch; returns the loss."""
        pictures, alphas = ahead.batch()
        logit, auxiliary = self.model(pictures)
        loss = losses.total(logit, auxiliary, alphas)
        loss.backward()
        self.spent = self.team.agree(self.model, self.spent)
        descend(self.model, self.optimizers, rate_at(phase, self.spent / (60 * phase["minutes"])))
        self.average.update(self.model)
        self.steps += 1
        return loss.item()

    def train_phase(self, phase):
        """Runs the rest of one phase; a checkpoint named after it stays, to be compared with later phases'."""
        self.model.train()
        self.samples.reseed(self.config["seed"] + self.team.count * self.steps + self.team.rank)  # a resumed run sees other samples
        self.samples.camera_strength = phase.get("camera", 1.0)
        ahead = Ahead(self.samples, self.run["batch"], phase["size"])
        saved = validated = marked = self.spent
        sums, count, agreed = 0.0, 0, self.spent
        while agreed < 60 * phase["minutes"]:
            start = time.monotonic()
            sums, count, agreed = sums + self.step(phase, ahead), count + 1, self.spent
            if self.team.rank:
                continue
            self.spent += time.monotonic() - start
            if count == 100:
                speed, marked = self.team.count * count * self.run["batch"] / (self.spent - marked), self.spent
                log(self.config, phase=phase["name"], step=self.steps, spent=round(self.spent), loss=round(sums / count, 4),
                    pictures_per_second=round(speed, 1))
                sums, count = 0.0, 0
            if self.spent - saved > self.run["checkpoint_seconds"]:
                self.save(self.file)
                saved = self.spent
            if self.spent - validated > 3 * self.run["checkpoint_seconds"]:
                log(self.config, phase=phase["name"], step=self.steps, validation=self.validate(phase["size"]))
                validated = self.spent
        ahead.close()
        self.phase, self.spent = self.phase + 1, 0.0
        if self.team.rank:
            return
        log(self.config, phase=phase["name"], step=self.steps, validation=self.validate(self.config["quantize"]["size"]), done=True)
        self.save(self.file.with_name(f"float-{phase['name']}.pt"))
        self.save(self.file)


def main(config):
    """The `train` command."""
    trainer = Trainer(config)
    while trainer.phase < len(config["phase"]):
        trainer.train_phase(config["phase"][trainer.phase])
