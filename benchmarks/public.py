"""Races the engine against LiteRT on the published networks of `tests/public`: one thread each, turn and turn about.

    python public.py HYPERCUT FOLDER

HYPERCUT is a release build; FOLDER keeps the downloaded packages. A network whose custom operation LiteRT's Python package lacks is
raced with the built-in operation that does the same.
"""

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "public"))
import prepare  # noqa: E402
from engines import HyperCut, turn_about  # noqa: E402

TURNS, SECONDS = 7, 0.25


def race(file, folder):
    """Median milliseconds of both, and the median, least and greatest ratio of LiteRT's time to ours over the turns."""
    ours, theirs = zip(*((own, statistics.median(lite)) for own, lite in turn_about(file, folder, TURNS, SECONDS)))
    ratios = [b / a for a, b in zip(ours, theirs)]
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios), min(ratios), max(ratios)


def main():
    """Prints a Markdown table."""
    HyperCut.binary, packages, work = sys.argv[1], Path(sys.argv[2]), Path(tempfile.mkdtemp())
    packages.mkdir(parents=True, exist_ok=True)
    print("| network | HyperCut ms | LiteRT ms | LiteRT / HyperCut (range) |\n|---|---|---|---|")
    for name, (package, inside, _) in prepare.NETWORKS.items():
        file = work / f"{name}.tflite"
        file.write_bytes(prepare.for_litert(prepare.published(package, inside, packages)))
        ours, theirs, middle, least, most = race(file, work)
        print(f"| {name} | {ours:.3f} | {theirs:.3f} | {middle:.2f} ({least:.2f}-{most:.2f}) |", flush=True)


if __name__ == "__main__":
    main()
