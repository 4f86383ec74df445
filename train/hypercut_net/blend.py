"""Averages the weights of a run's end with those of the run that it went on from: better than either on our own split ("model soups",
Wortsman et al. 2022, arXiv 2203.05482). Batch normalisation's statistics are taken anew, from training pictures."""

import torch

from . import config as configuration, score
from .network import Network
from .samples import Samples


def averaged(file):
    """The averaged weights of a checkpoint."""
    return torch.load(file, weights_only=True)["average"]


def main(config):
    """The `blend` command: writes blended.pt, which `quantize` takes in place of float.pt where there is one."""
    settings, folder = config["blend"], configuration.run_folder(config)
    share, samples = settings["share"], Samples(config, "train", config["seed"] + 3000)
    own, other = averaged(folder / "float.pt"), averaged(settings["other"])
    network = Network().to(memory_format=torch.channels_last).train()
    network.load_state_dict({name: torch.lerp(other[name].float(), value.float(), share).to(value.dtype) for name, value in own.items()})
    for layer in network.layers.values():
        if layer.norm is not None:
            layer.norm.momentum = 0.08
    with torch.no_grad():
        for _ in range(settings["batches"]):
            network(samples.batch(config["run"]["batch"], config["quantize"]["size"])[0])
    validation = Samples(config, "validation")
    validation.reseed(7)
    print(score.validate(network.eval(), validation.fixed(config["quantize"]["size"])), flush=True)
    torch.save(dict(average=network.state_dict()), folder / "blended.pt")
