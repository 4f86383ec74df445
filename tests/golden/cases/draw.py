"""What the generators draw from: awkward sizes, data, fused activations, paddings."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

ALL = ("float32", "int8", "uint8")
CHANNELS = (1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 33)
ACTIVATIONS = ("NONE", "RELU6", "NONE", "RELU", "NONE", "RELU_N1_TO_1", "RELU6")
PADDINGS = ("SAME", "VALID")


def pick(rng, items):
    """One of `items`."""
    return items[int(rng.integers(len(items)))]


def data(rng, shape, reach=2.0):
    """Uniform values in -reach..reach, of 11 bits so that the golden files stay small but sums still round."""
    return (rng.integers(-1000, 1001, shape) * (reach / 1000)).astype(np.float32)


def image(rng, channels=None, low=1, high=12, batch=None):
    """Shape [N, H, W, C] with sides in low..high."""
    n = batch or pick(rng, (1, 1, 2))
    h, w = (int(v) for v in rng.integers(low, high + 1, 2))
    return [n, h, w, channels or pick(rng, CHANNELS)]


def activation(rng, i):
    """A fused activation's name and number, in a cycle of seven that slides against the callers' own cycles."""
    name = ACTIVATIONS[(i + i // 7) % 7]
    return name, getattr(schema.ActivationFunctionType, name)


def padding(i):
    """A padding's name and number, alternating on pairs so that it crosses the activations."""
    name = PADDINGS[(i // 4 + i) % 2]
    return name, getattr(schema.Padding, name)


def by(shape):
    """`[1, 2, 3]` as 1x2x3."""
    return "x".join(str(int(d)) for d in shape) or "scalar"


def options(kind, **values):
    """The options table `kind` with its fields set."""
    table = getattr(schema, f"{kind}OptionsT")()
    for name, value in values.items():
        if not hasattr(table, name):
            raise AttributeError(f"{kind}Options has no {name}")
        setattr(table, name, value)
    return table
