"""Networks with random weights for the race, so that it never hangs on a download: written with tests/golden/network.py."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "golden"))
from cases.draw import options  # noqa: E402
from network import Emitter, Net, interpret  # noqa: E402

RELU6 = 3


class Layers:
    """Appends layers to a `Net`; weights keep the variance of their input, so that nothing saturates."""

    def __init__(self, side, seed=7):
        self.rng, self.net = np.random.Generator(np.random.PCG64(seed)), Net()
        picture = self.rng.uniform(-1, 1, [1, side, side, 3])
        self.x, self.channels = self.net.input(picture), 3

    def _weights(self, shape, axis, fan_in):
        return self.net.weight(self.rng.normal(0, (2 / fan_in) ** 0.5, shape), axis=axis)

    def _bias(self, count, x, w):
        return self.net.bias(self.rng.normal(0.3, 0.3, [count]), x, w)

    def conv(self, x, channels, out, kernel=1, stride=1, act=0, like=None):
        """CONV_2D, SAME; `like`: the result is quantized as that tensor is, as LiteRT's CONCATENATION wants it."""
        w = self._weights([out, kernel, kernel, channels], 0, kernel * kernel * channels)
        return self.net.op("CONV_2D", [x, w, self._bias(out, x, w)], [self.net.result(like=like)],
                           options("Conv2D", padding=0, strideH=stride, strideW=stride, dilationHFactor=1,
                                   dilationWFactor=1, fusedActivationFunction=act))

    def depthwise(self, x, channels, kernel=3, stride=1, dilation=1):
        """DEPTHWISE_CONV_2D, SAME, ReLU6."""
        w = self._weights([1, kernel, kernel, channels], 3, kernel * kernel)
        return self.net.op("DEPTHWISE_CONV_2D", [x, w, self._bias(channels, x, w)], [self.net.result()],
                           options("DepthwiseConv2D", padding=0, strideH=stride, strideW=stride, depthMultiplier=1,
                                   dilationHFactor=dilation, dilationWFactor=dilation, fusedActivationFunction=RELU6))

    def inverted(self, x, channels, out, expand, stride=1, kernel=3, dilation=1):
        """An inverted residual; the sum where shapes allow."""
        y, wide = x, channels * expand
        if expand > 1:
            y = self.conv(y, channels, wide, act=RELU6)
        y = self.depthwise(y, wide, kernel, stride, dilation)
        y = self.conv(y, wide, out)
        if stride == 1 and channels == out:
            y = self.net.op("ADD", [x, y], [self.net.result()], options("Add"))
        return y

    def concatenation(self, parts):
        """CONCATENATION of channels, on the grid of the first part."""
        return self.net.op("CONCATENATION", parts, [self.net.result(like=parts[0])], options("Concatenation", axis=3))

    def double(self, x, side):
        """RESIZE_BILINEAR to `side`, half-pixel centres."""
        return self.net.op("RESIZE_BILINEAR", [x, self.net.ints([side, side])], [self.net.result(like=x)],
                           options("ResizeBilinear", halfPixelCenters=True))


def mobilenet_v2():
    """MobileNetV2 1.0 at 224x224 (Sandler et al. 2018), 300 million multiply-adds, to 1000 classes."""
    b = Layers(224)
    x, channels = b.conv(b.x, 3, 32, 3, 2, RELU6), 32
    for expand, out, repeats, stride in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                                         (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(repeats):
            x, channels = b.inverted(x, channels, out, expand, stride if i == 0 else 1), out
    x = b.conv(x, channels, 1280, act=RELU6)
    x = b.net.op("AVERAGE_POOL_2D", [x], [b.net.result(like=x)],
                 options("Pool2D", padding=1, strideH=1, strideW=1, filterHeight=7, filterWidth=7))
    b.conv(x, 1280, 1000)
    return b.net


def portrait(side):
    """A portrait-like network: residuals t4 to 64 channels at 1/8, four dilated branches, three doublings, two classes."""
    b = Layers(side)
    half = b.conv(b.x, 3, 16, 3, 2, RELU6)
    quarter = b.inverted(b.inverted(half, 16, 24, 4, 2), 24, 24, 4)
    x = b.inverted(b.inverted(quarter, 24, 32, 4, 2), 32, 32, 4)
    x = b.inverted(b.inverted(x, 32, 64, 4), 64, 64, 4, dilation=2)
    x = b.inverted(x, 64, 64, 4, dilation=4)
    branches = []
    for dilation in (1, 2, 4, 8):
        like = branches[0] if branches else None
        branches.append(b.conv(b.depthwise(x, 64, dilation=dilation), 64, 32, act=RELU6, like=like))
    x = b.concatenation(branches)
    x = b.double(b.conv(x, 128, 24, act=RELU6, like=quarter), side // 4)
    x = b.double(b.conv(b.depthwise(b.concatenation([x, quarter]), 48), 48, 16, act=RELU6, like=half), side // 2)
    x = b.concatenation([x, half])
    b.double(b.conv(b.depthwise(x, 32), 32, 2), side)
    return b.net


def write(folder):
    """Writes every network into `folder` in the element types worth racing; returns {name: path}."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, build in (("mobilenet_v2_224", mobilenet_v2), ("portrait_160", lambda: portrait(160)),
                        ("portrait_256", lambda: portrait(256))):
        net = build()
        feed = [net.tensors[i].data for i in net.inputs()]
        results = [o for _, _, outs, _ in net.ops for o in outs]
        lite = interpret(Emitter(net, "float32").run(), feed, every_tensor=True)
        seen = {i: lite.get_tensor(i) for i in results}
        shapes, ranges = {i: v.shape for i, v in seen.items()}, {i: (v.min(), v.max()) for i, v in seen.items()}
        for mode in ("int8", "uint8", "float32"):
            path = folder / f"{name}_{mode}.tflite"
            known = (shapes,) if mode == "float32" else (shapes, ranges)
            path.write_bytes(Emitter(net, mode, *known).run())
            paths[path.stem] = path
    return paths
