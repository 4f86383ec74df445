"""Races the engine against LiteRT, ONNX Runtime, ncnn, tract and rten on the same graphs: one thread each, interleaved.

    benchmarks/run                  # builds, sets up the peers in target/, prints the tables
    python race.py --binary HYPERCUT [--peers PROGRAM] [--roof JSON] [--quick] [NETWORK.tflite ...]

In each turn every engine runs for a while, one after the other; times are medians over turns of a turn's median and 95th
percentile. Answers are compared with LiteRT's on one input (the first output in reals; where LiteRT and HyperCut store bytes, those
too). The roof is the core's measured peak of 8-bit dot products, or of float multiply-adds for float graphs.
"""

import argparse
import importlib.metadata
import json
import platform
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "public")]
import engines  # noqa: E402
import networks  # noqa: E402
from prepare import published  # noqa: E402

# Turns, and seconds of each: in earnest, and to see that everything works.
FULL, QUICK = (7, 0.4), (2, 0.1)
PACKAGES = ("ai-edge-litert", "onnxruntime", "ncnn", "numpy")


def cpu():
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def contestants(path, work):
    """The engines that run this file, LiteRT and HyperCut first, and why others don't."""
    reference = engines.LiteRt(path, work)
    found, absent = [reference, engines.HyperCut(path, work, reference)], []
    for engine in engines.PEERS:
        try:
            found.append(engine(path, work, reference))
        except engines.Unsupported as error:
            absent.append(f"{engine.name}: {error}")
    return found, absent


def measure(found, turns, seconds):
    """(median, 95th percentile) of each engine in milliseconds, and the ratios to HyperCut turn by turn."""
    seen = [[] for _ in found]
    for turn in range(turns + 1):
        for times, engine in zip(seen, found):
            got = engine.turn(seconds if turn else seconds / 4)
            if turn:
                ms = got if isinstance(got, dict) else {"median": np.median(got), "p95": np.percentile(got, 95)}
                times.append((ms["median"], ms["p95"]))
    seen = np.array(seen)
    return np.median(seen, axis=1), seen[:, :, 0] / seen[1, :, 0]


def distance(engine, reference):
    """How far the engine's answers are from LiteRT's, in words."""
    if isinstance(engine, engines.HyperCut) and reference.outputs()[0].dtype != np.float32:
        gaps = [np.abs(a.astype(int) - b.astype(int)) for a, b in zip(engine.outputs(), reference.outputs())]
        return f"{max(g.max() for g in gaps)} steps on {sum((g > 0).sum() for g in gaps)}/{sum(g.size for g in gaps)}"
    theirs, answer = reference.answer(), engine.answer()
    if answer.ndim == 1:
        n, h, w, c = theirs.shape
        answer = answer.reshape(n, c, h, w).transpose(0, 2, 3, 1)
    return f"{np.abs(answer.reshape(theirs.shape) - theirs).max() / max(np.abs(theirs).max(), 1e-6):.1e} of the peak"


def race(path, work, roof, pace):
    """Prints a network's rows."""
    found, absent = contestants(path, work)
    times, ratios = measure(found, *pace)
    macs, quantized = found[1].report["macs"], found[0].feed[0].dtype != np.float32
    peak = roof.get(found[1].report["isa"], {}).get("int8" if quantized else "float32")
    for engine, (median, p95), ratio in zip(found, times, ratios):
        gap = "reference" if engine is found[0] else distance(engine, found[0])
        share = f"{macs / median / 1e6 / peak * 100:.0f} %" if peak else ""
        print(f"| {path.stem} | {engine.name} | 1 | {median:.3f} | {p95:.3f} | {np.median(ratio):.2f} ({ratio.min():.2f}-{ratio.max():.2f})"
              f" | {gap} | {share} |", flush=True)
    for text in absent:
        print(f"| {path.stem} | {text} | | | | | | |", flush=True)
    return found[1].report["isa"]


def mediapipe(folder):
    """MediaPipe's two networks for selfies, from its package."""
    paths = []
    for name in ("selfie_segmentation", "selfie_segmentation_landscape"):
        try:
            data = published("mediapipe==0.10.21", f"/{name}.tflite", folder)
        except Exception as error:  # noqa: BLE001: without the registry the rest of the race goes on
            print(f"skipped: {name} cannot be had: {error}", file=sys.stderr)
            continue
        paths.append(folder / f"{name}.tflite")
        paths[-1].write_bytes(data)
    return paths


def main():
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--peers")
    parser.add_argument("--roof", type=json.loads, default={})
    parser.add_argument("--quick", action="store_true", help="few and short turns, our networks and one more")
    parser.add_argument("networks", nargs="*", type=Path)
    options = parser.parse_args()
    engines.HyperCut.binary, engines.RustPeer.binary = options.binary, options.peers
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        ours = sorted((HERE.parent / "models").glob("*.tflite"))
        if options.quick:
            paths, pace = options.networks or [*ours, networks.write(work / "networks")["portrait_160_int8"]], QUICK
        else:
            paths, pace = options.networks or [*ours, *networks.write(work / "networks").values(), *mediapipe(work)], FULL
        versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in PACKAGES)
        print(f"{time.strftime('%Y-%m-%d %H:%M')}, {cpu()}, one thread; {versions}, tract 0.22.5, rten 0.24.0")
        print(f"Roof in GMAC/s: {json.dumps(options.roof)}\n")
        print("| network | engine | threads | median ms | p95 | time / HyperCut's (range) | answers differ from LiteRT's by | of the roof |")
        print("|---|---|---|---|---|---|---|---|")
        isa = [race(path, folder, options.roof, pace) for path in paths][-1]
        print(f"\nHyperCut ran on {isa}; medians of {pace[0]} interleaved turns of {pace[1]} s.")


if __name__ == "__main__":
    main()
