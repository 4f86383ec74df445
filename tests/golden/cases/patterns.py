"""Several operations at once: what converters write, what passes of the engine rewrite, and the malformed-file models."""

import numpy as np

from cases.activations import UNIT
from cases.draw import ALL, activation, by, data, image, options, pick
from network import Net, golden


def conv(net, rng, x, channels, out, kernel=3, stride=1, pad=0, act=0):
    """Appends a convolution with a bias; returns its output."""
    w = net.weight(data(rng, [out, kernel, kernel, channels], 0.5), axis=0)
    b = net.bias(data(rng, [out], 0.5), x, w)
    return net.op("CONV_2D", [x, w, b], [net.result()],
                  options("Conv2D", padding=pad, strideH=stride, strideW=stride, dilationHFactor=1,
                          dilationWFactor=1, fusedActivationFunction=act))


def depthwise(net, rng, x, channels, kernel=3, stride=1, pad=0, act=0):
    """Appends a depthwise convolution with a bias; returns its output."""
    w = net.weight(data(rng, [1, kernel, kernel, channels], 0.7), axis=3)
    b = net.bias(data(rng, [channels], 0.5), x, w)
    return net.op("DEPTHWISE_CONV_2D", [x, w, b], [net.result()],
                  options("DepthwiseConv2D", padding=pad, strideH=stride, strideW=stride, depthMultiplier=1,
                          dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=act))


def atrous(rng, i, mode):
    """SPACE_TO_BATCH_ND -> DEPTHWISE_CONV_2D VALID -> BATCH_TO_SPACE_ND, as TensorFlow 1.x wrote a dilated layer.

    Each sixth case breaks the pattern (a stride inside, or crops that don't undo the padding) and has to run as it stands.
    """
    rate, c = 2 + i % 3, pick(rng, (1, 3, 8, 9, 17))
    shape = image(rng, c, 3, 11)
    around = [[rate, rate + -(side + 2 * rate) % rate] for side in shape[1:3]]
    crops = [[0, around[0][1] - rate], [0, around[1][1] - rate]]
    odd, stride = i % 6 == 5, 1
    if i % 12 == 5:
        crops = [[1, crops[0][1]], crops[1]]
    elif odd:
        stride, crops = 2, [[0, 0], [0, 0]]
    act_name, act = activation(rng, i)
    net = Net()
    x = net.input(data(rng, shape))
    block = net.ints([rate, rate])
    batched = net.op("SPACE_TO_BATCH_ND", [x, block, net.ints(around)], [net.result(like=x)],
                     options("SpaceToBatchND"))
    if i % 4 == 3:
        w = net.weight(data(rng, [5, 3, 3, c], 0.5), axis=0)
        b = net.bias(data(rng, [5], 0.5), batched, w)
        y = net.op("CONV_2D", [batched, w, b], [net.result()],
                   options("Conv2D", padding=1, strideH=stride, strideW=stride, dilationHFactor=1, dilationWFactor=1,
                           fusedActivationFunction=act))
    else:
        y = depthwise(net, rng, batched, c, stride=stride, pad=1, act=act)
    net.op("BATCH_TO_SPACE_ND", [y, net.ints([rate, rate]), net.ints(crops)], [net.result(like=y)],
           options("BatchToSpaceND"))
    return net, f"in {by(shape)} rate {rate} crops {crops}{' odd' if odd else ''} {act_name}"


def pad_conv(rng, i, mode):
    """PAD -> CONV_2D or DEPTHWISE_CONV_2D VALID, mostly with stride 2, as Keras writes it."""
    c = pick(rng, (1, 3, 8, 9))
    shape = image(rng, c, 4, 10)
    around = ([[0, 0], [0, 1], [0, 1], [0, 0]], [[0, 0], [1, 1], [1, 1], [0, 0]], [[0, 0], [1, 0], [2, 1], [0, 0]])[i % 3]
    stride = 2 if i % 4 else 1
    act_name, act = activation(rng, i)
    net = Net()
    x = net.input(data(rng, shape))
    padded = net.op("PAD", [x, net.ints(around)], [net.result(like=x)], options("Pad"))
    if i % 2:
        depthwise(net, rng, padded, c, stride=stride, pad=1, act=act)
    else:
        conv(net, rng, padded, c, pick(rng, (3, 8, 9)), stride=stride, pad=1, act=act)
    return net, f"in {by(shape)} around {around[1:3]} stride {stride} {act_name}"


def then(rng, i, mode):
    """A convolution and one operation after it that an engine may fuse."""
    c, out = pick(rng, (3, 8, 9)), pick(rng, (2, 7, 8))
    shape = image(rng, c, 3, 8)
    net = Net()
    x = net.input(data(rng, shape))
    y = conv(net, rng, x, c, out, kernel=pick(rng, (1, 3)))
    kind = ("RELU", "RELU6", "HARD_SWISH", "LOGISTIC", "ADD", "MUL", "RESIZE_BILINEAR", "SOFTMAX", "MEAN", "PRELU")[i % 10]
    if kind in ("RELU", "RELU6", "HARD_SWISH"):
        net.op(kind, [y], [net.result()], options("HardSwish") if kind == "HARD_SWISH" else None)
    elif kind == "LOGISTIC":
        net.op(kind, [y], [net.result(fixed=UNIT)])
    elif kind == "ADD":
        z = conv(net, rng, x, c, out, kernel=1)
        net.op(kind, [y, z], [net.result()], options("Add", fusedActivationFunction=i // 10))
    elif kind == "MUL":
        net.op(kind, [y, net.operand(data(rng, [out], 1.0))], [net.result()], options("Mul"))
    elif kind == "RESIZE_BILINEAR":
        net.op(kind, [y, net.ints([2 * shape[1], 2 * shape[2]])], [net.result(like=y)],
               options("ResizeBilinear", halfPixelCenters=i % 20 < 10))
    elif kind == "SOFTMAX":
        net.op(kind, [y], [net.result(fixed=UNIT)], options("Softmax", beta=1.0))
    elif kind == "MEAN":
        net.op(kind, [y, net.ints([1, 2])], [net.result()], options("Reducer", keepDims=True))
    else:
        net.op(kind, [y, net.operand(data(rng, [1, 1, out], 0.4))], [net.result()])
    return net, f"in {by(shape)} CONV_2D then {kind}"


def ramp(rng, i, mode):
    """The worked example: an 8x8 ramp 0..63 through the filter 1..9 with stride 2 and dilation 2.

    Padded by 2 all round, as the dilated layer of stride 1 is, row 0 starts 302, 470, whether the padding is a PAD or
    the layer is spelled SPACE_TO_BATCH_ND .. BATCH_TO_SPACE_ND and thinned out after. A stride inside that spelling
    gives 302, 330 (what TensorFlow <= 1.8 made of it). The one-operation form with SAME pads 1 and 2 and starts
    554, 821: total padding is (4 - 1) * 2 + 5 - 8 = 3, and LiteRT puts the smaller half first.
    """
    net = Net()
    x = net.input(np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1))
    taps = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    form = ("PAD CONV_2D", "PAD DEPTHWISE_CONV_2D", "thinned", "stride inside", "SAME CONV_2D", "SAME DEPTHWISE_CONV_2D")[i]
    kind = "Conv2D" if "CONV_2D" in form and "DEPTH" not in form else "DepthwiseConv2D"
    dilation, inside = (2, 2) if "CONV" in form else (1, 1 if form == "thinned" else 2)
    values = dict(padding=0 if "SAME" in form else 1, strideH=inside, strideW=inside, dilationHFactor=dilation,
                  dilationWFactor=dilation)
    if kind == "DepthwiseConv2D":
        values["depthMultiplier"] = 1
    if "PAD" in form:
        x = net.op("PAD", [x, net.ints([[0, 0], [2, 2], [2, 2], [0, 0]])], [net.result(like=x)], options("Pad"))
    elif "CONV" not in form:
        x = net.op("SPACE_TO_BATCH_ND", [x, net.ints([2, 2]), net.ints([[2, 2], [2, 2]])], [net.result(like=x)],
                   options("SpaceToBatchND"))
    w = net.weight(taps, axis=3 if kind == "DepthwiseConv2D" else 0)
    name = "CONV_2D" if kind == "Conv2D" else "DEPTHWISE_CONV_2D"
    y = net.op(name, [x, w, net.bias(np.zeros(1), x, w)], [net.result()], options(kind, **values))
    if "CONV" not in form:
        y = net.op("BATCH_TO_SPACE_ND", [y, net.ints([2, 2]), net.ints([[0, 0], [0, 0]])], [net.result(like=y)],
                   options("BatchToSpaceND"))
    if form == "thinned":
        net.op("STRIDED_SLICE", [y, net.ints([0] * 4), net.ints([1, 8, 8, 1]), net.ints([1, 2, 2, 1])],
               [net.result(like=y)], options("StridedSlice"))
    return net, form


def conv_resize(rng):
    """A little segmenter: strided convolution, depthwise, pointwise, skip, resize, softmax."""
    net = Net()
    x = net.input(data(rng, [1, 8, 8, 3], 1.0))
    a = conv(net, rng, x, 3, 4, stride=2, act=1)
    d = depthwise(net, rng, a, 4, act=3)
    p = conv(net, rng, d, 4, 4, kernel=1)
    s = net.op("ADD", [a, p], [net.result()], options("Add"))
    o = conv(net, rng, s, 4, 2, kernel=1)
    r = net.op("RESIZE_BILINEAR", [o, net.ints([8, 8])], [net.result(like=o)], options("ResizeBilinear"))
    net.op("SOFTMAX", [r], [net.result(fixed=UNIT)], options("Softmax", beta=1.0))
    return net


def old_style(rng):
    """What TensorFlow 1.x wrote: an atrous depthwise layer, a pool, a reshape, a dense layer, a softmax."""
    net = Net()
    x = net.input(data(rng, [1, 6, 6, 3], 1.0))
    b = net.op("SPACE_TO_BATCH_ND", [x, net.ints([2, 2]), net.ints([[2, 2], [2, 2]])], [net.result(like=x)],
               options("SpaceToBatchND"))
    d = depthwise(net, rng, b, 3, pad=1, act=3)
    s = net.op("BATCH_TO_SPACE_ND", [d, net.ints([2, 2]), net.ints([[0, 0], [0, 0]])], [net.result(like=d)],
               options("BatchToSpaceND"))
    p = net.op("AVERAGE_POOL_2D", [s], [net.result(like=s)],
               options("Pool2D", padding=1, strideH=2, strideW=2, filterHeight=2, filterWidth=2))
    f = net.op("RESHAPE", [p, net.ints([1, 27])], [net.result(like=p)], options("Reshape", newShape=[1, 27]))
    w = net.weight(data(rng, [4, 27], 0.5), axis=0)
    y = net.op("FULLY_CONNECTED", [f, w, net.bias(data(rng, [4], 0.5), f, w)], [net.result()],
               options("FullyConnected"))
    net.op("SOFTMAX", [y], [net.result(fixed=UNIT)], options("Softmax", beta=1.0))
    return net


def float_mixture(rng):
    """Many kinds of options: transposed convolution, slices, split, concatenation, pad, mean, transpose."""
    net = Net()
    x = net.input(data(rng, [1, 4, 4, 2], 1.0))
    w = net.weight(data(rng, [3, 2, 2, 2], 0.5), axis=0)
    t = net.op("TRANSPOSE_CONV", [net.ints([1, 8, 8, 3]), w, x], [net.result()],
               options("TransposeConv", padding=0, strideH=2, strideW=2))
    s = net.op("STRIDED_SLICE", [t, net.ints([0, 0, 0, 0]), net.ints([1, 8, 8, 2]), net.ints([1, 2, 2, 1])],
               [net.result(like=t)], options("StridedSlice", beginMask=1, endMask=1))
    parts = [net.result(like=s), net.result(like=s)]
    net.op("SPLIT", [net.ints(3), s], parts, options("Split", numSplits=2))
    c = net.op("CONCATENATION", [parts[1], parts[0]], [net.result()], options("Concatenation", axis=3))
    p = net.op("PAD", [c, net.ints([[0, 0], [1, 1], [0, 1], [0, 0]])], [net.result(like=c)], options("Pad"))
    r = net.op("TRANSPOSE", [p, net.ints([0, 2, 1, 3])], [net.result(like=p)], options("Transpose"))
    net.op("MEAN", [r, net.ints([1, 2])], [net.result()], options("Reducer", keepDims=False))
    return net


def models():
    """(name, bytes) of the small whole networks that malformed.rs damages."""
    for name, mode, build in (("conv_resize_int8", "int8", conv_resize), ("old_uint8", "uint8", old_style),
                              ("mixture_float", "float32", float_mixture), ("conv_resize_half", "float16", conv_resize)):
        yield name, golden(build(np.random.Generator(np.random.PCG64(7))), mode)[0]


CASES = {
    "atrous": (atrous, ALL, 36),
    "pad_conv": (pad_conv, ALL, 32),
    "conv_then": (then, ALL, 30),
    "ramp": (ramp, ("float32",), 6),
}
