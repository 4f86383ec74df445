"""Writes a TFLite flatbuffer by hand, through the schema's generated classes: buffers, tensors, operators."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

# Operator versions that LiteRT registers for int8: per-channel convolutions 3, ADD 2, RESIZE_BILINEAR with
# half-pixel centres 3.
VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "ADD": 2, "RESIZE_BILINEAR": 3, "DEPTH_TO_SPACE": 1}
TYPES = {"int8": schema.TensorType.INT8, "int32": schema.TensorType.INT32}


class FlatFile:
    """One model with one subgraph, built up tensor by tensor."""

    def __init__(self, description):
        self.model = schema.ModelT()
        self.model.version, self.model.description = 3, description
        self.model.buffers = [schema.BufferT()]  # buffer 0 is empty by convention
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.name, self.graph.tensors, self.graph.operators = "main", [], []
        self.index, self.codes = {}, {}

    def tensor(self, name, shape, kind, scales=None, zeros=None, dimension=0, data=None):
        """Adds a tensor; `data` makes it a constant. Returns its index."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), TYPES[kind]
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        if scales is not None:
            quantization = schema.QuantizationParametersT()
            quantization.scale = [float(np.float32(value)) for value in scales]
            quantization.zeroPoint = [int(value) for value in zeros]
            quantization.quantizedDimension = dimension
            tensor.quantization = quantization
        self.index[name] = len(self.graph.tensors)
        self.graph.tensors.append(tensor)
        return self.index[name]

    def _code(self, name):
        if name not in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode = code.builtinCode
            code.version = VERSIONS[name]
            self.codes[name] = len(self.model.operatorCodes)
            self.model.operatorCodes.append(code)
        return self.codes[name]

    def operator(self, name, inputs, outputs, kind, options):
        """Adds an operator; `kind` names its options in the schema's union."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(name)
        operator.inputs = [self.index[value] for value in inputs]
        operator.outputs = [self.index[value] for value in outputs]
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        operator.builtinOptions = options
        self.graph.operators.append(operator)

    def bytes(self, inputs, outputs):
        """The finished file."""
        self.graph.inputs = [self.index[name] for name in inputs]
        self.graph.outputs = [self.index[name] for name in outputs]
        self.model.subgraphs = [self.graph]
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
