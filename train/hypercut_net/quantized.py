"""The network as the int8 engine will compute it, still in PyTorch: folded weights, rounded everywhere.

Weights are symmetric per output channel in [-127, 127]; activations are asymmetric per tensor in [-128, 127].
`torch.fake_quantize_*` multiplies, rounds half to even, adds the zero point and clamps: the engine's rule.
Three values are fixed rather than measured: the picture (1/255, -128), the head's logit (`logit_scale`, 0), and
upsampled and unfolded tensors, which keep their input's numbers.
"""

import torch
from torch import nn
from torch.nn import functional as F

from .network import same_padding, upsample


def scale_and_zero(low, high):
    """Scale and zero point of an int8 tensor that covers [low, high] and represents 0 exactly."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    scale = max(high - low, 1e-6) / 255
    return scale, int(min(127, max(-128, round(-128 - low / scale))))


class Quantized(nn.Module):
    """Same call as `Network` in evaluation mode. Attributes: `params` name -> (scale, zero point) once ranges exist."""

    def __init__(self, network, logit_scale):
        super().__init__()
        self.nodes = network.nodes
        self.weights, self.biases = nn.ParameterDict(), nn.ParameterDict()
        for name, layer in network.layers.items():
            weight, bias = layer.folded()
            self.weights[name] = weight.to(memory_format=torch.channels_last)
            self.biases[name] = bias
        self.params = {"picture": (1 / 255, -128)}
        self.fixed = {"picture": (1 / 255, -128), "head": (logit_scale, 0)}
        self.ranges = {}
        self.observing, self.momentum, self.rounding = True, 0.02, True

    def weight_scales(self, name):
        """One scale per output channel."""
        return self.weights[name].detach().abs().amax((1, 2, 3)).clamp_min(1e-8) / 127

    def _observe(self, name, value):
        """Follows the range: halfway between the batch's extremes and the mean of the pictures' extremes."""
        value = value.detach()
        low, high = value.amin((1, 2, 3)), value.amax((1, 2, 3))
        seen = ((low.min() + low.mean()) / 2).item(), ((high.max() + high.mean()) / 2).item()
        old = self.ranges.get(name)
        self.ranges[name] = seen if old is None else tuple(o + self.momentum * (s - o) for o, s in zip(old, seen))
        self.params[name] = scale_and_zero(*self.ranges[name])

    def _round(self, name, value):
        if name in self.fixed:
            self.params[name] = self.fixed[name]
        elif self.observing:
            self._observe(name, value)
        if not self.rounding:
            return value
        scale, zero = self.params[name]
        return torch.fake_quantize_per_tensor_affine(value, scale, zero, -128, 127)

    def _convolve(self, node, x):
        weight, bias = self.weights[node.name], self.biases[node.name]
        if self.rounding:
            scales = self.weight_scales(node.name)
            zeros = torch.zeros(len(scales), dtype=torch.int32)
            weight = torch.fake_quantize_per_channel_affine(weight, scales, zeros, 0, -127, 127)
            if not self.training:
                step = scales * self.params[node.inputs[0]][0]
                bias = (bias / step).round() * step
        padding, extra = same_padding(node)
        if extra:
            x = F.pad(x, (0, extra, 0, extra))
        groups = node.channels if node.kind == "depthwise" else 1
        x = F.conv2d(x, weight, bias, node.stride, padding, node.dilation, groups)
        return F.relu6(x) if node.relu6 else x

    def _compute(self, node, inputs):
        if node.kind in ("up", "unfold"):
            self.fixed[node.name] = self.params[node.inputs[0]]
            return upsample(inputs[0]) if node.kind == "up" else F.pixel_shuffle(inputs[0], 2)
        if node.kind == "add":
            return inputs[0] + inputs[1]
        return self._convolve(node, inputs[0])

    def forward(self, x):
        values = {}
        for node in self.nodes:
            value = x[:, : node.channels] if node.kind == "input" else self._compute(node, [values[name] for name in node.inputs])
            values[node.name] = self._round(node.name, value)
        return values[self.nodes[-1].name]

    def stored(self):
        """All that a checkpoint needs."""
        return dict(state=self.state_dict(), params=self.params, ranges=self.ranges)

    def restore(self, stored):
        """The reverse; the ranges are then frozen."""
        self.load_state_dict(stored["state"])
        self.params, self.ranges, self.observing = dict(stored["params"]), dict(stored["ranges"]), False
        return self
