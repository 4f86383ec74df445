"""Held-out figures by apparent skin tone: python -m hypercut_net.tones EVAL.json [--config config.toml].

EVAL.json is what `hypercut eval --set …/heldout --json` printed. The tone is the individual typology angle (Chardon et al. 1991),
atan((L* - 50) / b*), of the median colour of the pixels that clothing-co-parsing labels as skin: a measure of the picture, so
light counts as well as skin. Above 41 degrees is called light, below 10 dark. Reporting only.
"""

import argparse
import json
import pathlib

import numpy as np
import scipy.io
from PIL import Image

from . import config as configuration
from .originals import Originals

GROUPS = ("light", 41, 180), ("medium", 10, 41), ("dark", -180, 10)


def typology_angle(pixels):
    """Degrees, of sRGB pixels [N, 3] in 0 to 255."""
    linear = pixels / 255.0
    linear = np.where(linear > 0.04045, ((linear + 0.055) / 1.055) ** 2.4, linear / 12.92)
    y = linear @ np.array([0.2126, 0.7152, 0.0722])
    z = linear @ np.array([0.0193, 0.1192, 0.9505]) / 1.089
    root = [np.where(v > 0.008856, np.cbrt(v), 7.787 * v + 16 / 116) for v in (y, z)]
    lightness, yellow = np.median(116 * root[0] - 16), np.median(200 * (root[0] - root[1]))
    return float(np.degrees(np.arctan2(lightness - 50, yellow)))


def angles(config):
    """Held-out id -> angle, for every held-out picture of clothing-co-parsing."""
    source = config["data"]["originals"]["ccp"]
    originals = Originals(**source)
    names = scipy.io.loadmat(pathlib.Path(source["pictures"][0]).parent / "label_list.mat")["label_list"][0]
    skin = [str(name[0]) for name in names].index("skin")
    found = {}
    for path in sorted((pathlib.Path(config["data"]["root"]) / "heldout/images").glob("ccp_*")):
        original = originals.find(path)
        if original is None:
            continue
        labels = originals.labels(original)
        with Image.open(original) as picture:
            pixels = np.asarray(picture.convert("RGB"))[labels == skin]
        if len(pixels) > 100:
            found[path.stem] = typology_angle(pixels.astype(float))
    return found


def main():
    """Prints a Markdown table: mIoU / person IoU per group and network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures")
    parser.add_argument("--config", default="config.toml")
    arguments = parser.parse_args()
    tone = angles(configuration.load(arguments.config))
    pictures = [p for p in json.loads(pathlib.Path(arguments.figures).read_text())["pictures"] if p["set"].startswith("ccp")]
    names = list(pictures[0]["figures"])
    print("| set | tone | pictures | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 3) + "|")
    for kind in ("ccp", "ccp-upper"):
        for name, low, high in GROUPS:
            own = [p for p in pictures if p["set"] == kind and low <= tone.get(p["id"].replace("ccpup_", "ccp_"), 999) < high]
            cells = []
            for network in names:
                pairs = [(p["figures"][network]["miou"], p["figures"][network]["iou"]) for p in own]
                cells.append(" / ".join(f"{100 * value:.1f}" for value in np.mean(pairs, 0)) if pairs else "")
            print(f"| {kind} | {name} | {len(own)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
