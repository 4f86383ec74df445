"""From quantized.pt to the .tflite that ships."""

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema

from . import config as configuration, network
from .flatfile import FlatFile
from .quantized import Quantized

RELU6, NONE = schema.ActivationFunctionType.RELU6, schema.ActivationFunctionType.NONE
DESCRIPTION = "HyperCut: portrait segmentation, int8, RGB and earlier mask [0,1] in, logit out; MIT OR Apache-2.0"


def quantized_network(config):
    """The int8 network of a run, ranges frozen, in evaluation mode."""
    model = Quantized(network.of(config), config["quantize"]["logit_scale"])
    stored = torch.load(configuration.run_folder(config) / config["quantize"]["result"], weights_only=True)
    return model.restore(stored).eval()


def constants(out, model, node):
    """Adds a convolution's weight and bias tensors; returns their names."""
    weight = model.weights[node.name].detach().contiguous().numpy()
    scales = model.weight_scales(node.name).numpy()
    integers = np.clip(np.rint(weight / scales[:, None, None, None]), -127, 127).astype(np.int8)
    depthwise = node.kind == "depthwise"
    # TFLite layouts: [out, kh, kw, in] dense, [1, kh, kw, channels] depthwise.
    integers = integers.transpose((1, 2, 3, 0) if depthwise else (0, 2, 3, 1))
    steps = scales * np.float32(model.params[node.inputs[0]][0])
    bias = np.rint(model.biases[node.name].detach().numpy() / steps).astype(np.int32)
    nothing = np.zeros(len(scales), np.int64)
    names = f"{node.name}/weight", f"{node.name}/bias"
    out.tensor(names[0], integers.shape, "int8", scales, nothing, 3 if depthwise else 0, integers)
    out.tensor(names[1], bias.shape, "int32", steps, nothing, 0, bias)
    return names


def convolution(out, model, node):
    """CONV_2D or DEPTHWISE_CONV_2D."""
    depthwise = node.kind == "depthwise"
    options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideH = options.strideW = node.stride
    options.dilationHFactor = options.dilationWFactor = node.dilation
    options.fusedActivationFunction = RELU6 if node.relu6 else NONE
    if depthwise:
        options.depthMultiplier = 1
    operator, kind = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
    out.operator(operator, [node.inputs[0], *constants(out, model, node)], [node.name], kind, options)


def addition(out, node):
    """ADD without activation."""
    options = schema.AddOptionsT()
    options.fusedActivationFunction = NONE
    out.operator("ADD", node.inputs, [node.name], "AddOptions", options)


def resize(out, node, side):
    """RESIZE_BILINEAR to `side`, half-pixel centres."""
    options = schema.ResizeBilinearOptionsT()
    options.alignCorners, options.halfPixelCenters = False, True
    out.tensor(f"{node.name}/size", (2,), "int32", data=np.array([side, side], np.int32))
    out.operator("RESIZE_BILINEAR", [node.inputs[0], f"{node.name}/size"], [node.name], "ResizeBilinearOptions", options)


def unfold(out, node):
    """DEPTH_TO_SPACE with blocks of 2 x 2."""
    options = schema.DepthToSpaceOptionsT()
    options.blockSize = 2
    out.operator("DEPTH_TO_SPACE", node.inputs, [node.name], "DepthToSpaceOptions", options)


def write(model, size):
    """The bytes of the .tflite for a square input of `size`."""
    out = FlatFile(DESCRIPTION)
    for node in model.nodes:
        side = size // node.shrink
        scale, zero = model.params[node.name]
        out.tensor(node.name, (1, side, side, node.channels), "int8", [scale], [zero])
        if node.kind in ("conv", "depthwise"):
            convolution(out, model, node)
        elif node.kind == "add":
            addition(out, node)
        elif node.kind == "up":
            resize(out, node, side)
        elif node.kind == "unfold":
            unfold(out, node)
    return out.bytes([model.nodes[0].name], [model.nodes[-1].name])


def main(config):
    """The `export` command."""
    data = write(quantized_network(config), config["quantize"]["size"])
    path = config["here"] / config["export"]["model"]
    path.write_bytes(data)
    print(f"{path.resolve()}: {len(data)} bytes")
