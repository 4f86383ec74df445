"""RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU, PRELU, HARD_SWISH, LOGISTIC, TANH, SOFTMAX."""

import numpy as np

from cases.draw import ALL, by, data, image, options, pick
from network import Net

UNIT = {"int8": (np.float32(1 / 256), -128), "uint8": (np.float32(1 / 256), 0)}
SIGNED_UNIT = {"int8": (np.float32(1 / 128), 0), "uint8": (np.float32(1 / 128), 128)}


def pointwise(name, kind=None, fixed=None):
    """A generator for an activation of one input; `fixed` is the output scale that LiteRT insists on."""

    def generate(rng, i, mode):
        shape, reach = image(rng, None, 1, 8), pick(rng, (1.0, 4.0, 8.0, 12.0))
        net = Net()
        x = net.input(data(rng, shape, reach))
        out = net.result(fixed=fixed) if fixed else net.result(like=x if i % 4 == 3 else None)
        net.op(name, [x], [out], kind and options(kind))
        return net, f"in {by(shape)} within {reach}"

    return generate


def prelu(rng, i, mode):
    """Slopes per channel, per element and one for all."""
    shape = image(rng, None, 1, 6)
    slopes = ([1, 1, shape[3]], shape[1:], [1, 1, 1])[i % 3]
    net = Net()
    x = net.input(data(rng, shape, pick(rng, (1.0, 4.0))))
    net.op("PRELU", [x, net.operand(data(rng, slopes, 0.5))], [net.result()])
    return net, f"in {by(shape)} slopes {by(slopes)}"


def leaky_relu(rng, i, mode):
    """Slopes below 1 mostly, negative ones too."""
    shape, slope = image(rng, None, 1, 8), pick(rng, (0.01, 0.1, 0.3, 1.5, -0.2))
    net = Net()
    x = net.input(data(rng, shape, pick(rng, (1.0, 4.0))))
    net.op("LEAKY_RELU", [x], [net.result()], options("LeakyRelu", alpha=slope))
    return net, f"in {by(shape)} slope {slope}"


def softmax(rng, i, mode):
    """Two classes in a third of the cases; beta 1 in most."""
    shape = image(rng, 2 if i % 3 == 0 else pick(rng, (1, 3, 7, 17, 33)), 1, 6)
    if i % 5 == 4:
        shape = [pick(rng, (1, 2, 5)), shape[3]]
    beta, reach = pick(rng, (1.0, 1.0, 1.0, 0.5)), pick(rng, (1.0, 4.0, 8.0, 20.0))
    net = Net()
    x = net.input(data(rng, shape, reach))
    net.op("SOFTMAX", [x], [net.result(fixed=UNIT)], options("Softmax", beta=beta))
    return net, f"in {by(shape)} within {reach} beta {beta}"


CASES = {
    "RELU": (pointwise("RELU"), ALL, 30),
    "RELU6": (pointwise("RELU6"), ALL, 30),
    "RELU_N1_TO_1": (pointwise("RELU_N1_TO_1"), ALL, 30),
    "LEAKY_RELU": (leaky_relu, ALL, 30),
    "PRELU": (prelu, ALL, 33),
    "HARD_SWISH": (pointwise("HARD_SWISH", "HardSwish"), ALL, 32),
    "LOGISTIC": (pointwise("LOGISTIC", fixed=UNIT), ALL, 32),
    "TANH": (pointwise("TANH", fixed=SIGNED_UNIT), ALL, 32),
    "SOFTMAX": (softmax, ALL, 33),
}
