"""PyTorch operations on the loops of native.cpp: two to three times PyTorch's own speed on one CPU core.

The library is compiled when first needed and kept beside the cache by its source's hash. Every operation takes and gives
f32 [N, C, H, W] in channels-last memory with C a multiple of 16; callers keep PyTorch's own for other widths.
"""

import ctypes
import hashlib
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
        partial = file.with_suffix(".tmp")
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


def _at(tensor):
    return ctypes.c_void_p(tensor.data_ptr())


def _rows(tensor):
    """How many pixels: N * H * W."""
    return ctypes.c_long(tensor.shape[0] * tensor.shape[2] * tensor.shape[3])


def _last(tensor):
    return tensor.contiguous(memory_format=CHANNELS_LAST)


def _empty(n, c, h, w):
    return torch.empty((n, c, h, w), memory_format=CHANNELS_LAST)


class Pointwise(torch.autograd.Function):
    """1x1 convolution without bias; weight [out, in, 1, 1]."""

    @staticmethod
    def forward(ctx, x, weight):
        x = _last(x)
        n, c, h, w = x.shape
        matrix = weight[:, :, 0, 0].t().contiguous()
        y = _empty(n, weight.shape[0], h, w)
        LIBRARY.product(_at(x), _at(matrix), _at(y), _rows(x), c, weight.shape[0])
        ctx.save_for_backward(x, weight)
        return y

    @staticmethod
    def backward(ctx, d):
        x, weight = ctx.saved_tensors
        d, (outs, ins) = _last(d), weight.shape[:2]
        matrix, dx = weight[:, :, 0, 0].contiguous(), torch.empty_like(x)
        LIBRARY.product(_at(d), _at(matrix), _at(dx), _rows(x), outs, ins)
        dw = torch.zeros(ins, outs)
        LIBRARY.outer(_at(x), _at(d), _at(dw), _rows(x), ins, outs)
        return dx, dw.t()[:, :, None, None].contiguous()


class Depthwise(torch.autograd.Function):
    """Depthwise convolution without bias; weight [C, 1, k, k] with k 3 or 5; `before` pixels of zeros above and left."""

    @staticmethod
    def forward(ctx, x, weight, stride, dilation, before):
        x = _last(x)
        n, c, h, w = x.shape
        k = weight.shape[2]
        shape = Shape(n, h, w, c, stride, dilation, before, h // stride, w // stride)
        taps, zeros = weight.reshape(c, k * k).t().contiguous(), torch.zeros(w * c)
        y = _empty(n, c, shape.oh, shape.ow)
        LIBRARY.depthwise(_at(x), _at(taps), _at(y), _at(zeros), ctypes.byref(shape), k)
        ctx.save_for_backward(x, taps)
        ctx.shape, ctx.k = shape, k
        return y

    @staticmethod
    def backward(ctx, d):
        x, taps = ctx.saved_tensors
        d, s, k = _last(d), ctx.shape, ctx.k
        zeros, dw = torch.zeros(max(s.w, s.ow) * s.c), torch.zeros_like(taps)
        LIBRARY.depthwise_filter(_at(x), _at(d), _at(dw), _at(zeros), ctypes.byref(s), k)
        if s.stride == 1:
            dx, flipped = torch.empty_like(x), taps.flip(0).contiguous()
            turned = Shape(s.n, s.h, s.w, s.c, 1, s.dilation, (k - 1) * s.dilation - s.before, s.h, s.w)
            LIBRARY.depthwise(_at(d), _at(flipped), _at(dx), _at(zeros), ctypes.byref(turned), k)
        else:
            dx = torch.zeros_like(x)
            LIBRARY.depthwise_spread(_at(d), _at(taps), _at(dx), ctypes.byref(s), k)
        return dx, dw.t().reshape(s.c, 1, k, k).contiguous(), None, None, None


class Normalise(torch.autograd.Function):
    """Batch normalisation by the batch's own statistics, then ReLU6 or nothing; also returns mean and variance."""

    @staticmethod
    def forward(ctx, x, weight, bias, eps, relu6):
        x = _last(x)
        c, count = x.shape[1], x.numel() // x.shape[1]
        sums = torch.empty(2, c, dtype=torch.float64)
        LIBRARY.moments(_at(x), _rows(x), c, _at(sums[0]), _at(sums[1]))
        mean = sums[0] / count
        variance = (sums[1] / count - mean * mean).clamp_min(0)
        rstd = (variance + eps).rsqrt()
        gain = (weight.double() * rstd).float()
        shift = (bias.double() - mean * weight.double() * rstd).float()
        y = torch.empty_like(x)
        LIBRARY.normalise(_at(x), _at(y), _rows(x), c, _at(gain), _at(shift), int(relu6))
        ctx.save_for_backward(x, gain, shift, mean, rstd)
        ctx.relu6 = relu6
        mean, variance = mean.float(), variance.float()
        ctx.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    def backward(ctx, d, _mean, _variance):
        x, gain, shift, mean, rstd = ctx.saved_tensors
        d, c, count = _last(d), x.shape[1], x.numel() // x.shape[1]
        sums = torch.empty(2, c, dtype=torch.float64)
        LIBRARY.gradient_moments(_at(d), _at(x), _rows(x), c, _at(gain), _at(shift), int(ctx.relu6), _at(sums[0]),
                                 _at(sums[1]))
        along = (sums[1] - mean * sums[0]) * rstd  # sum of gradient times normalised x
        slope = -gain.double() * rstd * along / count
        offset = -gain.double() * sums[0] / count - slope * mean
        dx, slope, offset = torch.empty_like(x), slope.float(), offset.float()
        LIBRARY.gradient_apply(_at(d), _at(x), _at(dx), _rows(x), c, _at(gain), _at(shift), int(ctx.relu6), _at(slope),
                               _at(offset))
        return dx, along.float(), sums[0].float(), None, None


class Up(torch.autograd.Function):
    """2x bilinear with half-pixel centres; any width."""

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
        dx, row = torch.zeros((n, c, h // 2, w // 2)).contiguous(memory_format=CHANNELS_LAST), torch.empty(w // 2 * c)
        LIBRARY.up_gradient(_at(d), _at(dx), _at(row), n, h // 2, w // 2, c)
        return dx


def normalised(x, norm, relu6):
    """What `norm` (BatchNorm2d) and ReLU6 give in training, with the running statistics moved on."""
    y, mean, variance = Normalise.apply(x, norm.weight, norm.bias, norm.eps, relu6)
    count = x.numel() // x.shape[1]
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
    norm.num_batches_tracked += 1
    return y


def convolved(x, conv, extra):
    """`conv` (Conv2d without bias) on x padded by `extra` more at the right and bottom."""
    plain = conv.bias is not None or x.shape[1] % 16 or conv.out_channels % 16
    if not plain and conv.kernel_size == (1, 1):
        return Pointwise.apply(x, conv.weight)
    if not plain and conv.groups == x.shape[1] and conv.kernel_size[0] in (3, 5):
        return Depthwise.apply(x, conv.weight, conv.stride[0], conv.dilation[0], conv.padding[0])
    return conv(F.pad(x, (0, extra, 0, extra)) if extra else x)


def spread(x, reach):
    """Largest minus smallest value of x [N, 1, H, W] within `reach` pixels, a square window."""
    x, (n, _, h, w) = x.contiguous(), x.shape
    y, most, least = torch.empty_like(x), torch.empty(w), torch.empty(w)
    LIBRARY.spread(_at(x), _at(y), _at(most), _at(least), n, h, w, reach)
    return y
