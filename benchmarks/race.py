"""Races the engine against LiteRT (XNNPACK) on the same files: one thread, interleaved, medians, answers compared.

    benchmarks/run                  # builds, sets up the peers in target/, prints the table
    python race.py HYPERCUT [NETWORK.tflite ...]

Each turn runs LiteRT for a while in this process, then `hypercut bench` for a while; the ratio is of medians over turns. The
answers' difference is the largest over the elements of every output on one random input (steps for bytes).
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ai_edge_litert
import numpy as np
from ai_edge_litert.interpreter import Interpreter

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "public")]
import networks  # noqa: E402
from prepare import for_litert  # noqa: E402

TURNS, SECONDS = 7, 0.4


def feed(lite):
    """A random input for every input tensor."""
    rng = np.random.Generator(np.random.PCG64(1))
    arrays = []
    for d in lite.get_input_details():
        if d["dtype"] == np.float32:
            arrays.append(rng.random(d["shape"], np.float32))
        else:
            info = np.iinfo(d["dtype"])
            arrays.append(rng.integers(info.min, info.max + 1, d["shape"]).astype(d["dtype"]))
        lite.set_tensor(d["index"], arrays[-1])
    return arrays


def litert_times(lite):
    """Milliseconds of each run in one turn."""
    times, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        lite.invoke()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def hypercut_turn(binary, path, rounds):
    """The report of one `hypercut bench`."""
    command = [binary, "bench", "--json", "--quiet", "--rounds", str(rounds), "--frame", "64x64", "--model", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def difference(binary, path, arrays, lite):
    """Largest distance between the engine's outputs and LiteRT's, and on how many elements they differ."""
    with tempfile.TemporaryDirectory() as folder:
        command, outs = [binary, "model", "run", str(path)], []
        for i, array in enumerate(arrays):
            np.save(f"{folder}/in{i}.npy", array)
            command += ["--input", f"{folder}/in{i}.npy"]
        details = lite.get_output_details()
        for i in range(len(details)):
            outs.append(f"{folder}/out{i}.npy")
            command += ["-o", outs[-1]]
        subprocess.run(command, check=True, capture_output=True)
        gaps = [np.abs(np.load(o).astype(np.float64) - lite.get_tensor(d["index"])) for o, d in zip(outs, details)]
    return max(g.max() for g in gaps), sum(int((g > 0).sum()) for g in gaps), sum(g.size for g in gaps)


def race(binary, path):
    """One row: medians of both, ratio, answers."""
    lite = Interpreter(model_content=for_litert(path.read_bytes()), num_threads=1)
    lite.allocate_tensors()
    arrays = feed(lite)
    litert_times(lite)
    rounds = max(20, int(SECONDS * 1e3 / hypercut_turn(binary, path, 20)["network_ms"]["median"]))
    theirs, ours, ratios = [], [], []
    for _ in range(TURNS):
        turn = litert_times(lite)
        report = hypercut_turn(binary, path, rounds)
        theirs.append(np.median(turn))
        ours.append(report["network_ms"]["median"])
        ratios.append(theirs[-1] / ours[-1])
    gap, differing, elements = difference(binary, path, arrays, lite)
    print(f"| {path.stem} | {report['macs'] / 1e6:.0f} | {np.median(theirs):.3f} | {np.median(ours):.3f} "
          f"| {np.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) | {gap:.3g} on {differing}/{elements} |",
          flush=True)
    return report["isa"]


def cpu():
    """The processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main():
    """Prints a Markdown table."""
    binary, given = sys.argv[1], [Path(p) for p in sys.argv[2:]]
    with tempfile.TemporaryDirectory() as folder:
        paths = given or [*sorted((HERE.parent / "models").glob("*.tflite")), *networks.write(Path(folder)).values()]
        print(f"{time.strftime('%Y-%m-%d')}, {cpu()}, one thread, ai-edge-litert {ai_edge_litert.__version__}\n")
        print("| network | MMACs | LiteRT ms | HyperCut ms | ratio (range) | answers differ by |\n|---|---|---|---|---|---|")
        isa = [race(binary, path) for path in paths][-1]
        print(f"\nHyperCut ran on {isa}; medians of {TURNS} interleaved turns.")


if __name__ == "__main__":
    main()
