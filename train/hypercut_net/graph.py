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

    def inverted(self, name, x, channels, expand, kernel=3, stride=1, dilation=1):
        """Inverted residual: expand 1x1, depthwise, project 1x1 without activation; a residual where shapes allow."""
        source = self.nodes[x]
        y = x
        if expand > 1:
            y = self.conv(f"{name}/expand", y, source.channels * expand, relu6=True)
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


def portrait(small=False, wide=3):
    """HyperCut v5, with `wide` blocks at 1/32 (v10 has 4): returns the nodes in order; the last one is the logit at the input's size. The small one,
    v1 to v4's, takes no earlier mask, has three blocks less, and doubles its logit's size by interpolation."""
    b = Builder()
    x = b.conv("stem", b.input(3 if small else 4), 16, kernel=3, stride=2, relu6=True)
    half = b.inverted("half", x, 16, expand=1)
    x = b.inverted("quarter1", half, 32, expand=2, stride=2)
    quarter = b.inverted("quarter2", x, 32, expand=1)
    x = b.inverted("eighth1", quarter, 48, expand=2, stride=2)
    for name in ("eighth2", "eighth3") if small else ("eighth2", "eighth3", "eighth4"):
        x = b.inverted(name, x, 48, expand=2, kernel=5)
    eighth = x
    x = b.inverted("deep1", eighth, 64, expand=3, kernel=5, stride=2)
    x = b.inverted("deep2", x, 64, expand=3)
    x = b.inverted("deep3", x, 64, expand=3, kernel=5)
    deep = b.inverted("deep4", x, 64, expand=3, dilation=2)
    if not small:
        deep = b.inverted("deep5", deep, 64, expand=3, kernel=5)
    x = b.inverted("wide1", deep, 128, expand=3, kernel=5, stride=2)
    x = b.inverted("wide2", x, 128, expand=3, kernel=5)
    x = b.inverted("wide3", x, 128, expand=3)
    for number in range(4, wide + 1):
        x = b.inverted(f"wide{number}", x, 128, expand=3, kernel=5)
    x = b.decode("decode16", x, deep)
    x = b.decode("decode8", x, eighth)
    x = b.decode("decode4", x, quarter)
    x = b.decode("decode2", x, half)
    if small:
        b.up("logit", b.conv("head", x, 1, norm=False))
    else:
        x = b.inverted("refine", x, 16, expand=1)
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
    for nodes, size in (portrait(wide=4), 192), (portrait(), 192), (portrait(small=True), 128):
        table = cost(nodes, size)
        for node, side, macs, parameters in table:
            extra = f"k{node.kernel} s{node.stride} d{node.dilation}" if node.kind in ("conv", "depthwise") else ""
            print(f"{node.name:20} {node.kind:10} {extra:10} {side:4} x {node.channels:4} {macs / 1e6:7.2f} M {parameters:7}")
        print(f"total {sum(row[2] for row in table) / 1e6:.1f} MMACs, {sum(row[3] for row in table)} parameters")
