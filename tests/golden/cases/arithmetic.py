"""ADD, SUB, MUL, CONCATENATION, MEAN, ARG_MAX, QUANTIZE, DEQUANTIZE."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from cases.draw import ALL, activation, by, data, image, options, pick
from network import QUANTIZED, Net, activation_scale


def broadcast(rng, i, shape):
    """Shape of a second operand: equal, per channel, one number, one per row, one per picture, of lower rank."""
    return (shape, [shape[-1]], [], [shape[0], shape[1], 1, 1], [1, 1, 1, shape[3]], shape[1:], [1])[i % 7]


def binary(name, kind):
    """A generator for an element-wise operation of two operands."""

    def generate(rng, i, mode):
        shape = image(rng, None, 1, 6)
        other = broadcast(rng, i, shape)
        act_name, act = activation(rng, i)
        net = Net(squeeze_range=pick(rng, (1.0, 1.0, 0.8)))
        x = net.input(data(rng, shape, pick(rng, (1.0, 3.0))))
        values = data(rng, other, pick(rng, (0.5, 3.0)))
        constant = i % 3 == 1
        y = net.operand(values) if constant else net.input(values)
        order = [y, x] if i % 4 == 3 else [x, y]
        net.op(name, order, [net.result()], options(kind, fusedActivationFunction=act))
        return net, f"{by(shape)} and {'constant ' if constant else ''}{by(other)}{' swapped' * (i % 4 == 3)} {act_name}"

    return generate


def concatenation(rng, i, mode):
    """Two to four tensors along every axis; uint8 ones each with a scale of its own (int8 files must share one)."""
    axis, count = i % 4, 2 + i % 3
    shape = image(rng, None, 1, 5)
    net, parts, shapes = Net(), [], []
    for _ in range(count):
        part = list(shape)
        part[axis] = int(rng.integers(1, 6))
        shapes.append(part)
        parts.append(data(rng, part, pick(rng, (1.0, 2.0, 3.0))))
    ids = [net.input(p) for p in parts]
    out = net.result(like=ids[0]) if mode == "int8" else net.result()
    if mode == "int8":
        for index in ids[1:]:
            net.tensors[index].like = ids[0]
        net.tensors[ids[0]].fixed = {"int8": (np.float32(6 / 255), int(rng.integers(-20, 20)))}
    net.op("CONCATENATION", ids, [out], options("Concatenation", axis=axis - 4 if i % 5 == 0 else axis))
    return net, f"{' + '.join(by(s) for s in shapes)} axis {axis}"


def mean(rng, i, mode):
    """Over height and width, and over other sets of axes."""
    shape = image(rng, None, 1, 8)
    axes = ([1, 2], [1, 2], [3], [1], [2, 1], [-1, -2], [1, 2, 3], [0], [2])[i % 9]
    keep = i % 2 == 0
    net = Net()
    x = net.input(data(rng, shape, 4.0))
    net.op("MEAN", [x, net.ints(axes)], [net.result(like=x) if i % 3 == 0 else net.result()],
           options("Reducer", keepDims=keep))
    return net, f"in {by(shape)} axes {axes} keep {keep}"


def arg_max(rng, i, mode):
    """Each axis; ties are common among 8-bit values and go to the first."""
    shape = image(rng, None, 1, 6) if i % 3 else [pick(rng, (1, 2, 3)), pick(rng, (2, 9, 17))]
    axis = int(rng.integers(-len(shape), len(shape)))
    wide = i % 4 == 1
    net = Net()
    values = data(rng, shape)
    x = net.input(np.round(values) if i % 2 else values)
    kind = schema.TensorType.INT64 if wide else schema.TensorType.INT32
    net.op("ARG_MAX", [x, net.ints([axis])], [net.result(dtype=np.int64 if wide else np.int32)],
           options("ArgMax", outputType=kind))
    return net, f"in {by(shape)} axis {axis} int{64 if wide else 32}"


def quantize(rng, i, mode):
    """Float to 8 bits."""
    shape = image(rng, None, 1, 7)
    net = Net(squeeze_range=pick(rng, (1.0, 0.7)))
    x = net.input(data(rng, shape, pick(rng, (1.0, 5.0, 100.0))))
    net.tensors[x].dtype = np.float32
    values = net.tensors[x].data
    out = net.result(fixed={mode: grid(values * net.squeeze_range, mode)})
    net.shapes = {out: shape}
    net.op("QUANTIZE", [x], [out], options("Quantize"))
    return net, f"in {by(shape)}"


def grid(values, mode):
    """A scale and zero point for `values`."""
    return activation_scale(values.min(), values.max(), QUANTIZED[mode])


def requantize(rng, i, mode):
    """8 bits to 8 bits with another scale."""
    shape = image(rng, None, 1, 7)
    net = Net()
    values = data(rng, shape, 2.0)
    x = net.input(values)
    out = net.result(fixed={mode: grid(values * pick(rng, (0.6, 1.0, 1.7)), mode)})
    net.shapes = {out: shape}
    net.op("QUANTIZE", [x], [out], options("Quantize"))
    return net, f"requantize {by(shape)}"


def dequantize(rng, i, mode):
    """8 bits to float."""
    shape = image(rng, None, 1, 7)
    net = Net()
    x = net.input(data(rng, shape, pick(rng, (1.0, 5.0, 100.0))))
    out = net.result(dtype=np.float32)
    net.shapes = {out: shape}
    net.op("DEQUANTIZE", [x], [out], options("Dequantize"))
    return net, f"in {by(shape)}"


CASES = {
    "ADD": (binary("ADD", "Add"), ALL, 35),
    "SUB": (binary("SUB", "Sub"), ALL, 35),
    "MUL": (binary("MUL", "Mul"), ALL, 35),
    "CONCATENATION": (concatenation, ALL, 32),
    "MEAN": (mean, ALL, 36),
    "ARG_MAX": (arg_max, ALL, 32),
    "QUANTIZE": (lambda r, i, m: (quantize if i < 20 else requantize)(r, i, m), ("int8", "uint8"), 40),
    "DEQUANTIZE": (dequantize, ("int8", "uint8"), 30),
}
