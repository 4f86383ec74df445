"""Tiny networks described once in float and written as .tflite files in any element type.

A `Net` holds float data alone. `emit` turns it into a file: as it is ("float32"), with half-precision weights
("float16"), or quantized ("int8": weights symmetric per output channel; "uint8": weights per tensor with a zero point,
as TensorFlow 1.x wrote them). Scales of activations come from the ranges that the float file shows in LiteRT.
"""

from dataclasses import dataclass, field

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

QUANTIZED = {"int8": np.int8, "uint8": np.uint8}
TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
}
# Versions say which features a file uses; LiteRT refuses those above the newest it knows. Int8 began with these.
INT8_VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4, "PRELU": 1, "HARD_SWISH": 1, "RESHAPE": 1,
                 "SQUEEZE": 1, "EXPAND_DIMS": 1, "RELU_N1_TO_1": 1, "DEPTH_TO_SPACE": 1}


@dataclass
class Tensor:
    """One tensor: `kind` is input, weight, bias, operand (a constant quantized like an activation), ints or result."""

    kind: str
    data: np.ndarray | None = None
    axis: int = 0
    like: int | None = None
    fixed: dict | None = None
    sources: tuple = ()
    dtype: type | None = None


@dataclass
class Net:
    """Tensors and operations of one tiny network, in order of execution."""

    tensors: list = field(default_factory=list)
    ops: list = field(default_factory=list)
    squeeze_range: float = 1.0
    weight_axes_per_channel: bool = True
    # Shapes of the results, where no float file can tell them (QUANTIZE, DEQUANTIZE).
    shapes: dict = field(default_factory=dict)

    def _add(self, tensor):
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def input(self, data):
        """An input that the case feeds with `data` (quantized over its own range)."""
        return self._add(Tensor("input", np.asarray(data, np.float32)))

    def weight(self, data, axis):
        """Constant weights; `axis` is the output channel."""
        return self._add(Tensor("weight", np.asarray(data, np.float32), axis=axis))

    def bias(self, data, x, w):
        """Constant bias, int32 at scale(x) * scale(w) when quantized."""
        return self._add(Tensor("bias", np.asarray(data, np.float32), sources=(x, w)))

    def operand(self, data):
        """A constant operand, quantized over its own range."""
        return self._add(Tensor("operand", np.asarray(data, np.float32)))

    def ints(self, data):
        """An int32 constant: shapes, axes, paddings."""
        return self._add(Tensor("ints", np.asarray(data, np.int32)))

    def result(self, like=None, fixed=None, dtype=None):
        """What an operation writes; `like`: same quantization as that tensor; `fixed`: {type: (scale, zero point)}."""
        return self._add(Tensor("result", like=like, fixed=fixed, dtype=dtype))

    def op(self, name, inputs, outputs, options=None):
        """Appends operation `name` (the schema's spelling); inputs may hold -1 for an absent optional one."""
        self.ops.append((name, list(inputs), list(outputs), options))
        return outputs[0]

    def inputs(self):
        """Indices of the fed tensors."""
        return [i for i, t in enumerate(self.tensors) if t.kind == "input"]

    def outputs(self):
        """Indices of results that no later operation reads."""
        read = {i for _, ins, _, _ in self.ops for i in ins}
        return [o for _, _, outs, _ in self.ops for o in outs if o not in read]


def activation_scale(low, high, dtype):
    """Scale and zero point so that `low..high`, stretched to hold 0, covers the 256 values of `dtype`."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    if high - low < 1e-6:
        high = low + 1.0
    bottom = np.iinfo(dtype).min
    scale = np.float32((high - low) / 255.0)
    return scale, int(np.clip(round(bottom - low / float(scale)), bottom, bottom + 255))


def quantize(data, scale, zero_point, dtype):
    """Real numbers to stored bytes: divide, round half to even, add the zero point, clamp."""
    info = np.iinfo(dtype)
    return np.clip(np.rint(data / np.float64(scale)) + zero_point, info.min, info.max).astype(dtype)


def weight_scales(data, axis, dtype, per_channel):
    """Scales and zero points of weights: one pair per channel (symmetric, int8) or one for all."""
    if dtype is np.uint8:
        scale, zero = activation_scale(data.min(), data.max(), dtype)
        return np.array([scale], np.float32), np.array([zero])
    if not per_channel:
        return np.array([max(np.abs(data).max(), 1e-3) / 127], np.float32), np.array([0])
    peak = np.abs(data).max(axis=tuple(i for i in range(data.ndim) if i != axis))
    return (np.maximum(peak, 1e-3) / 127).astype(np.float32), np.zeros(len(peak), int)


class Emitter:
    """Writes one `Net` in one element type."""

    def __init__(self, net, mode, shapes=None, ranges=None):
        self.net, self.mode = net, mode
        self.shapes, self.ranges = shapes or {}, ranges or {}
        self.buffers, self.tensors, self.codes, self.operators = [np.zeros(0, np.uint8)], [], [], []
        self.stored, self.scales = {}, {}

    def run(self):
        """The bytes of the file."""
        for index in range(len(self.net.tensors)):
            self._tensor(index)
        halves = self._widen_halves() if self.mode == "float16" else {}
        for name, inputs, outputs, options in self.net.ops:
            self._operator(name, [halves.get(i, i) for i in inputs], outputs, options)
        return self._pack()

    def _scale(self, index):
        t, dtype = self.net.tensors[index], QUANTIZED[self.mode]
        if t.like is not None:
            return self.scales[t.like]
        if t.fixed:
            scale, zero = t.fixed[self.mode]
        elif t.kind == "result":
            low, high = self.ranges[index]
            scale, zero = activation_scale(low * self.net.squeeze_range, high * self.net.squeeze_range, dtype)
        else:
            scale, zero = activation_scale(t.data.min(), t.data.max(), dtype)
        return np.array([scale], np.float32), np.array([zero])

    def _tensor(self, index):
        t, dtype, axis = self.net.tensors[index], QUANTIZED.get(self.mode), 0
        data, scales = t.data, None
        if t.dtype is not None and t.dtype is not np.float32:
            dtype = t.dtype
        elif t.kind == "ints":
            dtype = np.int32
        elif dtype is None:
            dtype = np.float16 if self.mode == "float16" and t.kind == "weight" else np.float32
            data = None if data is None else data.astype(dtype)
        elif t.dtype is np.float32:
            dtype = np.float32
        elif t.kind == "weight":
            scales, axis = weight_scales(data, t.axis, dtype, self.net.weight_axes_per_channel), t.axis
            side = [1] * data.ndim
            side[axis] = -1
            each = [np.resize(s, data.shape[axis]).reshape(side) for s in scales]
            data = quantize(data, each[0], each[1], dtype)
            if dtype is np.int8:
                data = np.maximum(data, -127)
        elif t.kind == "bias":
            scale = self.scales[t.sources[0]][0] * self.scales[t.sources[1]][0]
            data = np.clip(np.rint(data / scale.astype(np.float64)), -(2**30), 2**30).astype(np.int32)
            scales, dtype = (scale.astype(np.float32), np.zeros(len(scale), int)), np.int32
        else:
            scales = self._scale(index)
            data = None if data is None else quantize(data, scales[0][0], scales[1][0], dtype)
        if scales is not None:
            self.scales[index] = scales
        self.stored[index] = data
        shape = self.shapes.get(index, ()) if t.kind == "result" else data.shape
        self._store(f"t{index}", dtype, shape, None if t.kind == "input" else data, scales, axis)

    def _store(self, name, dtype, shape, data, scales=None, axis=0):
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape = name, TYPES[np.dtype(dtype)], [int(d) for d in shape]
        tensor.buffer = 0
        if data is not None:
            self.buffers.append(np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8))
            tensor.buffer = len(self.buffers) - 1
        if scales is not None:
            q = schema.QuantizationParametersT()
            q.scale, q.zeroPoint = [float(s) for s in scales[0]], [int(z) for z in scales[1]]
            q.quantizedDimension = axis if len(scales[0]) > 1 else 0
            tensor.quantization = q
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _widen_halves(self):
        widened = {}
        for index, t in enumerate(self.net.tensors):
            if t.kind == "weight":
                wide = self._store(f"t{index}_f32", np.float32, t.data.shape, None)
                self._operator("DEQUANTIZE", [index], [wide], None)
                widened[index] = wide
        return widened

    def _operator(self, name, inputs, outputs, options):
        quantized = any(self.tensors[i].type == schema.TensorType.INT8 for i in inputs if i >= 0)
        version = INT8_VERSIONS.get(name, 2) if quantized else 1
        if (name, version) not in self.codes:
            self.codes.append((name, version))
        op = schema.OperatorT()
        op.opcodeIndex = self.codes.index((name, version))
        op.inputs, op.outputs = inputs, outputs
        if options is not None:
            op.builtinOptions = options
            op.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        self.operators.append(op)

    def _pack(self):
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = self.net.inputs(), self.net.outputs()
        model = schema.ModelT()
        model.version, model.subgraphs, model.description = 3, [graph], "golden"
        model.operatorCodes = []
        for name, version in self.codes:
            code = schema.OperatorCodeT()
            number = getattr(schema.BuiltinOperator, name)
            code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
            model.operatorCodes.append(code)
        model.buffers = []
        for data in self.buffers:
            buffer = schema.BufferT()
            buffer.data = data if len(data) else None
            model.buffers.append(buffer)
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def interpret(model, inputs, every_tensor=False):
    """Runs `model` with LiteRT's reference kernels; returns the interpreter after the run."""
    lite = Interpreter(model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
                       experimental_preserve_all_tensors=every_tensor)
    lite.allocate_tensors()
    for detail, data in zip(lite.get_input_details(), inputs, strict=True):
        lite.set_tensor(detail["index"], data)
    lite.invoke()
    return lite


def outputs_of(lite):
    """Every output tensor, in the file's order."""
    return [lite.get_tensor(d["index"]) for d in lite.get_output_details()]


def golden(net, mode):
    """(model bytes, inputs, outputs by LiteRT's reference kernels) of `net` in element type `mode`."""
    feed = [net.tensors[i].data for i in net.inputs()]
    results = [o for _, _, outs, _ in net.ops for o in outs]
    shapes, ranges = net.shapes, {}
    if not shapes:
        # A first float run tells shapes and ranges.
        lite = interpret(Emitter(net, "float32").run(), feed, every_tensor=True)
        seen = {i: lite.get_tensor(i) for i in results}
        shapes = {i: v.shape for i, v in seen.items()}
        ranges = {i: (v.min(), v.max()) for i, v in seen.items()}
    emitter = Emitter(net, mode, shapes, ranges)
    model = emitter.run()
    feed = [emitter.stored[i] for i in net.inputs()]
    return model, feed, outputs_of(interpret(model, feed))
