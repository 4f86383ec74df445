"""Measures the exported model on the held-out pictures, beside the float network and MediaPipe. Reporting only.

Each picture is stretched to the network's square (antialiased bilinear), the logit's sigmoid is resized bilinearly to
the picture's size and cut at .5. Scores are averaged over the pictures of a set; `empty` is 1 minus the false area.
"""

import csv
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from . import config as configuration, score
from .litert import LiteRt
from .quantize import float_network


def squeezed(picture, size):
    """The network's input of an opened picture, without an earlier mask: uint8 [size, size, 4]."""
    return np.pad(np.asarray(picture.convert("RGB").resize((size, size), Image.BILINEAR)), ((0, 0), (0, 0), (0, 1)))


def probability(logit, width, height):
    """Logit [S, S] to probability [height, width]."""
    soft = torch.sigmoid(torch.as_tensor(logit))[None, None]
    return F.interpolate(soft, size=(height, width), mode="bilinear", align_corners=False)[0, 0].numpy()


def pictures(folder):
    """Yields (row of the index, opened picture, alpha in [0, 1])."""
    for row in csv.DictReader(open(folder / "index.csv")):
        with Image.open(next((folder / "images").glob(f"{row['id']}.*"))) as picture:
            masks = list((folder / "masks").glob(f"{row['id']}.*"))
            if masks:
                with Image.open(masks[0]) as mask:
                    alpha = np.asarray(mask.convert("L"), np.float32) / 255
            else:
                alpha = np.zeros(picture.size[::-1], np.float32)
            yield row, picture, alpha


def scores(guess, alpha, name):
    """(mIoU, person IoU); for empty pictures both are 1 minus the false area."""
    if name == "empty":
        clean = 1 - float((guess >= 0.5).mean())
        return clean, clean
    return score.iou_pair(guess, alpha)


def measure(config, predictors):
    """predictor name -> set -> list of (mIoU, person IoU), in the index's order, and the ids."""
    folder, size = pathlib.Path(config["data"]["root"]) / "heldout", config["quantize"]["size"]
    results = {name: {} for name in predictors}
    for row, picture, alpha in pictures(folder):
        square = squeezed(picture, size)
        for name, predict in predictors.items():
            guess = probability(predict(square), *picture.size)
            results[name].setdefault(row["set"], []).append(scores(guess, alpha, row["set"]))
    return results


def mediapipe(config):
    """The same shape of result for MediaPipe's two networks, from the table that came with the data."""
    results = {}
    for row in csv.DictReader(open(pathlib.Path(config["data"]["root"]) / "heldout/mediapipe.csv")):
        for kind in "general", "landscape":
            pair = float(row[f"miou_{kind}"]), float(row[f"iou_{kind}"] or "nan")
            results.setdefault(f"MediaPipe {kind}", {}).setdefault(row["set"], []).append(pair)
    return results


def float_predictor(config):
    """uint8 [S, S, 4] to the float network's logit."""
    network = float_network(config)

    def predict(square):
        with torch.no_grad():
            return network(torch.from_numpy(square.copy()).permute(2, 0, 1)[None].float() / 255)[0, 0]

    return predict


def table(results):
    """Markdown: a row per set, mIoU / person IoU per network."""
    names, sets = list(results), list(next(iter(results.values())))
    lines = ["| set | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for kind in sets:
        cells = []
        for name in names:
            mean = 100 * np.array(results[name][kind]).mean(0)
            cells.append(f"{mean[0]:.2f}" if kind == "empty" else f"{mean[0]:.2f} / {mean[1]:.2f}")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(config):
    """The `evaluate` command: prints the table and keeps every score beside the checkpoints."""
    model = LiteRt(config["here"] / config["export"]["model"])
    results = measure(config, {"float": float_predictor(config), "int8": model.logit}) | mediapipe(config)
    print(table(results))
    (configuration.run_folder(config) / "heldout.json").write_text(json.dumps(results))
