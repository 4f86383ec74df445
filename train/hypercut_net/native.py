"""PyTorch operations, and the warping of pictures, on the loops of native.cpp: four times PyTorch's own speed on one CPU core.

The library is compiled when first needed and kept in the temporary folder by its source's hash. Layers take and give
bfloat16 [N, C, H, W] in channels-last memory with C a multiple of 16; weights, statistics and their gradients are f32.
"""

import ctypes
import hashlib
import os
import pathlib
import subprocess
import tempfile

import torch
from torch.nn import functional as F

SOURCE = pathlib.Path(__file__).with_name("native.cpp")


def _library():
    text = SOURCE.read_bytes()
    file = pathlib.Path(tempfile.gettempdir()) / f"hypercut-native-{hashlib.sha256(text).hexdigest()[:16]}.so"
    if not file.exists():
        flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
        partial = file.with_suffix(f".{os.getpid()}.tmp")  # two runs may begin at once
        subprocess.run(["g++", *flags, "-o", partial, SOURCE], check=True)
        partial.rename(file)
    return ctypes.CDLL(str(file))


def _keep_memory():
    """Tells glibc to keep freed memory: fresh pages for every large tensor cost a third of a step."""
    trim_threshold, top_pad, mmap_max = -1, -2, -4  # <malloc.h>
    for parameter, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**28)):
        ctypes.CDLL(None).mallopt(parameter, value)


_keep_memory()
LIBRARY = _library()
CHANNELS_LAST = torch.channels_last


class Shape(ctypes.Structure):
    """The depthwise loops' sizes; `before` is the padding above and left."""

    _fields_ = [(name, ctypes.c_int) for name in ("n", "h", "w", "c", "stride", "dilation", "before", "oh", "ow")]


class Norm(ctypes.Structure):
    """Batch normalisation as the loops apply it: gain and shift, and for the gradient slope and offset."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("gain", "shift", "slope", "offset")] + [("relu6", ctypes.c_int)]

    def __init__(self, gain, shift, relu6, slope=None, offset=None):
        super().__init__(*(None if array is None else array.data_ptr() for array in (gain, shift, slope, offset)), int(relu6))
        self.kept = gain, shift, slope, offset


def _at(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def _rows(tensor):
    """How many pixels: N * H * W."""
    return ctypes.c_long(tensor.shape[0] * tensor.shape[2] * tensor.shape[3])


def _last(tensor):
    return tensor.contiguous(memory_format=CHANNELS_LAST)


def _empty(n, c, h, w):
    return torch.empty((n, c, h, w), dtype=torch.bfloat16, memory_format=CHANNELS_LAST)


def _pairs(matrix):
    """[k, n] f32 as bfloat16 pairs [k / 2, n, 2]."""
    k, n = matrix.shape
    return matrix.to(torch.bfloat16).view(k // 2, 2, n).transpose(1, 2).contiguous()


class Layer(torch.autograd.Function):
    """A convolution without bias, batch normalisation by the batch's own statistics, ReLU6 or nothing. Returns mean and variance too.

    Subclasses convolve: `_convolve` gives the raw result and its sums and squares per channel, `_gradient` the gradients of x and weight."""

    @classmethod
    def forward(cls, ctx, x, weight, gamma, beta, eps, relu6, *how):
        x = _last(x)
        ctx.how = how
        raw, sums = cls._convolve(ctx, x, weight)
        count = raw.numel() // raw.shape[1]
        mean = sums[0] / count
        variance = (sums[1] / count - mean * mean).clamp_min(0)
        rstd = (variance + eps).rsqrt()
        gain = (gamma.double() * rstd).float()
        shift = (beta.double() - mean * gamma.double() * rstd).float()
        y = torch.empty_like(raw)
        LIBRARY.normalise(_at(raw), _at(y), _rows(raw), raw.shape[1], ctypes.byref(Norm(gain, shift, relu6)))
        ctx.save_for_backward(x, weight, raw, gain, shift, mean, rstd)
        ctx.relu6 = relu6
        mean, variance = mean.float(), variance.float()
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @classmethod
    def backward(cls, ctx, d, _mean, _variance):
        x, weight, raw, gain, shift, mean, rstd = ctx.saved_tensors
        d, c, count = _last(d), raw.shape[1], raw.numel() // raw.shape[1]
        sums, norm = torch.empty(2, c, dtype=torch.float64), Norm(gain, shift, ctx.relu6)
        LIBRARY.gradient_moments(_at(d), _at(raw), _rows(raw), c, ctypes.byref(norm), _at(sums[0]), _at(sums[1]))
        along = (sums[1] - mean * sums[0]) * rstd  # sum of gradient times normalised x
        slope = -gain.double() * rstd * along / count
        offset = -gain.double() * sums[0] / count - slope * mean
        norm = Norm(gain, shift, ctx.relu6, slope.float(), offset.float())
        dx, dw = cls._gradient(ctx, x, weight, raw, d, norm)
        return dx, dw, along.float(), sums[0].float(), None, None, *(None for _ in ctx.how)


class Pointwise(Layer):
    """1x1; weight [out, in, 1, 1]."""

    @staticmethod
    def _convolve(ctx, x, weight):
        (n, c, h, w), outs = x.shape, weight.shape[0]
        y, sums, matrix = _empty(n, outs, h, w), torch.empty(2, outs, dtype=torch.float64), _pairs(weight[:, :, 0, 0].t())
        LIBRARY.pointwise(_at(x), _at(matrix), _at(y), _rows(x), c, outs, _at(sums[0]), _at(sums[1]))
        return y, sums

    @staticmethod
    def _gradient(ctx, x, weight, raw, d, norm):
        outs, ins = weight.shape[:2]
        dx, dw, back = torch.empty_like(x) if ctx.needs_input_grad[0] else None, torch.zeros(ins, outs), _pairs(weight[:, :, 0, 0])
        LIBRARY.pointwise_gradient(_at(x), _at(d), _at(raw), _at(back), dx if dx is None else _at(dx), _at(dw), _rows(x), ins, outs,
                                   ctypes.byref(norm))
        return dx, dw.t()[:, :, None, None].contiguous()


class Depthwise(Layer):
    """Depthwise; weight [C, 1, k, k] with k 3 or 5; stride, dilation and how many zeros stand above and left."""

    @staticmethod
    def _convolve(ctx, x, weight):
        (n, c, h, w), (stride, dilation, before), k = x.shape, ctx.how, weight.shape[2]
        shape = Shape(n, h, w, c, stride, dilation, before, h // stride, w // stride)
        y, sums = _empty(n, c, shape.oh, shape.ow), torch.empty(2, c, dtype=torch.float64)
        zeros, scratch = torch.zeros(w * c), torch.empty(2 * h * w * c)
        taps = weight.reshape(c, k * k).t().contiguous()
        LIBRARY.depthwise(_at(x), _at(taps), _at(y), _at(zeros), _at(scratch), ctypes.byref(shape), k, _at(sums[0]), _at(sums[1]))
        ctx.shape = shape
        return y, sums

    @staticmethod
    def _gradient(ctx, x, weight, raw, d, norm):
        s, k = ctx.shape, weight.shape[2]
        taps = weight.reshape(s.c, k * k).t().contiguous()
        flipped, zeros, scratch = taps.flip(0).contiguous(), torch.zeros(s.w * s.c), torch.empty(3 * s.h * s.w * s.c)
        dx, dw = torch.empty_like(x), torch.zeros_like(taps)
        LIBRARY.depthwise_gradient(_at(x), _at(d), _at(raw), _at(taps), _at(flipped), _at(dx), _at(dw), _at(zeros), _at(scratch),
                                   ctypes.byref(s), k, ctypes.byref(norm))
        return dx, dw.t().reshape(s.c, 1, k, k).contiguous()


class Up(torch.autograd.Function):
    """2x bilinear with half-pixel centres."""

    @staticmethod
    def forward(ctx, x):
        x = _last(x)
        n, c, h, w = x.shape
        y, row = _empty(n, c, 2 * h, 2 * w), torch.empty(w * c)
        LIBRARY.up(_at(x), _at(y), _at(row), n, h, w, c)
        return y

    @staticmethod
    def backward(ctx, d):
        d = _last(d)
        n, c, h, w = d.shape
        dx, scratch = _empty(n, c, h // 2, w // 2), torch.empty((h // 2 + 1) * (w // 2) * c)
        LIBRARY.up_gradient(_at(d), _at(dx), _at(scratch), n, h // 2, w // 2, c)
        return dx


def _patches(x):
    """What a 3x3 convolution with stride 2 sees of pictures [N, C, H, W] f32, C 3 or 4: 9 C values and zeros, [N, 32 or 48, H / 2, W / 2]."""
    x, (n, c, h, w) = _last(x), x.shape
    y = _empty(n, -(-9 * c // 16) * 16, h // 2, w // 2)
    LIBRARY.patches(_at(x), _at(y), n, h, w, c)
    return y


def layer(x, conv, norm, relu6):
    """What `conv` (Conv2d without bias), `norm` (BatchNorm2d) and ReLU6 give in training, with the running statistics moved on.

    `conv` is 1x1, depthwise 3x3 or 5x5, or the first one: 3x3 with stride 2 on a picture and mask in f32. Channels come by 16."""
    assert conv.out_channels % 16 == 0, conv
    weight, how = conv.weight, ()
    if conv.groups > 1:
        kind, how = Depthwise, (conv.stride[0], conv.dilation[0], conv.padding[0])
    else:
        kind = Pointwise
        if conv.kernel_size == (3, 3):
            x = _patches(x)
            weight = weight.permute(0, 2, 3, 1).flatten(1)
            weight = F.pad(weight, (0, x.shape[1] - weight.shape[1]))[:, :, None, None]
    y, mean, variance = kind.apply(x, weight, norm.weight, norm.bias, norm.eps, relu6, *how)
    count = y.numel() // y.shape[1]
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
    norm.num_batches_tracked += 1
    return y


def spread(x, reach):
    """Largest minus smallest value of x [N, 1, H, W] within `reach` pixels, a square window."""
    x, (n, _, h, w) = x.contiguous(), x.shape
    y, most, least = torch.empty_like(x), torch.empty(w), torch.empty(w)
    LIBRARY.spread(_at(x), _at(y), _at(most), _at(least), n, h, w, reach)
    return y


def warp(pictures, indices, theta, size, mirrored):
    """Pictures uint8 [.., C, H, W] at `indices` seen through matrices [N, 2, 3], as `affine_grid` and `grid_sample` (bilinear, corners not aligned)
    do: f32 [N, C, size, size] in [0, 1], size a multiple of 16; beyond the border they are mirrored, or 0. Two bytes before the array are read."""
    _, c, h, w = pictures.shape
    assert pictures.dtype == "uint8" and pictures.flags.c_contiguous and min(h, w) > 1 and size % 16 == 0, (pictures.dtype, pictures.shape, size)
    indices, theta = torch.as_tensor(indices, dtype=torch.int64).contiguous(), theta.float().contiguous()
    y, scratch = torch.empty(len(indices), c, size, size), torch.empty(5 * size)
    LIBRARY.warp(ctypes.c_void_p(pictures.ctypes.data), _at(indices), _at(theta), _at(y), _at(scratch), len(indices), c, h, w, size, int(mirrored))
    return y
