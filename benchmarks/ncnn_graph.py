"""Writes ncnn's .param and .bin of a float .tflite file with the same constants."""

import numpy as np
from lite_graph import LiteGraph, pads

ACTIVATIONS = {0: "", 1: " 9=1", 2: " 9=3 -23310=2,-1.0,1.0", 3: " 9=3 -23310=2,0.0,6.0"}


class Writer:
    """Layers as text, weights as bytes. ncnn wants a Split before a value with several readers."""

    def __init__(self, graph):
        self.graph, self.lines, self.bytes = graph, [], b""
        reads = [i for op in graph.ops for i in op.inputs] + graph.outputs
        self.readers = {i: reads.count(i) for i in set(reads)}
        self.copies = {}

    def layer(self, kind, inputs, index, parameters):
        """One layer that computes tensor `index`."""
        self.lines.append([kind, f"l{len(self.lines)}", inputs, [f"t{index}"], parameters])
        count = self.readers.get(index, 1)
        names = [f"t{index}"] if count == 1 else [f"t{index}_{k}" for k in range(count)]
        if count > 1:
            self.lines.append(["Split", f"l{len(self.lines)}", [f"t{index}"], names, ""])
        self.copies[index] = names[:]

    def read(self, index):
        """The blob that the next reader of tensor `index` gets."""
        return self.copies[index].pop()

    def filter(self, weights, bias):
        """Appends the weights with their tag and the bias."""
        self.bytes += b"\0\0\0\0" + np.ascontiguousarray(weights, np.float32).tobytes() + bias.astype(np.float32).tobytes()

    def convolve(self, op, depthwise):
        """CONV_2D, DEPTHWISE_CONV_2D."""
        x, w, b = op.inputs
        o, t = op.options, self.graph.tensors
        kernel, stride = t[w].shape[1:3], [o.strideH, o.strideW]
        dilation = [o.dilationHFactor, o.dilationWFactor]
        (top, bottom), (left, right) = (pads(o.padding, *a) for a in zip(t[x].shape[1:3], kernel, stride, dilation))
        outputs = len(t[b].data)
        weights = t[w].data.transpose(3, 0, 1, 2) if depthwise else t[w].data.transpose(0, 3, 1, 2)
        text = (f"0={outputs} 1={kernel[1]} 11={kernel[0]} 2={dilation[1]} 12={dilation[0]} 3={stride[1]} 13={stride[0]} "
                f"4={left} 14={top} 15={right} 16={bottom} 5=1 6={weights.size}" + ACTIVATIONS[o.fusedActivationFunction])
        source = self.read(x)
        if t[x].shape[1:3] == [1, 1] and not depthwise:
            text = f"0={outputs} 1=1 2={weights.size}" + ACTIVATIONS[o.fusedActivationFunction]
            self.layer("InnerProduct", [source], op.outputs[0], text)
        elif depthwise:
            self.layer("ConvolutionDepthWise", [source], op.outputs[0], text + f" 7={t[x].shape[3]}")
        else:
            self.layer("Convolution", [source], op.outputs[0], text)
        self.filter(weights, t[b].data)

    def transpose_convolve(self, op):
        """MediaPipe's transposed convolution, windows side by side: ncnn's weights are [O, I, KH, KW]."""
        x, w, b = op.inputs
        t = self.graph.tensors
        kernel, weights = t[w].shape[1:3], t[w].data.transpose(0, 3, 1, 2)
        text = (f"0={len(t[b].data)} 1={kernel[1]} 11={kernel[0]} 3={op.options.strideW} 13={op.options.strideH} 5=1 "
                f"6={weights.size}")
        self.layer("Deconvolution", [self.read(x)], op.outputs[0], text)
        self.filter(weights, t[b].data)

    def op(self, op):
        """Any operation; KeyError for one that is not known."""
        x, out = op.inputs[0], op.outputs[0]
        t = self.graph.tensors[out]
        if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            return self.convolve(op, op.name != "CONV_2D")
        if op.name == "Convolution2DTransposeBias":
            return self.transpose_convolve(op)
        if op.name == "RESIZE_BILINEAR" and not op.options.halfPixelCenters:
            raise KeyError("a resize without half-pixel centres")
        if op.name == "DEPTH_TO_SPACE" and op.options.blockSize != 2:
            raise KeyError("blocks of another side than 2")
        text = {"ADD": "0=0", "MUL": "0=2", "CONCATENATION": "0=0", "HARD_SWISH": "0=0.16666667 1=0.5", "LOGISTIC": "",
                "RELU": "", "MEAN": "0=1 4=1", "AVERAGE_POOL_2D": "0=1 4=1",
                "RESIZE_BILINEAR": f"0=2 3={t.shape[1]} 4={t.shape[2]}", "DEPTH_TO_SPACE": "0=2 1=1"}[op.name]
        kind = {"ADD": "BinaryOp", "MUL": "BinaryOp", "CONCATENATION": "Concat", "HARD_SWISH": "HardSwish",
                "LOGISTIC": "Sigmoid", "RELU": "ReLU", "MEAN": "Pooling", "AVERAGE_POOL_2D": "Pooling",
                "RESIZE_BILINEAR": "Interp", "DEPTH_TO_SPACE": "PixelShuffle"}[op.name]
        inputs = op.inputs if op.name in ("ADD", "MUL", "CONCATENATION") else [x]
        return self.layer(kind, [self.read(i) for i in inputs], out, text)


def write(lite, stem):
    """Writes stem.param and stem.bin; names of the input and output blobs."""
    graph = LiteGraph(lite)
    if any(t.scales is not None for t in graph.tensors):
        raise KeyError("quantized")
    writer = Writer(graph)
    for index in graph.inputs:
        writer.layer("Input", [], index, "")
    for op in graph.ops:
        writer.op(op)
    blobs = sum(len(outs) for _, _, _, outs, _ in writer.lines)
    text = [f"{kind} {name} {len(ins)} {len(outs)} {' '.join([*ins, *outs])} {parameters}"
            for kind, name, ins, outs, parameters in writer.lines]
    stem.with_suffix(".param").write_text("\n".join(["7767517", f"{len(text)} {blobs}", *text]) + "\n")
    stem.with_suffix(".bin").write_bytes(writer.bytes)
    return f"t{graph.inputs[0]}", f"t{graph.outputs[0]}"
