"""Writes what the peers run: our portrait network with its constants as floats (.tflite, .onnx), as 8-bit ONNX, and MediaPipe's own.

usage: networks.py OUT
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "tests/public")]
import flatbuffers  # noqa: E402
import onnx_graph  # noqa: E402
from ai_edge_litert import schema_py_generated as schema  # noqa: E402
from prepare import published  # noqa: E402


def as_floats(data):
    """The same graph with every quantized tensor as float32: constants as the numbers they stand for."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    types = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}
    for tensor in model.subgraphs[0].tensors:
        q = tensor.quantization
        if tensor.type not in types or q is None or q.scale is None or len(q.scale) == 0:
            continue
        raw = model.buffers[tensor.buffer].data
        if raw is not None and len(raw):
            values = np.frombuffer(bytes(raw), types[tensor.type]).reshape(tensor.shape)
            along = [1] * values.ndim
            along[q.quantizedDimension] = -1 if len(q.scale) > 1 else 1
            scale, zero = (np.asarray(x, np.float64).reshape(along) for x in (q.scale, q.zeroPoint))
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(((values - zero) * scale).astype(np.float32).tobytes(), np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
        tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def main():
    """Writes the files."""
    out = Path(sys.argv[1])
    ours = (HERE.parents[1] / "models/hypercut-v13.tflite").read_bytes()
    floats = as_floats(ours)
    (out / "float.tflite").write_bytes(floats)
    (out / "int8.tflite").write_bytes(ours)
    onnx_graph.write(floats, str(out / "float.onnx"))
    onnx_graph.write(ours, str(out / "int8.onnx"))
    for name, inside in (("general", "/selfie_segmentation.tflite"), ("landscape", "/selfie_segmentation_landscape.tflite")):
        (out / f"{name}.tflite").write_bytes(published("mediapipe==0.10.21", inside, out))


if __name__ == "__main__":
    main()
