"""A leaner network from a trained one: residual blocks that it lacks are left out, and of hidden channels those go, one after the other, whose loss
the rest can make up for best (Hassibi and Stork, Optimal Brain Surgeon, 1993, with the squared error of the block's output)."""

import torch

PIXELS = 40000  # of each block at most, on which errors are measured
RIDGE = 1e-6  # of the mean variance, so that silent channels are no division by nothing


def survivors(hidden, weight, count):
    """Which `count` columns of `weight` [out, in] stay, and what they become, so that they answer to `hidden` [pixels, in] most like all of them."""
    centred = hidden - hidden.mean(0)
    gram = centred.T @ centred / len(hidden)
    inverse = torch.linalg.inv(gram + RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype))
    left = torch.arange(weight.shape[1])
    while len(left) > count:
        least = int((weight.square().sum(0) / inverse.diagonal()).argmin())
        rest = torch.arange(len(left)) != least
        share = inverse[least] / inverse[least, least]
        weight = (weight - torch.outer(weight[:, least], share))[:, rest]
        inverse = (inverse - torch.outer(inverse[:, least], share))[rest][:, rest]
        left = left[rest]
    return left, weight


def narrow(model, block, count, pictures):
    """Silences all but `count` hidden channels of a block of `model`, refits its projection, and returns those that stay."""
    seen = []
    hook = model.layers[f"{block}/depthwise"].register_forward_hook(lambda layer, inputs, output: seen.append(output))
    model(pictures)
    hook.remove()
    hidden = seen[0].permute(0, 2, 3, 1).flatten(0, 2).double()
    hidden = hidden[torch.randperm(len(hidden), generator=torch.Generator().manual_seed(1))[:PIXELS]]
    project = model.layers[f"{block}/project"]
    gain = (project.norm.weight / (project.norm.running_var + project.norm.eps).sqrt()).double()[:, None]  # by which outputs count
    weight = project.conv.weight[:, :, 0, 0].double()
    left, kept = survivors(hidden, weight * gain, count)
    fitted = torch.zeros_like(weight)
    fitted[:, left] = kept / gain
    project.norm.running_mean.sub_(((weight - fitted) @ hidden.mean(0)).float())
    project.conv.weight[:, :, 0, 0] = fitted.float()
    return left


def hidden_channels(model):
    """How many hidden channels each of a network's blocks has, in order."""
    return {name.removesuffix("/project"): layer.conv.in_channels for name, layer in model.layers.items() if name.endswith("/project")}


def is_leaner(own, earlier):
    """Whether `own`, a network, lacks blocks or hidden channels of `earlier`."""
    after = hidden_channels(own)
    return any(after.get(block, 0) < count for block, count in hidden_channels(earlier).items())


def silence(model, block):
    """Makes a residual block of `model` add nothing."""
    norm = model.layers[f"{block}/project"].norm
    norm.weight.zero_(), norm.bias.zero_()


def pruned(own, earlier, pictures):
    """Fills `own`, a network, from `earlier`, one with more blocks, hidden channels or inputs; `pictures` [N, 4, S, S] are what errors are measured on."""
    before, after, kept = hidden_channels(earlier), hidden_channels(own), {}
    inputs = own.nodes[0].channels
    pictures[:, inputs:] = 0
    residual = {node.name.removesuffix("/sum") for node in earlier.nodes}
    with torch.no_grad():
        earlier.eval()
        for block in before.keys() - after.keys():
            assert block in residual, f"{block} is no residual, and can't be left out"
            silence(earlier, block)
        for block, count in after.items():
            if count < before[block]:
                kept[block] = narrow(earlier, block, count, pictures)
    state = {}
    for key, value in earlier.state_dict().items():
        block, _, layer = key.removeprefix("layers.").partition("/")
        if block in kept and value.dim():
            value = value[:, kept[block]] if layer == "project.conv.weight" else value if layer.startswith("project") else value[kept[block]]
        state[key] = value[:, :inputs] if block == "stem.conv.weight" else value
    own.load_state_dict({key: state[key] for key in own.state_dict()})
    return own
