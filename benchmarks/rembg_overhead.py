"""rembg's folder work beside `hypercut folder`, one core each, the same pictures, cut-outs as PNG.

    taskset -c 0 python benchmarks/rembg_overhead.py HYPERCUT FOLDER

rembg (`pip install 'rembg[cpu,cli]==2.0.86'`) downloads its networks, which need not be reachable: a session stands in for them that
returns a constant mask without any arithmetic. So this is what rembg costs besides its network, and flatters it.
Seconds are of processor time, so that what else the machine does counts little; of `rembg` its import is not among them (`start`).
HyperCut is timed whole: network (up to four looks, or one with `--fast`), soft edges, foreground colours.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

WORKER = """
import resource, sys, time
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
started = time.process_time()
for file in files:
    (Path(sys.argv[2]) / (file.stem + ".png")).write_bytes(remove(file.read_bytes(), session=session))
took = time.process_time() - started
print(len(files) / took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, started)
"""


def waited(command):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, status
    return usage


def spent(usage):
    return usage.ru_utime + usage.ru_stime


def main():
    hypercut, folder = sys.argv[1:]
    files = sorted(Path(folder).glob("*.jpg"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    looks = {"hypercut": [], "hypercut --fast": ["--fast"]}
    rates = {"rembg": [], **{name: [] for name in looks}}
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
            for name, flags in looks.items():
                target = Path(place) / f"{name}{round_}"
                command = [hypercut, "folder", source, "-o", target, "--effect", "cutout", "--jobs", "1", "-q", *flags]
                usage = waited(command)
                version = waited([hypercut, "--version"])
                rates[name].append([count / spent(usage), usage.ru_maxrss / 1024, spent(version)])
    for name, rounds in rates.items():
        middle = [sorted(column)[len(column) // 2] for column in zip(*rounds)]
        rates_of = [f"{rate:.2f}" for rate, _, _ in rounds]
        print(f"{name}: {middle[0]:.2f} pictures/s, {middle[1]:.0f} MB, start {middle[2] * 1e3:.0f} ms; {' '.join(rates_of)}")


main()
