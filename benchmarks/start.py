"""Milliseconds from the start of the process to the mask of a picture on disk: `python start.py HYPERCUT`."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROUNDS = 25


def main():
    """Prints a Markdown table."""
    sample = Path(__file__).resolve().parent.parent / "samples" / "portrait-1.jpg"
    print("\nFrom the start of the process to the first mask, file to file\n")
    print("| picture | median ms | p95 |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.jpg"
        Image.open(sample).convert("RGB").resize((640, 360)).save(small, quality=90)
        for picture in (sample, small):
            command = [sys.argv[1], "photo", str(picture), "--effect", "mask", "--overwrite", "-o", f"{folder}/mask.png"]
            times = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                times.append((time.perf_counter() - start) * 1e3)
            size = "x".join(map(str, Image.open(picture).size))
            print(f"| {picture.name}, {size} | {np.median(times):.1f} | {np.percentile(times, 95):.1f} |")


if __name__ == "__main__":
    main()
