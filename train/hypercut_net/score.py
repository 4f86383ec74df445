"""Intersection over union at threshold .5, and the validation pass over our own split."""

import numpy as np
import torch


def iou_pair(probability, alpha):
    """(mean of person and background IoU, person IoU) of one picture; both arrays in [0, 1]. Empty union counts 1."""
    guess, truth = probability >= 0.5, alpha >= 0.5
    scores = []
    for a, b in ((guess, truth), (~guess, ~truth)):
        union = np.logical_or(a, b).sum()
        scores.append(np.logical_and(a, b).sum() / union if union else 1.0)
    return (scores[0] + scores[1]) / 2, scores[0]


def validate(predict, batches):
    """Scores per set: mIoU and person IoU in points; `empty` is 100 minus the false area in percent."""
    report = {}
    for name, (pictures, alphas) in batches.items():
        with torch.no_grad():
            logits = torch.cat([predict(part) for part in pictures.split(32)])
        guesses = torch.sigmoid(logits)[:, 0].numpy()
        if name == "empty":
            report[name] = round(100 * (1 - float((guesses >= 0.5).mean())), 2)
            continue
        pairs = np.array([iou_pair(guess, truth) for guess, truth in zip(guesses, alphas[:, 0].numpy())])
        report[name] = [round(100 * float(value), 2) for value in pairs.mean(0)]
    report["mean"] = round(float(np.mean([v if isinstance(v, float) else v[0] for v in report.values()])), 3)
    return report
