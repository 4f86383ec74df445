"""Draws the precision/speed frontier: mIoU over the network's time, one panel a set of pictures.

    hypercut eval --set ../shared/data/heldout --still --model A.tflite --model B.tflite --json > figures.json
    python frontier.py figures.json HYPERCUT -o ../docs/frontier.svg

HYPERCUT is a release build; it times every .tflite that the figures name, turn and turn about with LiteRT, one thread each. A
network of `mediapipe.csv`, which its own package ran, stands at LiteRT's time of the file named like it.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "public"))
from engines import HyperCut, turn_about

SETS = ("ccp", "ccp-upper", "coco-person", "composite", "portrait")
TURNS, SECONDS = 5, 0.3
STILL, PARTS = 4, 8  # looks at the whole, and at parts; the small network, which takes no earlier mask, does without those
OWN, OTHER = "#0a7", "#c53"
TICKS = (0.2, 0.5, 1, 2, 5, 10, 20)  # milliseconds
WIDE, HIGH, LEFT, TOP = 190, 210, 34, 34


def times(files, hypercut):
    """Median milliseconds of each file, by HyperCut and by LiteRT."""
    HyperCut.binary, found, folder = hypercut, {}, Path(tempfile.gettempdir())
    for file in files:
        ours, theirs = zip(*turn_about(Path(file), folder, TURNS, SECONDS))
        found[file] = statistics.median(ours), statistics.median(sum(theirs, []))
    return found


def points(figures, hypercut):
    """Per set a list of (label, milliseconds, mIoU in points, whether it is ours)."""
    files = {network["name"]: network["file"] for network in figures["networks"] if network["file"]}
    measured = times(sorted(set(files.values())), hypercut)
    panels = {}
    for summary in figures["sets"]:
        if summary["set"] not in SETS:
            continue
        rows = panels.setdefault(summary["set"], [])
        for result in summary["results"]:
            name, miou = result["name"], 100 * result["figures"]["miou"]["value"]
            base = name.removesuffix(" still")
            if name in files and base.startswith("hypercut"):
                small = "small" in base
                still = name != base
                label = ("160" if small else "224") + (", as photo looks" if still else "")
                looks = 1 if not still else STILL if small else STILL + PARTS
                rows.append((label, looks * measured[files[name]][0], miou, True))
            elif name.startswith("mediapipe.csv"):
                kind = name.split()[-1]
                stem = "selfie_segmentation" + ("_landscape" if kind == "landscape" else "")
                file = next((file for file in measured if Path(file).stem == stem), None)
                if file:
                    rows.append((f"MediaPipe {kind}", measured[file][1], miou, False))
    return panels


def panel(name, rows, x):
    """One set's SVG: time to the right on a logarithmic scale, mIoU upwards."""
    low = math.floor(min(row[2] for row in rows) - 0.6)
    top = math.ceil(max(row[2] for row in rows) + 0.3)
    inner_w, inner_h = WIDE - LEFT - 8, HIGH - TOP - 34

    def at(ms, miou):
        across = math.log(ms / TICKS[0]) / math.log(TICKS[-1] / TICKS[0])
        return LEFT + across * inner_w, TOP + (top - miou) / (top - low) * inner_h

    parts = [f'<g transform="translate({x} 0)"><text x="{LEFT}" y="{TOP - 12}" font-weight="bold">{name}</text>']
    for ms in TICKS:
        across, _ = at(ms, top)
        parts.append(f'<path d="M{across:.1f} {TOP}v{inner_h}" stroke="#ddd"/>'
                     f'<text x="{across:.1f}" y="{TOP + inner_h + 14}" text-anchor="middle">{ms}</text>')
    for miou in range(low, top + 1, max(1, (top - low) // 5)):
        _, down = at(1, miou)
        parts.append(f'<path d="M{LEFT} {down:.1f}h{inner_w}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 4}" y="{down + 4:.1f}" text-anchor="end">{miou}</text>')
    for several in (False, True):
        own = sorted((ms, miou) for label, ms, miou, ours in rows if ours and label.endswith("looks") == several)
        line = " ".join(f"{across:.1f},{down:.1f}" for across, down in (at(*point) for point in own))
        parts.append(f'<polyline points="{line}" fill="none" stroke="{OWN}" stroke-width="1.5"/>')
    for label, ms, miou, ours in rows:
        across, down = at(ms, miou)
        colour = OWN if ours else OTHER
        shape = f'<circle cx="{across:.1f}" cy="{down:.1f}" r="4" fill="{colour}"' if ours else (
            f'<rect x="{across - 4:.1f}" y="{down - 4:.1f}" width="8" height="8" fill="{colour}"')
        if label.endswith("landscape"):
            shape += ' fill-opacity=".45"'
        parts.append(f"{shape}><title>{label}: {miou:.1f} at {ms:.2f} ms</title>" + ("</circle>" if ours else "</rect>"))
    return "\n".join(parts) + "</g>"


def main():
    """Measures and writes the picture; prints what stands in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", type=Path)
    parser.add_argument("hypercut")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    panels = points(json.loads(given.figures.read_text()), given.hypercut)
    for name, rows in panels.items():
        for label, ms, miou, _ in rows:
            print(f"{name:12} {label:22} {ms:6.2f} ms  {miou:5.1f}")
    body = "\n".join(panel(name, panels[name], i * WIDE) for i, name in enumerate(name for name in SETS if name in panels))
    legend = (f'<g transform="translate({LEFT} {HIGH + 14})"><circle cx="4" cy="-4" r="4" fill="{OWN}"/>'
              '<text x="14">HyperCut at 160 and 224; left line: one look, right line: as photo looks, 4 and 12 (time of the networks)</text>'
              f'<rect x="612" y="-8" width="8" height="8" fill="{OTHER}"/><text x="626">MediaPipe general</text>'
              f'<rect x="752" y="-8" width="8" height="8" fill="{OTHER}" fill-opacity=".45"/><text x="766">landscape, in LiteRT</text></g>')
    axis = f'<text x="{LEFT}" y="{HIGH - 4}">mIoU in points over milliseconds of one thread</text>'
    given.output.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE * len(panels)} {HIGH + 24}" '
        f'font-family="sans-serif" font-size="11" fill="#333"><rect width="100%" height="100%" fill="#fff"/>\n{body}\n{axis}\n{legend}</svg>\n'
    )


if __name__ == "__main__":
    main()
