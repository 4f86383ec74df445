"""Runs a TensorFlow.js graph model in PyTorch: as much of the format as Robust Video Matting's published model needs.

Values of four dimensions are [N, C, H, W] here, [N, H, W, C] in the file. Nodes are computed when asked for and forgotten after their last
use; `Merge` takes its first branch, which here is the one without downsampling.
"""

import base64
import functools
import json
from collections import Counter

import numpy as np
import torch
from torch.nn import functional as F

CONVOLUTIONS = "_FusedConv2D", "Conv2D", "FusedDepthwiseConv2dNative", "DepthwiseConv2dNative"
AXES = {0: 0, 1: 2, 2: 3, 3: 1, -1: 1}  # of [N, H, W, C] in [N, C, H, W]
ELEMENTWISE = {
    "Mul": torch.mul, "Add": torch.add, "AddV2": torch.add, "Sub": torch.sub, "RealDiv": torch.div, "FloorMod": torch.remainder,
    "Minimum": torch.minimum, "Maximum": torch.maximum, "Equal": torch.eq,
}
UNARY = {"Relu": F.relu, "Relu6": F.relu6, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh, "Square": torch.square, "Squeeze": torch.squeeze,
         "Identity": lambda x: x}


def weights(manifest, data):
    """The file's constants by name, floats again where they were kept as 8 or 16 bits."""
    found, at = {}, 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        count, grid = int(np.prod(entry["shape"])), entry.get("quantization")
        kind = np.dtype(grid["dtype"] if grid else entry["dtype"])
        value = np.frombuffer(data, kind, count, at).reshape(entry["shape"])
        if grid and kind.kind == "u":
            value = value.astype(np.float32) * grid["scale"] + grid["min"]
        found[entry["name"]] = torch.from_numpy(np.array(value))
        at += count * kind.itemsize
    assert at == len(data), "the weights are of another model"
    return found


def outside(value):
    """As the file has it: [N, H, W, C]."""
    return value.permute(0, 2, 3, 1) if value.dim() == 4 else value


def inside(value):
    """The reverse."""
    return value.permute(0, 3, 1, 2) if value.dim() == 4 else value


def integers(values):
    """A tensor as a list of plain numbers."""
    return [int(value) for value in values.reshape(-1)]


def same(x, kernel, strides, dilations):
    """Padded as TensorFlow's SAME asks."""
    margins = []
    for size, k, stride, dilation in reversed(list(zip(x.shape[2:], kernel, strides, dilations))):
        total = max((-(-size // stride) - 1) * stride + (k - 1) * dilation + 1 - size, 0)
        margins += [total // 2, total - total // 2]
    return F.pad(x, margins)


class GraphModel:
    """One model: the path of its model.json, beside which its one shard of weights lies."""

    def __init__(self, path):
        model = json.loads(path.read_text())
        shard = model["weightsManifest"][0]["paths"][0]
        self.nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
        self.weights = weights(model["weightsManifest"], (path.parent / shard).read_bytes())
        self.filters = {}

    def run(self, inputs, output):
        """The value of the node `output` for named inputs."""
        with torch.no_grad():
            return Run(self, inputs, self.uses(output)).value(output)

    @staticmethod
    def sources(node):
        """What a node is computed from; filters are looked up apart."""
        sources = [name for name in node.get("input", []) if name[0] != "^"]
        if node["op"] in ("Merge", "Switch"):
            return sources[:1]
        return sources[:1] + sources[2:] if node["op"] in CONVOLUTIONS else sources

    @functools.lru_cache
    def uses(self, output):
        """How often every value that `output` needs is taken."""
        uses, todo = Counter([output]), [output]
        while todo:
            node = self.nodes[todo.pop()]
            for name in (source.split(":")[0] for source in self.sources(node)):
                if name not in uses and name in self.nodes:
                    todo.append(name)
                uses[name] += 1
        return uses

    def filter(self, name, depthwise):
        """A convolution's weight as PyTorch lays it out."""
        while self.nodes[name]["op"] != "Const":
            name = self.nodes[name]["input"][0].split(":")[0]
        if name not in self.filters:
            value = self.weights[name]
            value = value.permute(2, 3, 0, 1).flatten(0, 1)[:, None] if depthwise else value.permute(3, 2, 0, 1)
            self.filters[name] = value.contiguous()
        return self.filters[name]


class Run:
    """One evaluation."""

    def __init__(self, model, inputs, uses):
        self.model, self.held, self.left = model, dict(inputs), Counter(uses)

    def value(self, reference):
        """The value of `name` or `name:port`."""
        name, _, port = reference.partition(":")
        if name not in self.held:
            self.held[name] = self.compute(self.model.nodes[name])
        found = self.held[name]
        self.left[name] -= 1
        if self.left[name] <= 0:
            del self.held[name]
        return found[int(port or 0)] if isinstance(found, (list, tuple)) else found

    def compute(self, node):
        """A node's value, or values."""
        operation = node["op"]
        if operation == "Const":
            return self.model.weights[node["name"]]
        values = [self.value(source) for source in self.model.sources(node)]
        if operation == "Merge":
            return values[0]
        if operation == "Switch":
            return values * 2
        if operation in CONVOLUTIONS:
            return self.convolve(node, *values)
        if operation in UNARY:
            return UNARY[operation](*values)
        if operation in ELEMENTWISE:
            a, b = values
            a, b = (x.view(1, -1, 1, 1) if x.dim() == 1 and y.dim() == 4 and x.numel() > 1 else x for x, y in ((a, b), (b, a)))
            return ELEMENTWISE[operation](a, b)
        return getattr(self, f"_{operation}")(node["attr"], *values)

    def convolve(self, node, x, *bias):
        """The four kinds of convolution, with what is fused to them."""
        attributes, depthwise = node["attr"], "epthwise" in node["op"]
        weight = self.model.filter(node["input"][1].split(":")[0], depthwise)
        strides, dilations = ([int(v) for v in attributes.get(key, {}).get("list", {}).get("i", "1111")[1:3]] for key in ("strides", "dilations"))
        if base64.b64decode(attributes["padding"]["s"]) == b"SAME":
            x = same(x, weight.shape[2:], strides, dilations)
        x = F.conv2d(x, weight, bias[0] if bias else None, strides, 0, dilations, x.shape[1] if depthwise else 1)
        for fused in attributes.get("fused_ops", {}).get("list", {}).get("s", []):
            name = base64.b64decode(fused).decode()
            x = x if name == "BiasAdd" else UNARY[name](x)
        return x

    @staticmethod
    def _Cast(attributes, x):
        return x.to(torch.float32 if attributes["DstT"]["type"] == "DT_FLOAT" else torch.int32)

    @staticmethod
    def _Shape(_, x):
        return torch.tensor(outside(x).shape, dtype=torch.int32)

    @staticmethod
    def _Pack(_, *values):
        return torch.stack(values)

    @staticmethod
    def _ConcatV2(_, *values):
        *parts, axis = values
        return torch.cat(parts, AXES[int(axis)] if parts[0].dim() == 4 else int(axis))

    @staticmethod
    def _Split(attributes, axis, x):
        return x.chunk(int(attributes["num_split"]["i"]), AXES[int(axis)])

    @staticmethod
    def _SplitV(_, x, sizes, axis):
        return x.split(integers(sizes), AXES[int(axis)])

    @staticmethod
    def _StridedSlice(attributes, x, begin, end, strides):
        from_start, to_end, single = (int(attributes[f"{key}_mask"]["i"]) for key in ("begin", "end", "shrink_axis"))
        index = [
            b if single >> i & 1 else slice(None if from_start >> i & 1 else b, None if to_end >> i & 1 else e, s)
            for i, (b, e, s) in enumerate(zip(*map(integers, (begin, end, strides))))
        ]
        return inside(outside(x)[tuple(index)])

    @staticmethod
    def _Slice(_, x, begin, size):
        index = [slice(b, None if s < 0 else b + s) for b, s in zip(integers(begin), integers(size))]
        return inside(outside(x)[tuple(index)])

    @staticmethod
    def _Mean(attributes, x, axes):
        return x.mean([AXES[axis] for axis in integers(axes)], keepdim=bool(attributes["keep_dims"]["b"]))

    @staticmethod
    def _Pad(_, x, margins):
        _, rows, columns, _ = margins.tolist()
        return F.pad(x, columns + rows)

    @staticmethod
    def _AvgPool(_, x):
        return F.avg_pool2d(x, 2, ceil_mode=True, count_include_pad=False)  # 2 x 2, SAME: the only kind here

    @staticmethod
    def _ResizeBilinear(_, x, size):
        return F.interpolate(x, integers(size), mode="bilinear", align_corners=False)

    @staticmethod
    def _BroadcastTo(_, x, shape):
        n, h, w, c = integers(shape)
        return x.expand(n, c, h, w)

    @staticmethod
    def _SpaceToBatchND(_, x, block, margins):
        (side, _), (rows, columns) = integers(block), margins.tolist()
        x = F.pad(x, columns + rows)
        n, c, h, w = x.shape
        x = x.view(n, c, h // side, side, w // side, side)
        return x.permute(3, 5, 0, 1, 2, 4).reshape(side * side * n, c, h // side, w // side)

    @staticmethod
    def _BatchToSpaceND(_, x, block, crops):
        (side, _), ((top, bottom), (left, right)) = integers(block), crops.tolist()
        n, c, h, w = x.shape
        x = x.view(side, side, n // side**2, c, h, w).permute(2, 3, 4, 0, 5, 1).reshape(n // side**2, c, h * side, w * side)
        return x[:, :, top : h * side - bottom, left : w * side - right]
