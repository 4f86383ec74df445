"""Writes ops/<OPERATION>.golden: tiny .tflite files, inputs, and what LiteRT's reference kernels answer.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python make.py [OPERATION ...]

Running it twice gives the same bytes. The container, little-endian:

    "HCGOLD01", u32 length of the rest once inflated, then a zlib stream of
      u32 cases, and per case
        u16 n, n bytes   name (UTF-8)
        u32 n, n bytes   the .tflite file
        u8 n, n tensors  inputs
        u8 n, n tensors  outputs
    tensor: u8 type (0 float32, 1 int8, 2 uint8, 3 int32, 4 int64), u8 rank, rank x u32 shape, the elements
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np

from cases import CASES, models
from network import golden

HERE = Path(__file__).parent
CODES = {"float32": 0, "int8": 1, "uint8": 2, "int32": 3, "int64": 4}


def tensor_bytes(array):
    """One tensor of the container."""
    head = struct.pack("<BB", CODES[str(array.dtype)], array.ndim) + struct.pack(f"<{array.ndim}I", *array.shape)
    return head + np.ascontiguousarray(array).tobytes()


def case_bytes(name, model, inputs, outputs):
    """One case of the container."""
    parts = [struct.pack("<H", len(name)), name.encode(), struct.pack("<I", len(model)), model]
    for tensors in (inputs, outputs):
        parts.append(struct.pack("<B", len(tensors)))
        parts += [tensor_bytes(t) for t in tensors]
    return b"".join(parts)


def container(cases):
    """The bytes of one golden file."""
    body = struct.pack("<I", len(cases)) + b"".join(case_bytes(*c) for c in cases)
    return b"HCGOLD01" + struct.pack("<I", len(body)) + zlib.compress(body, 9)


def make(operation):
    """All cases of one operation: its generator, in each of its element types, seeded by the operation's name."""
    generator, modes, count = CASES[operation]
    cases = []
    for mode in modes:
        for i in range(count):
            rng = np.random.Generator(np.random.PCG64([zlib.crc32(operation.encode()), i, zlib.crc32(mode.encode())]))
            net, label = generator(rng, i, mode)
            name = f"{mode}/{i:02} {label}"
            try:
                cases.append((name, *golden(net, mode)))
            except RuntimeError as error:
                raise RuntimeError(f"LiteRT refuses {operation} {name}") from error
    return cases


def main():
    """Writes the operations named on the command line, or all of them and the models for the malformed-file tests."""
    wanted = sys.argv[1:] or list(CASES)
    for operation in wanted:
        data = container(make(operation))
        (HERE / "ops" / f"{operation}.golden").write_bytes(data)
        print(f"{operation:24} {len(data):8} bytes")
    if not sys.argv[1:]:
        (HERE / "models").mkdir(exist_ok=True)
        for name, data in models():
            (HERE / "models" / f"{name}.tflite").write_bytes(data)
            print(f"{name:24} {len(data):8} bytes")


if __name__ == "__main__":
    main()
