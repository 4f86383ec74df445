"""Races a whole 1920x1080 frame, RGB to blurred portrait: MediaPipe and OpenCV in a user's loop against `hypercut bench`.

    python frame.py HYPERCUT        # in an environment with mediapipe==0.10.21

Naive: SelfieSegmentation (landscape), GaussianBlur 55, NumPy blend. Tuned by hand: the blur at a quarter of the size, blendLinear.
OpenCV has one thread. Interleaved, medians. Neither loop keeps the person's colours out of the background; HyperCut does.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import mediapipe
import numpy as np

TURNS, ROUNDS = 5, 15
SIZE = 1920, 1080


def naive(segment, frame):
    """What tutorials show."""
    mask = segment.process(frame).segmentation_mask[..., None]
    return (frame * mask + cv2.GaussianBlur(frame, (55, 55), 0) * (1 - mask)).astype(np.uint8)


def tuned(segment, frame):
    """What a careful user writes."""
    mask = segment.process(frame).segmentation_mask
    small = cv2.resize(frame, (SIZE[0] // 4, SIZE[1] // 4), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(cv2.GaussianBlur(small, (13, 13), 0), SIZE, interpolation=cv2.INTER_LINEAR)
    return cv2.blendLinear(frame, blurred, mask, 1 - mask)


def times(work, segment, frame):
    """Milliseconds of some rounds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work(segment, frame)
        found.append((time.perf_counter() - start) * 1e3)
    return found


def hypercut(binary):
    """Median and 95th percentile of as many rounds."""
    command = [binary, "bench", "--json", "--quiet", "--rounds", str(ROUNDS), "--frame", "1920x1080", "--effect", "blur"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["frame_ms"]


def main():
    """Prints a Markdown table."""
    cv2.setNumThreads(1)
    picture = cv2.imread(str(Path(__file__).resolve().parent.parent / "samples" / "portrait-1.jpg"))
    frame = cv2.cvtColor(cv2.resize(picture, SIZE), cv2.COLOR_BGR2RGB)
    segment = mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=1)
    seen = {"MediaPipe + OpenCV, naive": [], "MediaPipe + OpenCV, tuned": [], "HyperCut": []}
    for work in (naive, tuned):
        work(segment, frame)
    for _ in range(TURNS):
        for name, work in zip(seen, (naive, tuned)):
            ms = times(work, segment, frame)
            seen[name].append((np.median(ms), np.percentile(ms, 95)))
        ms = hypercut(sys.argv[1])
        seen["HyperCut"].append((ms["median"], ms["p95"]))
    ours = np.median(np.array(seen["HyperCut"])[:, 0])
    print(f"\nA frame of 1920x1080, one thread, {TURNS} interleaved turns; mediapipe {mediapipe.__version__}, OpenCV {cv2.__version__}\n")
    print("| loop | median ms | p95 | frames/s | time / HyperCut's |\n|---|---|---|---|---|")
    for name, turns in seen.items():
        median, p95 = np.median(np.array(turns), axis=0)
        print(f"| {name} | {median:.1f} | {p95:.1f} | {1e3 / median:.0f} | {median / ours:.2f} |")


if __name__ == "__main__":
    main()
