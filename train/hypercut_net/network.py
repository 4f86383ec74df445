"""The float network for training: the node list with batch normalisation, walked by PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F

from . import graph, native


def same_padding(node):
    """How a node pads to match TensorFlow's SAME on even inputs: (symmetric padding, extra right and bottom)."""
    reach = node.dilation * (node.kernel - 1)
    if node.stride == 1:
        return reach // 2, 0
    total = reach + 1 - node.stride
    return total // 2, total % 2


class Convolution(nn.Module):
    """One conv or depthwise node: convolution, batch normalisation or bias, ReLU6."""

    def __init__(self, node, fan_in):
        super().__init__()
        groups = node.channels if node.kind == "depthwise" else 1
        self.padding, self.extra = same_padding(node)
        self.conv = nn.Conv2d(fan_in, node.channels, node.kernel, node.stride, self.padding, node.dilation, groups,
                              bias=not node.norm)
        self.norm = nn.BatchNorm2d(node.channels, momentum=0.03) if node.norm else None
        self.relu6 = node.relu6
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out" if groups == 1 else "fan_in")
        if not node.norm:
            nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        if self.training and self.norm is not None:
            return native.layer(x, self.conv, self.norm, self.relu6)
        x = self.conv(F.pad(x.float(), (0, self.extra, 0, self.extra)))
        if self.norm is not None:
            x = self.norm(x)
        return F.relu6(x, inplace=True) if self.relu6 else x

    def folded(self):
        """Weight and bias with the batch normalisation's running statistics folded in."""
        weight = self.conv.weight.detach()
        if self.norm is None:
            return weight.clone(), self.conv.bias.detach().clone()
        gain = self.norm.weight.detach() / torch.sqrt(self.norm.running_var + self.norm.eps)
        return weight * gain[:, None, None, None], self.norm.bias.detach() - self.norm.running_mean * gain


def upsample(x):
    """2x bilinear with half-pixel centres, as TFLite's RESIZE_BILINEAR computes it."""
    if x.dtype == torch.bfloat16:
        return native.Up.apply(x)
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class Network(nn.Module):
    """Picture and earlier mask [N, 4, S, S] in [0, 1] to logit [N, 1, S, S]; the small one looks at the picture alone. While training also the
    auxiliary logit at 1/8, and bfloat16 between the layers."""

    def __init__(self, nodes=None):
        super().__init__()
        self.nodes = nodes or graph.portrait()
        channels = {node.name: node.channels for node in self.nodes}
        self.layers = nn.ModuleDict(
            {node.name: Convolution(node, channels[node.inputs[0]]) for node in self.nodes
             if node.kind in ("conv", "depthwise")}
        )
        self.auxiliary = nn.Conv2d(channels[graph.AUXILIARY], 1, 1)

    def forward(self, x):
        values = {}
        for node in self.nodes:
            inputs = [values[name] for name in node.inputs]
            if node.kind == "input":
                value = x[:, : node.channels]
            elif node.kind == "add":
                value = inputs[0] + inputs[1]
            elif node.kind == "up":
                value = upsample(inputs[0])
            elif node.kind == "unfold":
                value = F.pixel_shuffle(inputs[0], 2)
            else:
                value = self.layers[node.name](inputs[0])
            values[node.name] = value
        if self.training:
            return value, self.auxiliary(values[graph.AUXILIARY].float())
        return value


def of(config):
    """The network that a configuration asks for."""
    return Network(graph.portrait(config["network"]["graph"])).to(memory_format=torch.channels_last)
