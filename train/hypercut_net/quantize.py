"""From the float checkpoint to int8: fold, observe ranges, then quantization-aware fine-tuning with frozen ranges."""

import time

import torch

from . import config as configuration, losses, network, score
from .quantized import Quantized
from .samples import Samples
from .train import Average, descend, log, optimizers_for, rate_at


def float_network(config):
    """The averaged float network in evaluation mode."""
    state = torch.load(configuration.run_folder(config) / config["quantize"]["floats"], weights_only=True)
    found = network.of(config)
    found.load_state_dict(state["average"])
    return found.eval()


def observe(model, samples, size, batches):
    """Sets activation ranges from training pictures, without rounding (plain post-training quantization)."""
    model.rounding, model.momentum = False, 0.1
    with torch.no_grad():
        for _ in range(batches):
            model(samples.batch(32, size)[0])
    model.rounding = True


def evaluated(model, weights, validation, size):
    """Scores with averaged weights and frozen ranges; the model itself is left as it was."""
    kept, observing = {k: v.clone() for k, v in model.state_dict().items()}, model.observing
    model.load_state_dict(weights)
    model.observing = False
    validation.reseed(7)
    report = score.validate(model.eval(), validation.fixed(size))
    model.load_state_dict(kept)
    model.observing = observing
    model.train()
    return report


def fine_tune(config, model, samples, validation):
    """Quantization-aware training; returns the averaged weights. Resumable state is not kept: it lasts minutes."""
    settings = dict(config["quantize"], warmup=0.05)
    size, file = settings["size"], configuration.run_folder(config) / settings["result"]
    optimizers, average = optimizers_for(model, 0.0), Average(model, config["run"]["ema"])
    model.train()
    model.momentum = settings["range_momentum"]
    spent, steps, sums, reported = 0.0, 0, 0.0, 0.0
    while spent < 60 * settings["minutes"]:
        start = time.monotonic()
        model.observing = steps < settings["observe_steps"]
        rate = rate_at(settings, spent / (60 * settings["minutes"]))
        pictures, alphas = samples.batch(config["run"]["batch"], size)
        loss = losses.total(model(pictures), None, alphas)
        loss.backward()
        descend(model, optimizers, rate)
        average.update(model)
        steps, sums, spent = steps + 1, sums + loss.item(), spent + time.monotonic() - start
        if steps % 100 == 0:
            log(config, phase="quantize", step=steps, spent=round(spent), loss=round(sums / 100, 4))
            sums = 0.0
        if spent - reported > 240:
            log(config, phase="quantize", step=steps, validation=evaluated(model, average.state, validation, size))
            torch.save(dict(model.stored(), state=average.state), file)
            reported = spent
    return average.state


def start(config, samples, validation):
    """The int8 network to train: from the float checkpoint, or `start`, an earlier result, with its ranges kept."""
    settings = config["quantize"]
    floats = float_network(config)
    model = Quantized(floats, settings["logit_scale"])
    if settings["start"]:
        stored = torch.load(configuration.run_folder(config) / settings["start"], weights_only=True)
        settings["observe_steps"] = 0
        return model.restore(stored)
    validation.reseed(7)
    log(config, phase="float", validation=score.validate(floats, validation.fixed(settings["size"])))
    observe(model, samples, settings["size"], 40)
    return model


def main(config):
    """The `quantize` command: writes `result`; with minutes = 0 it is post-training quantization alone."""
    settings = config["quantize"]
    seed = config["seed"] + (2000 if settings["start"] else 1000)
    samples, validation = Samples(config, "train", seed), Samples(config, "validation")
    model = start(config, samples, validation)
    log(config, phase="before", validation=evaluated(model, model.state_dict(), validation, settings["size"]))
    if settings["minutes"]:
        model.load_state_dict(fine_tune(config, model, samples, validation))
        log(config, phase="quantize", validation=evaluated(model, model.state_dict(), validation, settings["size"]))
    torch.save(model.stored(), configuration.run_folder(config) / settings["result"])
