"""Operations that slide a window: convolutions and pools."""

from cases.draw import ALL, CHANNELS, activation, by, data, image, options, padding, pick
from network import Net

KERNELS = ((1, 1), (3, 3), (5, 5), (1, 3), (3, 1), (2, 2), (3, 2), (4, 5), (7, 7))


def steps(rng, i):
    """Stride and dilation: plain, stride alone, dilation alone, both together, unequal."""
    stride = ((1, 1), (2, 2), (1, 1), (2, 2), (1, 2), (2, 1))[i % 6]
    dilation = (1, 1) if i % 6 < 2 else pick(rng, ((2, 2), (3, 3), (4, 4), (1, 2), (2, 1)))
    return stride, dilation


def window(kernel, dilation):
    """Rows and columns that a dilated kernel covers."""
    return [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]


def picture(rng, i, kernel, dilation, channels):
    """Input shape; with VALID padding at least as large as the window."""
    name, pad = padding(i)
    shape = image(rng, channels)
    if name == "VALID":
        shape[1:3] = [s - 1 + w for s, w in zip(shape[1:3], window(kernel, dilation))]
    return shape, name, pad


def conv_2d(rng, i, mode):
    """Every kernel shape in turn; each fifth case is grouped."""
    kernel, (stride, dilation) = KERNELS[i % len(KERNELS)], steps(rng, i)
    groups = pick(rng, (2, 3, 4)) if i % 5 == 4 else 1
    each, out = (pick(rng, (1, 2, 3, 5)), groups * pick(rng, (1, 2, 3))) if groups > 1 else (pick(rng, CHANNELS),
                                                                                      pick(rng, CHANNELS))
    shape, pad_name, pad = picture(rng, i, kernel, dilation, each * groups)
    act_name, act = activation(rng, i)
    net = Net(squeeze_range=pick(rng, (1.0, 1.0, 0.8)))
    x = net.input(data(rng, shape))
    w = net.weight(data(rng, [out, *kernel, each], 0.5), axis=0)
    b = net.bias(data(rng, [out], 1.0), x, w)
    net.op("CONV_2D", [x, w, b], [net.result()],
           options("Conv2D", padding=pad, strideH=stride[0], strideW=stride[1], dilationHFactor=dilation[0],
                   dilationWFactor=dilation[1], fusedActivationFunction=act))
    label = f"in {by(shape)} kernel {by(kernel)} out {out} groups {groups} stride {by(stride)} dilation {by(dilation)}"
    return net, f"{label} {pad_name} {act_name}"


def depthwise(rng, i, mode):
    """Multipliers 1..4; stride and dilation together every third case."""
    kernel, (stride, dilation) = pick(rng, ((3, 3), (3, 3), (5, 5), (1, 1), (3, 2), (1, 5), (2, 2))), steps(rng, i)
    multiplier = 1 + i // 2 % 4
    channels = pick(rng, (1, 3, 7, 8, 9, 15, 16, 17, 33) if multiplier == 1 else (1, 2, 3, 5, 8, 9))
    shape, pad_name, pad = picture(rng, i, kernel, dilation, channels)
    act_name, act = activation(rng, i)
    net = Net(squeeze_range=pick(rng, (1.0, 1.0, 0.8)))
    x = net.input(data(rng, shape))
    w = net.weight(data(rng, [1, *kernel, channels * multiplier], 0.7), axis=3)
    b = -1 if i % 7 == 6 else net.bias(data(rng, [channels * multiplier], 1.0), x, w)
    # LiteRT takes one stride for both directions in quantized files.
    stride = (stride[0], stride[0])
    net.op("DEPTHWISE_CONV_2D", [x, w, b] if b >= 0 else [x, w], [net.result()],
           options("DepthwiseConv2D", padding=pad, strideH=stride[0], strideW=stride[1], depthMultiplier=multiplier,
                   dilationHFactor=dilation[0], dilationWFactor=dilation[1], fusedActivationFunction=act))
    label = f"in {by(shape)} kernel {by(kernel)} times {multiplier} stride {by(stride)} dilation {by(dilation)}"
    return net, f"{label} {pad_name} {act_name}"


def transpose_conv(rng, i, mode):
    """Strides 1..3, kernels below, at and above the stride; a bias in two cases of three."""
    kernel = pick(rng, ((2, 2), (3, 3), (4, 4), (1, 1), (3, 2), (5, 5)))
    stride = ((1, 1), (2, 2), (2, 2), (2, 1), (3, 3))[i % 5]
    shape, out = image(rng, None, 1, 7), pick(rng, (1, 2, 3, 7, 8, 9, 17))
    pad_name, pad = padding(i)
    act_name, act = activation(rng, i)
    size = []
    for side, k, s in zip(shape[1:3], kernel, stride):
        # Any size that the forward convolution would shrink to `side` is lawful.
        spare = int(rng.integers(0, s))
        size.append(side * s - spare if pad_name == "SAME" else (side - 1) * s + k + spare)
    net = Net(squeeze_range=pick(rng, (1.0, 1.0, 0.8)))
    shape_of_output = net.ints([shape[0], *size, out])
    w = net.weight(data(rng, [out, *kernel, shape[3]], 0.5), axis=0)
    x = net.input(data(rng, shape))
    inputs = [shape_of_output, w, x]
    if i % 3:
        inputs.append(net.bias(data(rng, [out], 1.0), x, w))
    net.op("TRANSPOSE_CONV", inputs, [net.result()],
           options("TransposeConv", padding=pad, strideH=stride[0], strideW=stride[1], fusedActivationFunction=act))
    return net, f"in {by(shape)} kernel {by(kernel)} out {by(size)}x{out} stride {by(stride)} {pad_name} {act_name}"


def fully_connected(rng, i, mode):
    """Flat and four-dimensional inputs; int8 weights per channel and per tensor."""
    depth, units, rows = pick(rng, (1, 3, 7, 8, 9, 15, 17, 33, 65)), pick(rng, CHANNELS), pick(rng, (1, 2, 3))
    act_name, act = activation(rng, i)
    shape = [rows, depth] if i % 3 else [rows, 2, 1, depth]
    keep = i % 6 == 3
    net = Net(weight_axes_per_channel=i % 2 == 0, squeeze_range=pick(rng, (1.0, 1.0, 0.8)))
    x = net.input(data(rng, shape))
    w = net.weight(data(rng, [units, depth], 0.5), axis=0)
    b = -1 if i % 7 == 6 else net.bias(data(rng, [units], 1.0), x, w)
    net.op("FULLY_CONNECTED", [x, w, b], [net.result()],
           options("FullyConnected", fusedActivationFunction=act, keepNumDims=keep))
    return net, f"in {by(shape)} units {units} keep {keep} {act_name}"


def pool(name):
    """A generator for AVERAGE_POOL_2D or MAX_POOL_2D."""

    def generate(rng, i, mode):
        kernel = pick(rng, ((2, 2), (3, 3), (1, 1), (2, 3), (5, 5), (7, 2)))
        stride = pick(rng, ((1, 1), (2, 2), (2, 1), (3, 3)))
        shape, pad_name, pad = picture(rng, i, kernel, (1, 1), None)
        if i % 10 == 9:
            kernel, stride, pad_name, pad = shape[1:3], shape[1:3], "VALID", 1
        act_name, act = activation(rng, i)
        net = Net()
        x = net.input(data(rng, shape, pick(rng, (2.0, 8.0))))
        net.op(name, [x], [net.result(like=x)],
               options("Pool2D", padding=pad, strideH=int(stride[0]), strideW=int(stride[1]),
                       filterHeight=int(kernel[0]), filterWidth=int(kernel[1]), fusedActivationFunction=act))
        return net, f"in {by(shape)} window {by(kernel)} stride {by(stride)} {pad_name} {act_name}"

    return generate


CASES = {
    "CONV_2D": (conv_2d, ALL + ("float16",), 36),
    "DEPTHWISE_CONV_2D": (depthwise, ALL + ("float16",), 36),
    "TRANSPOSE_CONV": (transpose_conv, ALL, 32),
    "FULLY_CONNECTED": (fully_connected, ALL, 32),
    "AVERAGE_POOL_2D": (pool("AVERAGE_POOL_2D"), ALL, 30),
    "MAX_POOL_2D": (pool("MAX_POOL_2D"), ALL, 30),
}
