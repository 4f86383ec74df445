"""The network as a plain list of nodes: the one description that training, quantization and export share.

Shapes are [H, W, C] with H = W. Every convolution pads SAME in TensorFlow's sense. ReLU6 or nothing follows.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Node:
    """One operation. `kind` is input, conv, depthwise, add, up (2x bilinear, half-pixel centres) or unfold (2x: four channels become
    the four pixels of a square, as TFLite's DEPTH_TO_SPACE lays them out)."""

    name: str
    kind: str
    inputs: tuple = ()
    channels: int = 0
    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    relu6: bool = False
    shrink: int = 1  # input side / output side, seen from the network's input
    norm: bool = True  # batch normalisation while training


class Builder:
    """Collects nodes in execution order; each method returns the new node's name."""

    def __init__(self):
        self.nodes = {}

    def _put(self, node):
        assert node.name not in self.nodes
        self.nodes[node.name] = node
        return node.name

    def input(self, channels, name="picture"):
        """The picture, red green blue, and with four channels what is known of its mask beforehand (0 where nothing is); real range
        [0, 1]."""
        return self._put(Node(name, "input", channels=channels))

    def conv(self, name, x, channels, kernel=1, stride=1, relu6=False, norm=True):
        """A dense convolution."""
        shrink = self.nodes[x].shrink * stride
        return self._put(Node(name, "conv", (x,), channels, kernel, stride, 1, relu6, shrink, norm))

    def depthwise(self, name, x, kernel=3, stride=1, dilation=1):
        """A depthwise convolution with ReLU6."""
        source = self.nodes[x]
        return self._put(
            Node(name, "depthwise", (x,), source.channels, kernel, stride, dilation, True, source.shrink * stride)
        )

    def add(self, name, a, b):
        """The sum of two tensors of one shape."""
        first, second = self.nodes[a], self.nodes[b]
        assert (first.channels, first.shrink) == (second.channels, second.shrink), name
        return self._put(Node(name, "add", (a, b), first.channels, shrink=first.shrink))

    def up(self, name, x):
        """2x bilinear upsampling."""
        source = self.nodes[x]
        return self._put(Node(name, "up", (x,), source.channels, shrink=source.shrink // 2))

    def unfold(self, name, x):
        """Four channels to one at twice the size."""
        source = self.nodes[x]
        assert source.channels == 4, name
        return self._put(Node(name, "unfold", (x,), 1, shrink=source.shrink // 2))

    def inverted(self, name, x, channels, hidden=0, kernel=3, stride=1, dilation=1):
        """Inverted residual: 1x1 to `hidden` channels (0: none), depthwise, project 1x1 without activation; a residual where shapes allow."""
        source = self.nodes[x]
        y = x
        if hidden:
            y = self.conv(f"{name}/expand", y, hidden, relu6=True)
        y = self.depthwise(f"{name}/depthwise", y, kernel, stride, dilation)
        y = self.conv(f"{name}/project", y, channels)
        if stride == 1 and channels == source.channels:
            y = self.add(f"{name}/sum", x, y)
        return y

    def decode(self, name, x, skip):
        """1x1 to the skip's width, 2x up, plus skip, then depthwise 3x3 and 1x1 with ReLU6."""
        width = self.nodes[skip].channels
        y = self.conv(f"{name}/reduce", x, width)
        y = self.add(f"{name}/sum", self.up(f"{name}/up", y), skip)
        y = self.depthwise(f"{name}/depthwise", y)
        return self.conv(f"{name}/mix", y, width, relu6=True)


AUXILIARY = "decode8/mix"  # an extra 1x1 head hangs here while training

# Inverted residuals that expand: channels, kernel, stride, dilation. 1/4 to 1/32 of the input's side.
BLOCKS = {
    "quarter1": (32, 3, 2, 1),
    "eighth1": (48, 3, 2, 1),
    "eighth2": (48, 5, 1, 1),
    "eighth3": (48, 5, 1, 1),
    "eighth4": (48, 5, 1, 1),
    "deep1": (64, 5, 2, 1),
    "deep2": (64, 3, 1, 1),
    "deep3": (64, 5, 1, 1),
    "deep4": (64, 3, 1, 2),
    "deep5": (64, 5, 1, 1),
    "wide1": (128, 5, 2, 1),
    "wide2": (128, 5, 1, 1),
    "wide3": (128, 3, 1, 1),
    "wide4": (128, 5, 1, 1),
}

# Hidden channels of each, of the graphs by the version that brought them; 0: no such block.
HIDDEN = {
    "v1": (32, 64, 96, 96, 0, 144, 192, 192, 192, 0, 192, 384, 384, 0),
    "v5": (32, 64, 96, 96, 96, 144, 192, 192, 192, 192, 192, 384, 384, 0),
    "v10": (32, 64, 96, 96, 96, 144, 192, 192, 192, 192, 192, 384, 384, 384),
    "v11": (32, 64, 96, 64, 0, 96, 128, 128, 128, 0, 128, 256, 256, 0),
    "v11-small": (32, 32, 48, 48, 0, 48, 64, 64, 64, 0, 64, 128, 128, 0),
}
COLOURS_ALONE = ("v1", "v11-small")  # they take no earlier mask, ...
INTERPOLATED = ("v1",)  # ... this one doubles its logit's size by interpolation, ...
UNREFINED = ("v1", "v11-small")  # ... and these have no block at half the size before the head
# Sides of the pictures that they are for.
SIDES = {"v1": 128, "v5": 192, "v10": 192, "v11": 224, "v11-small": 160}


def portrait(kind="v11"):
    """The nodes of a graph in order; the last one is the logit at the input's size."""
    b = Builder()
    hidden = dict(zip(BLOCKS, HIDDEN[kind], strict=True))

    def through(x, *names):
        for name in (name for name in names if hidden[name]):
            channels, kernel, stride, dilation = BLOCKS[name]
            x = b.inverted(name, x, channels, hidden[name], kernel, stride, dilation)
        return x

    x = b.conv("stem", b.input(3 if kind in COLOURS_ALONE else 4), 16, kernel=3, stride=2, relu6=True)
    half = b.inverted("half", x, 16)
    quarter = b.inverted("quarter2", through(half, "quarter1"), 32)
    eighth = through(quarter, "eighth1", "eighth2", "eighth3", "eighth4")
    deep = through(eighth, "deep1", "deep2", "deep3", "deep4", "deep5")
    x = through(deep, "wide1", "wide2", "wide3", "wide4")
    x = b.decode("decode16", x, deep)
    x = b.decode("decode8", x, eighth)
    x = b.decode("decode4", x, quarter)
    x = b.decode("decode2", x, half)
    if kind not in UNREFINED:
        x = b.inverted("refine", x, 16)
    if kind in INTERPOLATED:
        b.up("logit", b.conv("head", x, 1, norm=False))
    else:
        b.unfold("logit", b.conv("head", x, 4, norm=False))
    return list(b.nodes.values())


def cost(nodes, size):
    """Rows (node, side, multiply-adds, parameters with folded bias) for a square input of `size`."""
    channels = {node.name: node.channels for node in nodes}
    rows = []
    for node in nodes:
        side = size // node.shrink
        taps = 0
        if node.kind == "conv":
            taps = node.kernel**2 * channels[node.inputs[0]] * node.channels
        elif node.kind == "depthwise":
            taps = node.kernel**2 * node.channels
        rows.append((node, side, taps * side * side, taps + node.channels if taps else 0))
    return rows


if __name__ == "__main__":
    for kind, side in SIDES.items():
        table = cost(portrait(kind), side)
        for node, at, macs, parameters in table:
            extra = f"k{node.kernel} s{node.stride} d{node.dilation}" if node.kind in ("conv", "depthwise") else ""
            print(f"{node.name:20} {node.kind:10} {extra:10} {at:4} x {node.channels:4} {macs / 1e6:7.2f} M {parameters:7}")
        print(f"{kind} at {side}: {sum(row[2] for row in table) / 1e6:.1f} MMACs, {sum(row[3] for row in table)} parameters")
