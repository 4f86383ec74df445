"""The mean of a run's weights and those that it began from, which forgets less of what the run before had learned."""

import torch

from . import config as configuration, network, warm
from .samples import Samples

BATCHES = 36  # after which statistics of normalisation, a tenth of them new with each, are the mean's own


def main(config):
    """The `blend` command: the checkpoint `floats` of [blend] becomes `blended.pt` beside it, of which `share` is the run's own; [run] start is a .tflite."""
    size, folder = config["quantize"]["size"], configuration.run_folder(config)
    earlier = warm.begun(config, Samples(config, "train", config["seed"]))
    state = torch.load(folder / config["blend"]["floats"], weights_only=True)
    own, share = state["average"], config["blend"]["share"]
    mean = network.of(config)
    mean.load_state_dict(
        {name: value.lerp(own[name], share) if value.is_floating_point() else own[name] for name, value in earlier.state_dict().items()}
    )
    samples = Samples(config, "train", config["seed"] + 3000)
    mean.train()
    with torch.no_grad():
        for _ in range(BATCHES):
            mean(samples.batch(config["run"]["batch"], size)[0])
    torch.save(dict(state, average=mean.state_dict()), folder / "blended.pt")
