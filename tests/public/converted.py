"""Runs networks that `hypercut convert` made in LiteRT, for crates/engine/tests/public.rs.

    venv/bin/python converted.py FOLDER

Writes FOLDER/<network>.golden for every FOLDER/converted_*.tflite: the file, the pictures of samples/ as inputs, and the answers of
LiteRT's reference kernels followed by those of its default ones (XNNPACK).
"""

import sys
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from prepare import HERE, UNIT, container, feeds, interpret, outputs_of


def main():
    """Writes the containers."""
    folder = Path(sys.argv[1])
    pictures = sorted((HERE.parent.parent / "samples").glob("*.jpg"))
    for path in sorted(folder.glob("converted_*.tflite")):
        data, cases = path.read_bytes(), []
        default = Interpreter(model_content=data)
        default.allocate_tensors()
        detail = default.get_input_details()[0]
        for label, values in feeds(detail, UNIT, pictures):
            default.set_tensor(detail["index"], values)
            default.invoke()
            outputs = outputs_of(interpret(data, [values])) + outputs_of(default)
            cases.append((label, b"" if cases else data, [values], outputs))
        path.with_suffix(".golden").write_bytes(container(cases))
        print(f"{path.stem:36} {len(cases)} inputs")


if __name__ == "__main__":
    main()
