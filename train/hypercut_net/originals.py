"""The originals of pictures that came to us small: found by their looks, with the better masks and boxes that lie beside them."""

import pathlib

import numpy as np
import scipy.io
from PIL import Image

from .teach import boxes_of, signature

SAME = 0.99  # product of two signatures; the nearest pair of different pictures here reaches .97


class Originals:
    """Folders of larger pictures. `human` holds MATLAB label maps by the picture's name (0 is background), YOLO boxes lie in
    `labels` beside `images`."""

    def __init__(self, pictures, human=None):
        self.paths = sorted(path for folder in pictures for path in pathlib.Path(folder).rglob("*.jpg"))
        self.human = pathlib.Path(human) if human else None
        self.signatures = np.stack([self._signature(path) for path in self.paths]) if self.paths else None

    @staticmethod
    def _signature(path):
        with Image.open(path) as picture:
            return signature(picture)

    def find(self, path):
        """The original of a picture, or None."""
        if not self.paths:
            return None
        products = self.signatures @ self._signature(path)
        best = int(products.argmax())
        return self.paths[best] if products[best] > SAME else None

    def labels(self, original):
        """The labels that a human drew, [H, W], or None."""
        file = self.human and self.human / f"{original.stem}.mat"
        return scipy.io.loadmat(file)["groundtruth"] if file and file.exists() else None

    def mask(self, original):
        """A mask drawn by a human, uint8 [H, W], or None."""
        labels = self.labels(original)
        return None if labels is None else (labels != 0).astype(np.uint8) * 255

    @staticmethod
    def boxes(original):
        """The people's boxes, or None."""
        return boxes_of(pathlib.Path(str(original.with_suffix(".txt")).replace("images", "labels")))
