"""rembg's folder work beside `hypercut folder`, one core each, the same pictures, cut-outs as PNG.

    taskset -c 0 python benchmarks/rembg_overhead.py HYPERCUT FOLDER

rembg (`pip install 'rembg[cpu,cli]==2.0.86'`) downloads its networks, which need not be reachable: a session stands in for them that
returns a constant mask without any arithmetic. So this is what rembg costs besides its network, and flatters it.
HyperCut is timed whole: network, soft edges, foreground colours.
"""
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKER = """
import resource, sys, time
clock = time.perf_counter()
from PIL import Image
from rembg import remove
from rembg.sessions.base import BaseSession

class Constant(BaseSession):
    def __init__(self): pass
    def predict(self, img, *args, **kwargs):
        # An ellipse-like blob would need drawing; a flat mask is the cheapest there is.
        return [Image.new("L", img.size, 200)]
    @classmethod
    def download_models(cls, *args, **kwargs): pass
    @classmethod
    def name(cls, *args, **kwargs): return "constant"

session = Constant()
from pathlib import Path
files = sorted(Path(sys.argv[1]).iterdir())
started = time.perf_counter() - clock
clock = time.perf_counter()
for file in files:
    (Path(sys.argv[2]) / (file.stem + ".png")).write_bytes(remove(file.read_bytes(), session=session))
took = time.perf_counter() - clock
print(len(files) / took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, started)
"""


def main():
    hypercut, folder = sys.argv[1:]
    files = sorted(Path(folder).glob("*.jpg"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    rates = {"rembg": [], "hypercut": []}
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        source.mkdir()
        for turn in range(3):
            for file in files:
                os.symlink(file.resolve(), source / f"{turn}-{file.name}")
        count = len(list(source.iterdir()))
        for round_ in range(5):
            out = Path(place) / f"rembg{round_}"
            out.mkdir()
            done = subprocess.run([sys.executable, "-c", WORKER, source, out], env=environment, capture_output=True, text=True, check=True)
            rates["rembg"].append([float(word) for word in done.stdout.split()])
            command = [hypercut, "folder", source, "-o", Path(place) / f"hypercut{round_}", "--effect", "cutout", "--jobs", "1", "-q"]
            clock = time.perf_counter()
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - clock
            assert status == 0, status
            clock = time.perf_counter()
            subprocess.run([hypercut, "--version"], check=True, capture_output=True)
            rates["hypercut"].append([count / took, usage.ru_maxrss / 1024, time.perf_counter() - clock])
    for name, rounds in rates.items():
        middle = [sorted(column)[len(column) // 2] for column in zip(*rounds)]
        print(f"{name}: {middle[0]:.2f} pictures/s, {middle[1]:.0f} MB, start {middle[2] * 1e3:.0f} ms")


main()
