"""A .tflite file as a list of operations with their constants in numbers, for the writers of ONNX and ncnn graphs."""

import struct
from dataclasses import dataclass

import numpy as np
from ai_edge_litert import schema_py_generated as schema

NAMES = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
TYPES = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16, schema.TensorType.INT8: np.int8,
         schema.TensorType.UINT8: np.uint8, schema.TensorType.INT32: np.int32}


@dataclass
class Tensor:
    """Shape, element type, data where constant, and (scales, zero points) where quantized."""

    shape: list
    dtype: type
    data: np.ndarray | None
    scales: np.ndarray | None
    zeros: np.ndarray | None


@dataclass
class Op:
    """One operation: the schema's name, indices of tensors, options."""

    name: str
    inputs: list
    outputs: list
    options: object


class LiteGraph:
    """The first subgraph. Half-precision constants are widened, and the DEQUANTIZE before their readers is gone."""

    def __init__(self, data):
        model = schema.ModelT.InitFromPackedBuf(data, 0)
        graph = model.subgraphs[0]
        self.inputs, self.outputs = list(graph.inputs), list(graph.outputs)
        self.tensors = [self._tensor(t, model.buffers) for t in graph.tensors]
        self.ops = []
        for op in graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            name = NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if name == "CUSTOM":
                name = code.customCode.decode()
            ins, outs = [int(i) for i in op.inputs], [int(o) for o in op.outputs]
            if name == "DEQUANTIZE" and self.tensors[ins[0]].data is not None:
                self.tensors[outs[0]].data = self.tensors[ins[0]].data.astype(np.float32)
                continue
            options = op.builtinOptions
            if name == "Convolution2DTransposeBias":
                padding, stride_w, stride_h = struct.unpack("<3i", bytes(op.customOptions[:12]))
                options = schema.TransposeConvOptionsT()
                options.padding, options.strideW, options.strideH = padding - 1, stride_w, stride_h
            self.ops.append(Op(name, ins, outs, options))

    @staticmethod
    def _tensor(tensor, buffers):
        dtype, shape = TYPES.get(tensor.type), [int(d) for d in (tensor.shape if tensor.shape is not None else [])]
        raw, data = buffers[tensor.buffer].data, None
        if raw is not None and len(raw) and dtype:
            data = np.frombuffer(bytes(raw), dtype).reshape(shape)
        q = tensor.quantization
        known = q is not None and q.scale is not None and len(q.scale)
        return Tensor(shape, dtype, data, np.array(q.scale, np.float32) if known else None,
                      np.array(q.zeroPoint, np.int64) if known else None)


def pads(padding, size, kernel, stride, dilation):
    """[before, after] of one axis."""
    if padding != schema.Padding.SAME:
        return [0, 0]
    out, reach = -(-size // stride), (kernel - 1) * dilation + 1
    total = max((out - 1) * stride + reach - size, 0)
    return [total // 2, total - total // 2]
