"""Writes the ONNX graph of a .tflite file with the same constants: NCHW, floats in and out, quantized ones as QDQ.

Activations of a quantized file become unsigned bytes (zero point + 128), weights stay signed bytes with one scale per output
channel: what ONNX Runtime's kernels like best. A `LiteGraph` says what is read; an operation that is not known raises KeyError.
"""

import numpy as np
from lite_graph import LiteGraph, pads
from onnx import TensorProto, checker, helper, numpy_helper, save

ACTIVATIONS = {1: ("Relu", None), 2: ("Clip", (-1, 1)), 3: ("Clip", (0, 6))}


class Writer:
    """Turns one graph into nodes and initializers."""

    def __init__(self, graph):
        self.graph, self.nodes, self.constants, self.names = graph, [], [], {}

    def constant(self, name, array):
        """An initializer; its name."""
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def node(self, kind, inputs, output, **attributes):
        """A node with one output; its name."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{kind}_{len(self.nodes)}", **attributes))
        return output

    def scale(self, index, name):
        """Initializers with the grid of an activation."""
        t = self.graph.tensors[index]
        shift = 128 if t.dtype is np.int8 else 0
        return [self.constant(f"{name}_scale", t.scales[0]), self.constant(f"{name}_zero", np.uint8(t.zeros[0] + shift))]

    def held(self, index, activation):
        """Whether the tensor's grid holds it to the activation's bounds already; ONNX Runtime joins no others into a convolution."""
        t, (_, bounds) = self.graph.tensors[index], ACTIVATIONS[activation]
        if t.scales is None:
            return False
        low, high = bounds or (0, np.inf)
        info, scale = np.iinfo(t.dtype), float(t.scales[0])
        grid = [(edge - int(t.zeros[0])) * scale for edge in (info.min, info.max)]
        return grid[0] >= low - scale / 2 and grid[1] <= high + scale / 2

    def finish(self, index, value, activation=0):
        """The activation, and the grid of tensor `index` where it has one."""
        if activation and not self.held(index, activation):
            kind, bounds = ACTIVATIONS[activation]
            limits = [self.constant(f"t{index}_{k}", np.float32(b)) for k, b in zip(("low", "high"), bounds or ())]
            value = self.node(kind, [value, *limits], f"t{index}_{kind}")
        if self.graph.tensors[index].scales is not None:
            grid = self.scale(index, f"t{index}")
            value = self.node("QuantizeLinear", [value, *grid], f"t{index}_q")
            value = self.node("DequantizeLinear", [value, *grid], f"t{index}_d")
        self.names[index] = value

    def weights(self, index, layout, axis):
        """A filter in ONNX's order of dimensions, `axis` of which counts output channels."""
        t = self.graph.tensors[index]
        if t.scales is None:
            return self.constant(f"w{index}", layout(t.data.astype(np.float32)))
        count = layout(t.data).shape[axis]
        scales = np.broadcast_to(t.scales, count)
        inputs = [self.constant(f"w{index}", layout(t.data)), self.constant(f"w{index}_scale", scales),
                  self.constant(f"w{index}_zero", np.zeros(count, np.int8))]
        return self.node("DequantizeLinear", inputs, f"w{index}_d", axis=axis)

    def bias(self, index):
        """A bias."""
        t = self.graph.tensors[index]
        if t.scales is None:
            return self.constant(f"b{index}", t.data.astype(np.float32))
        scales = np.broadcast_to(t.scales, t.data.shape)
        inputs = [self.constant(f"b{index}", t.data), self.constant(f"b{index}_scale", scales),
                  self.constant(f"b{index}_zero", np.zeros(t.data.shape, np.int32))]
        return self.node("DequantizeLinear", inputs, f"b{index}_d", axis=0)

    def convolve(self, op, depthwise):
        """CONV_2D, DEPTHWISE_CONV_2D."""
        x, w, b = op.inputs
        o, size = op.options, self.graph.tensors[x].shape[1:3]
        kernel, stride = self.graph.tensors[w].shape[1:3], [o.strideH, o.strideW]
        dilation = [o.dilationHFactor, o.dilationWFactor]
        (top, bottom), (left, right) = (pads(o.padding, *a) for a in zip(size, kernel, stride, dilation))
        layout = (lambda v: v.transpose(3, 0, 1, 2)) if depthwise else (lambda v: v.transpose(0, 3, 1, 2))
        value = self.node("Conv", [self.names[x], self.weights(w, layout, 0), self.bias(b)], f"t{op.outputs[0]}",
                          kernel_shape=kernel, strides=stride, dilations=dilation, pads=[top, left, bottom, right],
                          group=self.graph.tensors[x].shape[3] if depthwise else 1)
        self.finish(op.outputs[0], value, o.fusedActivationFunction)

    def transpose_convolve(self, op):
        """TRANSPOSE_CONV and MediaPipe's own, windows side by side."""
        x, w, b = op.inputs if op.name != "TRANSPOSE_CONV" else (op.inputs[2], op.inputs[1], op.inputs[3])
        kernel, stride = self.graph.tensors[w].shape[1:3], [op.options.strideH, op.options.strideW]
        if list(kernel) != stride:
            raise KeyError("a transposed convolution with overlaps")
        value = self.node("ConvTranspose", [self.names[x], self.weights(w, lambda v: v.transpose(3, 0, 1, 2), 1),
                                            self.bias(b)], f"t{op.outputs[0]}", kernel_shape=kernel, strides=stride)
        self.finish(op.outputs[0], value)

    def operand(self, index):
        """An activation, or a constant operand."""
        if index not in self.names:
            data = self.graph.tensors[index].data.astype(np.float32)
            self.names[index] = self.constant(f"c{index}", data.transpose(0, 3, 1, 2) if data.ndim == 4 else data)
        return self.names[index]

    def pair(self, op, kind):
        """ADD, SUB, MUL."""
        value = self.node(kind, [self.operand(i) for i in op.inputs], f"t{op.outputs[0]}")
        self.finish(op.outputs[0], value, op.options.fusedActivationFunction)

    def resize(self, op):
        """RESIZE_BILINEAR."""
        t, o = self.graph.tensors[op.outputs[0]], op.options
        mode = "half_pixel" if o.halfPixelCenters else "align_corners" if o.alignCorners else "asymmetric"
        source = self.graph.tensors[op.inputs[0]].shape
        scales = np.array([1, 1, t.shape[1] / source[1], t.shape[2] / source[2]], np.float32)
        value = self.node("Resize", [self.names[op.inputs[0]], "", self.constant(f"t{op.outputs[0]}_scales", scales)],
                          f"t{op.outputs[0]}", mode="linear", coordinate_transformation_mode=mode)
        self.finish(op.outputs[0], value)

    def op(self, op):
        """Any operation."""
        x, out = op.inputs[0], op.outputs[0]
        if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            self.convolve(op, op.name != "CONV_2D")
        elif op.name in ("TRANSPOSE_CONV", "Convolution2DTransposeBias"):
            self.transpose_convolve(op)
        elif op.name in ("ADD", "SUB", "MUL"):
            self.pair(op, op.name.capitalize())
        elif op.name == "RESIZE_BILINEAR":
            self.resize(op)
        elif op.name == "DEPTH_TO_SPACE":
            self.finish(out, self.node("DepthToSpace", [self.names[x]], f"t{out}", blocksize=op.options.blockSize, mode="DCR"))
        elif op.name == "CONCATENATION":
            self.finish(out, self.node("Concat", [self.names[i] for i in op.inputs], f"t{out}", axis=1))
        elif op.name == "AVERAGE_POOL_2D":
            kernel = [op.options.filterHeight, op.options.filterWidth]
            self.finish(out, self.node("AveragePool", [self.names[x]], f"t{out}", kernel_shape=kernel,
                                       strides=[op.options.strideH, op.options.strideW]))
        elif op.name == "MEAN":
            self.finish(out, self.node("GlobalAveragePool", [self.names[x]], f"t{out}"))
        elif op.name == "RELU":
            self.finish(out, self.node("Relu", [self.names[x]], f"t{out}"))
        else:
            kind = {"HARD_SWISH": "HardSwish", "LOGISTIC": "Sigmoid", "TANH": "Tanh"}[op.name]
            self.finish(out, self.node(kind, [self.names[x]], f"t{out}"))


def write(lite, path):
    """Writes the ONNX file of the .tflite bytes `lite`; the shapes (NCHW) of its input."""
    graph = LiteGraph(lite)
    writer = Writer(graph)

    def port(index):
        n, h, w, c = graph.tensors[index].shape
        return [n, c, h, w]

    for index in graph.inputs:
        writer.finish(index, f"in{index}")
    for op in graph.ops:
        writer.op(op)
    inputs = [helper.make_tensor_value_info(f"in{i}", TensorProto.FLOAT, port(i)) for i in graph.inputs]
    outputs = [helper.make_tensor_value_info(writer.names[i], TensorProto.FLOAT, port(i)) for i in graph.outputs]
    made = helper.make_graph(writer.nodes, "race", inputs, outputs, writer.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 8
    checker.check_model(model)
    save(model, path)
    return port(graph.inputs[0])
