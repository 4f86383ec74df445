"""Starts a float network from a smaller one's checkpoint; or from a shipped int8 file, grown or pruned: its weights, with batch-normalisation
that undoes itself on real pictures."""

import torch
from ai_edge_litert.interpreter import Interpreter
from torch.nn import functional as F

from . import graph, network, prune

PRUNING = 4  # batches that it is done on


def constants(path):
    """(weight [out, in, k, k], bias [out]) in real numbers of every convolution of a .tflite, in the file's order."""
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    details = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    found = []
    for operator in interpreter._get_ops_details():
        if operator["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            continue
        real = []
        for index in operator["inputs"][1:]:
            value = torch.from_numpy(interpreter.get_tensor(index).copy()).float()
            scales = torch.from_numpy(details[index]["quantization_parameters"]["scales"].copy())
            axis = details[index]["quantization_parameters"]["quantized_dimension"]
            real.append(value * scales.reshape([-1 if d == axis else 1 for d in range(value.dim())]))
        weight, bias = real
        depthwise = operator["op_name"] == "DEPTHWISE_CONV_2D"
        found.append((weight.permute(3, 0, 1, 2) if depthwise else weight.permute(0, 3, 1, 2), bias))
    return found


def grown(own, earlier):
    """A checkpoint's tensors as this network's, for its state `own`: inputs that are new count nothing, outputs that are new repeat the
    old one, and residual blocks that are new begin near the identity."""
    taken = {}
    for name, value in own.items():
        old = earlier.get(name)
        if old is None:
            taken[name] = value * 0.1 if name.endswith("project.norm.weight") else value
        elif old.shape == value.shape:
            taken[name] = old
        elif value.dim() == 4 and old.shape[1] < value.shape[1]:
            taken[name] = F.pad(old, (0, 0, 0, 0, 0, value.shape[1] - old.shape[1]))
        else:
            taken[name] = old.expand(value.shape).clone()
    return taken


def begun(config, samples):
    """The network of a configuration as the .tflite [run] start begins it, of the graph [run] start_graph: a larger one is pruned, a smaller one grows.
    What the file lacks is drawn by the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(config["seed"])
        own = network.of(config)
        earlier = network.Network(graph.portrait(config["run"]["start_graph"]))
    pictures = samples.batch(64, config["quantize"]["size"])[0]
    start(earlier, config["here"] / config["run"]["start"], pictures)
    if prune.is_leaner(own, earlier):
        more = [samples.batch(64, config["quantize"]["size"])[0] for _ in range(PRUNING - 1)]
        return prune.pruned(own, earlier, torch.cat([pictures, *more]))
    own.load_state_dict(grown(own.state_dict(), earlier.state_dict()))
    return own


def start(model, path, pictures):
    """Fills `model`, a network, so that it computes what the file does; `pictures` [N, 4, S, S] set the statistics."""
    layers = [model.layers[node.name] for node in model.nodes if node.kind in ("conv", "depthwise")]
    stored = constants(path)
    assert len(stored) == len(layers), f"{path} has {len(stored)} convolutions, the network {len(layers)}"

    def settle(layer, inputs, _):
        y = F.pad(inputs[0], (0, layer.extra, 0, layer.extra))
        y = F.conv2d(y, layer.conv.weight, None, layer.conv.stride, layer.padding, layer.conv.dilation, layer.conv.groups)
        mean, variance = y.mean((0, 2, 3)), y.var((0, 2, 3), unbiased=False)
        norm = layer.norm
        norm.bias.copy_(norm.bias + mean), norm.weight.copy_((variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean), norm.running_var.copy_(variance)
        y = y + (norm.bias - mean)[:, None, None]
        return F.relu6(y) if layer.relu6 else y

    with torch.no_grad():
        hooks = []
        for layer, (weight, bias) in zip(layers, stored):
            layer.conv.weight.copy_(weight)
            if layer.norm is None:
                layer.conv.bias.copy_(bias)
            else:
                layer.norm.bias.copy_(bias)
                hooks.append(layer.register_forward_hook(settle))
        model.eval()(pictures)
        for hook in hooks:
            hook.remove()
    return model
