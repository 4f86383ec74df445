"""The engines of the race. Each is made for one .tflite file, raises `Unsupported` where it cannot run that graph, and offers

    turn(seconds) -> milliseconds of each run        answer() -> the first output as reals, NHWC

on one input that all share: random in 0..1, or random bytes for a quantized file. One thread each.
"""

import json
import subprocess
import time
from pathlib import Path

import ncnn
import ncnn_graph
import numpy as np
import onnx_graph
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from prepare import for_litert


class Unsupported(Exception):
    """This engine cannot run this graph; the text says why."""


def real(array, detail):
    """Reals of stored numbers."""
    if array.dtype == np.float32:
        return array
    scale, zero = detail["quantization"]
    return (array.astype(np.float32) - np.float32(zero)) * np.float32(scale)


def timed(run, seconds):
    """Milliseconds of each run for so long."""
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return times


class LiteRt:
    """LiteRT with XNNPACK on the file itself: the reference for answers."""

    name = "LiteRT"

    def __init__(self, path, _work):
        self.lite = Interpreter(model_content=for_litert(path.read_bytes()), num_threads=1)
        self.lite.allocate_tensors()
        rng, self.feed = np.random.Generator(np.random.PCG64(1)), []
        for d in self.lite.get_input_details():
            if d["dtype"] == np.float32:
                array = rng.random(d["shape"], np.float32)
            else:
                info = np.iinfo(d["dtype"])
                array = rng.integers(info.min, info.max + 1, d["shape"]).astype(d["dtype"])
            self.lite.set_tensor(d["index"], array)
            self.feed.append(array)
        self.lite.invoke()

    def turn(self, seconds):
        return timed(self.lite.invoke, seconds)

    def outputs(self):
        """Every output as stored."""
        return [self.lite.get_tensor(d["index"]) for d in self.lite.get_output_details()]

    def real_input(self):
        """The first input as reals, NHWC."""
        return real(self.feed[0], self.lite.get_input_details()[0])

    def answer(self):
        return real(self.outputs()[0], self.lite.get_output_details()[0])


class HyperCut:
    """`hypercut bench` and `hypercut model run` on the file itself."""

    name, binary = "HyperCut", None

    def __init__(self, path, work, reference):
        self.path, self.reference, self.work = path, reference, work
        self.report = self._bench(20)

    def _bench(self, rounds):
        command = [self.binary, "bench", "--json", "--quiet", "--rounds", str(rounds), "--frame", "64x64", "--model",
                   str(self.path)]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    def turn(self, seconds):
        """The command gives a median and a 95th percentile: those two stand for its runs."""
        rounds = max(20, int(seconds * 1e3 / self.report["network_ms"]["median"]))
        ms = self._bench(rounds)["network_ms"]
        return {"median": ms["median"], "p95": ms["p95"]}

    def outputs(self):
        """Every output as stored."""
        command, files = [self.binary, "model", "run", str(self.path)], []
        for i, array in enumerate(self.reference.feed):
            np.save(f"{self.work}/in{i}.npy", array)
            command += ["--input", f"{self.work}/in{i}.npy"]
        for i in range(len(self.reference.lite.get_output_details())):
            files.append(f"{self.work}/out{i}.npy")
            command += ["-o", files[-1]]
        subprocess.run(command, check=True, capture_output=True)
        return [np.load(f) for f in files]

    def answer(self):
        return real(self.outputs()[0], self.reference.lite.get_output_details()[0])


def onnx_file(path, work):
    """The file as ONNX, written once, and the input's shape."""
    target = Path(work) / f"{path.stem}.onnx"
    try:
        return target, onnx_graph.write(path.read_bytes(), target)
    except (KeyError, TypeError, ValueError) as error:
        raise Unsupported(f"no ONNX graph: {error}") from error


class OnnxRuntime:
    """ONNX Runtime on the same graph as QDQ (u8 x s8, per channel) or float."""

    name = "ONNX Runtime"

    def __init__(self, path, work, reference):
        if reference.feed[0].dtype == np.uint8:
            raise Unsupported("weights with zero points: no kernel for them")
        target, _ = onnx_file(path, work)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(target, options, providers=["CPUExecutionProvider"])
        x = np.ascontiguousarray(reference.real_input().transpose(0, 3, 1, 2))
        self.feed = {self.session.get_inputs()[0].name: x}

    def turn(self, seconds):
        return timed(lambda: self.session.run(None, self.feed), seconds)

    def answer(self):
        return self.session.run(None, self.feed)[0].transpose(0, 2, 3, 1)


class Ncnn:
    """ncnn on the same graph, float alone (its 16-bit shortcuts off: the others compute in 32)."""

    name = "ncnn"

    def __init__(self, path, work, reference):
        stem = Path(work) / f"{path.stem}_ncnn"
        try:
            self.ports = ncnn_graph.write(path.read_bytes(), stem)
        except (KeyError, TypeError, ValueError) as error:
            raise Unsupported(f"no ncnn graph: {error}") from error
        self.net = ncnn.Net()
        self.net.opt.num_threads = 1
        self.net.opt.use_fp16_packed = self.net.opt.use_fp16_storage = self.net.opt.use_fp16_arithmetic = False
        self.net.opt.use_bf16_storage = False
        self.net.load_param(str(stem.with_suffix(".param")))
        self.net.load_model(str(stem.with_suffix(".bin")))
        # A Mat does not keep the array whose memory it has.
        self.array = np.ascontiguousarray(reference.real_input()[0].transpose(2, 0, 1))
        self.x = ncnn.Mat(self.array)

    def run(self):
        """One run: its output."""
        extractor = self.net.create_extractor()
        extractor.input(self.ports[0], self.x)
        return extractor.extract(self.ports[1])[1]

    def turn(self, seconds):
        return timed(self.run, seconds)

    def answer(self):
        array = np.array(self.run())
        return array.transpose(1, 2, 0)[None] if array.ndim == 3 else array[None, None, None]


class RustPeer:
    """tract or rten on the ONNX file, by the program in benchmarks/peers."""

    binary, engine = None, None

    def __init__(self, path, work, reference):
        if self.binary is None:
            raise Unsupported("benchmarks/peers is not built")
        if reference.feed[0].dtype == np.uint8:
            raise Unsupported("as for ONNX Runtime")
        self.target, self.shape = onnx_file(path, work)
        self.work = work
        reference.real_input().transpose(0, 3, 1, 2).astype("<f4").tofile(f"{work}/peer.in")
        self.turn(0)

    def turn(self, seconds):
        command = [self.binary, self.engine, str(self.target), f"{self.work}/peer.in", f"{self.work}/peer.{self.engine}",
                   str(seconds), *map(str, self.shape)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise Unsupported(done.stderr.strip().splitlines()[-1][:120] if done.stderr.strip() else "failed")
        return json.loads(done.stdout)

    def answer(self):
        numbers = np.fromfile(f"{self.work}/peer.{self.engine}", "<f4")
        return numbers


class Tract(RustPeer):
    """tract."""

    name = engine = "tract"


class Rten(RustPeer):
    """rten."""

    name = engine = "rten"


PEERS = [OnnxRuntime, Ncnn, Tract, Rten]


def turn_about(file, folder, turns, seconds):
    """Our median and LiteRT's samples, in milliseconds, of each of so many turns on a .tflite, one engine after the other."""
    lite = LiteRt(file, folder)
    own = HyperCut(file, folder, lite)
    for _ in range(turns):
        yield own.turn(seconds)["median"], lite.turn(seconds)
