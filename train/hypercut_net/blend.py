"""The mean of a run's weights and those that it began from, which forgets less of what the run before had learned."""

import torch

from . import config as configuration, network
from .samples import Samples
from .train import START

BATCHES = 36  # whose mean the statistics of normalisation become


def main(config):
    """The `blend` command: the checkpoint `floats` of [blend] becomes `blended.pt` beside it, of which `share` is the run's own."""
    size, folder = config["quantize"]["size"], configuration.run_folder(config)
    earlier = torch.load(folder / START, weights_only=True)["average"]
    state = torch.load(folder / config["blend"]["floats"], weights_only=True)
    own, share = state["average"], config["blend"]["share"]
    mean = network.of(config)
    mean.load_state_dict({name: value.lerp(own[name], share) if value.is_floating_point() else own[name] for name, value in earlier.items()})
    norms = [layer.norm for layer in mean.layers.values() if layer.norm is not None]
    samples = Samples(config, "train", config["seed"] + 3000)
    mean.train()
    with torch.no_grad():
        for batch in range(BATCHES):
            for norm in norms:
                norm.momentum = 1 / (batch + 1)
            mean(samples.batch(config["run"]["batch"], size)[0])
    torch.save(dict(state, average=mean.state_dict()), folder / "blended.pt")
