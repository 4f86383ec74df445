"""Operations that move elements: PAD, resizes, RESHAPE, SQUEEZE, TRANSPOSE, slices, SPLIT, space and depth."""

import numpy as np

from cases.draw import ALL, by, data, image, options, pick
from network import Net


def pad(name):
    """A generator for PAD or PADV2, which names the value to pad with."""
    return lambda rng, i, mode: padded(rng, i, name)


def padded(rng, i, name):
    """Height and width mostly; every axis, batch included, each fourth case; lower ranks each fifth."""
    shape = image(rng, None, 1, 6)
    if i % 5 == 4:
        shape = shape[1:] if i % 2 else shape[2:]
    around = rng.integers(0, 4, (len(shape), 2))
    if i % 4 and len(shape) == 4:
        around[0], around[3] = 0, 0
    net = Net()
    x = net.input(data(rng, shape))
    inputs = [x, net.ints(around)]
    if name == "PADV2":
        inputs.append(net.operand(data(rng, [])))
        net.tensors[-1].like = x
    net.op(name, inputs, [net.result(like=x)], options("PadV2" if name == "PADV2" else "Pad"))
    return net, f"in {by(shape)} by {around.tolist()}"


def resize(name, kind):
    """A generator for a resize: legacy, half-pixel centres and aligned corners in turn; exactly 2x in half the cases."""

    def generate(rng, i, mode):
        shape = image(rng, None, 1, 7)
        size = [2 * s for s in shape[1:3]] if i % 2 else [int(v) for v in rng.integers(1, 14, 2)]
        flags = dict(alignCorners=i // 2 % 3 == 2, halfPixelCenters=i // 2 % 3 == 1)
        net = Net()
        x = net.input(data(rng, shape))
        net.op(name, [x, net.ints(size)], [net.result(like=x)], options(kind, **flags))
        kind_name = "aligned" if flags["alignCorners"] else "half-pixel" if flags["halfPixelCenters"] else "legacy"
        return net, f"in {by(shape)} to {by(size)} {kind_name}"

    return generate


def reshape(rng, i, mode):
    """To other ranks, with one size left open half the time."""
    shape = image(rng, None, 1, 6)
    n, h, w, c = shape
    new = ([n, h * w, c], [n * h * w * c], [n, h * w * c], [n, w, h, c], [n * h, w, c, 1], [n, h, 1, w, c])[i % 6]
    asked = list(new)
    if i % 2:
        asked[int(rng.integers(len(asked)))] = -1
    net = Net()
    x = net.input(data(rng, shape))
    net.op("RESHAPE", [x, net.ints(asked)], [net.result(like=x)], options("Reshape", newShape=asked))
    return net, f"in {by(shape)} to {asked}"


def squeeze(rng, i, mode):
    """Named axes, negative axes, and every axis of size 1."""
    c = pick(rng, (2, 3, 7, 17))
    shape, axes = (([1, 1, 5, c], [0, 1]), ([1, 1, 1, c], [1, 2]), ([2, 1, 3, c], [1]), ([1, 4, 1, c], []),
                   ([3, 4, c, 1], [-1]), ([1, 2, 1, c], [-2]))[i % 6]
    net = Net()
    x = net.input(data(rng, shape))
    net.op("SQUEEZE", [x], [net.result(like=x)], options("Squeeze", squeezeDims=axes))
    return net, f"in {by(shape)} axes {axes}"


def masked_slice(rng, shape, ellipsis):
    """An ellipsis for all axes but the last, or a new axis in front of the second."""
    last = shape[-1]
    at = int(rng.integers(0, last))
    if ellipsis:
        begin, end, masks = [0, at], [0, last], dict(ellipsisMask=1)
    else:
        begin, end = [0, 0, at] if len(shape) == 2 else [0, 0, 0], [shape[0], 1, last if len(shape) == 2 else shape[1]]
        masks = dict(newAxisMask=2)
    net = Net()
    x = net.input(data(rng, shape))
    net.op("STRIDED_SLICE", [x, net.ints(begin), net.ints(end), net.ints([1] * len(begin))], [net.result(like=x)],
           options("StridedSlice", **masks))
    return net, f"in {by(shape)} {begin}..{end} {masks}"


def expand_dims(rng, i, mode):
    """A new axis at each place, counted from either end."""
    shape = image(rng, None, 1, 5)[(i % 2):]
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    net = Net()
    x = net.input(data(rng, shape))
    net.op("EXPAND_DIMS", [x, net.ints([axis] if i % 3 else axis)], [net.result(like=x)], options("ExpandDims"))
    return net, f"in {by(shape)} axis {axis}"


def transpose(rng, i, mode):
    """Random orders of two to five axes."""
    shape = [pick(rng, (1, 2, 3, 5, 7)) for _ in range((4, 4, 3, 2, 5)[i % 5])]
    order = rng.permutation(len(shape))
    net = Net()
    x = net.input(data(rng, shape))
    net.op("TRANSPOSE", [x, net.ints(order)], [net.result(like=x)], options("Transpose"))
    return net, f"in {by(shape)} order {order.tolist()}"


def strided_slice(rng, i, mode):
    """Positive and negative bounds and strides, masks, shrunken axes."""
    shape = [int(v) for v in rng.integers(2, 7, (4, 4, 3, 2)[i % 4])]
    if i % 8 in (6, 7):
        return masked_slice(rng, shape, ellipsis=i % 8 == 6)
    begin, end, stride, masks = [], [], [], [0, 0, 0]
    for axis, side in enumerate(shape):
        if i % 4 == 1 and axis == 1:
            at = int(rng.integers(0, side))
            begin, end, stride = begin + [at], end + [at + 1], stride + [1]
            masks[2] |= 1 << axis
            continue
        a, b = sorted(int(v) for v in rng.choice(side + 1, 2, replace=False))
        step = pick(rng, (1, 1, 2, 3))
        if i % 6 == 5 and axis < 3:
            a, b, step = b - 1, (a - 1 if a else -side - 1), -step
        elif i % 5 == 3:
            a, b = a - side, (b - side if b < side else b)
        begin, end, stride = begin + [a], end + [b], stride + [step]
        for which in (0, 1):
            masks[which] |= int(rng.integers(3) == 0) << axis
    net = Net()
    x = net.input(data(rng, shape))
    net.op("STRIDED_SLICE", [x, net.ints(begin), net.ints(end), net.ints(stride)], [net.result(like=x)],
           options("StridedSlice", beginMask=masks[0], endMask=masks[1], shrinkAxisMask=masks[2]))
    return net, f"in {by(shape)} {begin}..{end} by {stride} masks {masks}"


def slice_(rng, i, mode):
    """Sizes, and -1 for all that is left."""
    shape = [int(v) for v in rng.integers(1, 7, (4, 4, 3, 2)[i % 4])]
    begin = [int(rng.integers(0, side)) for side in shape]
    size = [-1 if rng.integers(3) == 0 else int(rng.integers(1, side - b + 1)) for side, b in zip(shape, begin)]
    net = Net()
    x = net.input(data(rng, shape))
    net.op("SLICE", [x, net.ints(begin), net.ints(size)], [net.result(like=x)], options("Slice"))
    return net, f"in {by(shape)} from {begin} size {size}"


def split(rng, i, mode):
    """Two to four parts along each axis."""
    parts, axis = 2 + i % 3, i // 2 % 4
    shape = image(rng, None, 1, 5)
    shape[axis] = parts * pick(rng, (1, 2, 3))
    net = Net()
    at = net.ints(axis - 4 if i % 5 == 4 else axis)
    x = net.input(data(rng, shape))
    net.op("SPLIT", [at, x], [net.result(like=x) for _ in range(parts)], options("Split", numSplits=parts))
    return net, f"in {by(shape)} into {parts} along {axis}"


def space_to_batch(rng, i, mode):
    """Blocks 1..4, paddings that complete them."""
    block = [pick(rng, (1, 2, 3, 4)) for _ in range(2)]
    shape = image(rng, pick(rng, (1, 3, 8, 17)), 1, 7)
    around = []
    for side, b in zip(shape[1:3], block):
        front = int(rng.integers(0, b + 1))
        around.append([front, -(side + front) % b + b * int(rng.integers(0, 2))])
    net = Net()
    x = net.input(data(rng, shape))
    net.op("SPACE_TO_BATCH_ND", [x, net.ints(block), net.ints(around)], [net.result(like=x)],
           options("SpaceToBatchND"))
    return net, f"in {by(shape)} block {block} around {around}"


def batch_to_space(rng, i, mode):
    """Blocks 1..4, crops."""
    block = [pick(rng, (1, 2, 3, 4)) for _ in range(2)]
    shape = image(rng, pick(rng, (1, 3, 8, 17)), 1, 4)
    shape[0] *= block[0] * block[1]
    crops = []
    for side, b in zip(shape[1:3], block):
        spare = side * b - 1
        front = int(rng.integers(0, min(spare, 3) + 1))
        crops.append([front, int(rng.integers(0, min(spare - front, 3) + 1))])
    net = Net()
    x = net.input(data(rng, shape))
    net.op("BATCH_TO_SPACE_ND", [x, net.ints(block), net.ints(crops)], [net.result(like=x)],
           options("BatchToSpaceND"))
    return net, f"in {by(shape)} block {block} crops {crops}"


def space_to_depth(rng, i, mode):
    """Blocks 1..4."""
    block, shape = 1 + (i + 1) % 4, image(rng, pick(rng, (1, 3, 8, 9)), 1, 3)
    shape[1:3] = [s * block for s in shape[1:3]]
    net = Net()
    x = net.input(data(rng, shape))
    net.op("SPACE_TO_DEPTH", [x], [net.result(like=x)], options("SpaceToDepth", blockSize=block))
    return net, f"in {by(shape)} block {block}"


def depth_to_space(rng, i, mode):
    """Blocks 1..4."""
    block, shape = 1 + (i + 1) % 4, image(rng, pick(rng, (1, 2, 3, 5)), 1, 4)
    shape[3] *= block * block
    net = Net()
    x = net.input(data(rng, shape))
    net.op("DEPTH_TO_SPACE", [x], [net.result(like=x)], options("DepthToSpace", blockSize=block))
    return net, f"in {by(shape)} block {block}"


CASES = {
    "PAD": (pad("PAD"), ALL, 32),
    "PADV2": (pad("PADV2"), ALL, 32),
    "RESIZE_BILINEAR": (resize("RESIZE_BILINEAR", "ResizeBilinear"), ALL, 36),
    "RESIZE_NEAREST_NEIGHBOR": (resize("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighbor"), ALL, 36),
    "RESHAPE": (reshape, ALL, 30),
    "SQUEEZE": (squeeze, ALL, 30),
    "EXPAND_DIMS": (expand_dims, ALL, 30),
    "TRANSPOSE": (transpose, ALL, 35),
    "STRIDED_SLICE": (strided_slice, ALL, 40),
    "SLICE": (slice_, ALL, 32),
    "SPLIT": (split, ALL, 32),
    "SPACE_TO_BATCH_ND": (space_to_batch, ALL, 32),
    "BATCH_TO_SPACE_ND": (batch_to_space, ALL, 32),
    "SPACE_TO_DEPTH": (space_to_depth, ALL, 32),
    "DEPTH_TO_SPACE": (depth_to_space, ALL, 32),
}
