"""Writes FOLDER/mediapipe/<network>.npz: pictures and the masks that the MediaPipe package itself makes of them.

    venv-mediapipe/bin/pip install mediapipe==0.10.21 pillow
    venv-mediapipe/bin/python mediapipe_masks.py FOLDER

Optional, in an environment of its own because MediaPipe pins old numpy and protobuf; run it before prepare.py, which
turns what it finds into containers. The pictures have the network's own size, so that no resizing of MediaPipe's comes
between its network and the mask.
"""

import sys
from pathlib import Path

import mediapipe
import numpy as np
from PIL import Image

SIZES = {"selfie_segmentation": (256, 256, 0), "selfie_segmentation_landscape": (256, 144, 1)}


def main():
    """Both networks over samples/."""
    folder = Path(sys.argv[1]) / "mediapipe"
    folder.mkdir(parents=True, exist_ok=True)
    samples = sorted((Path(__file__).parent.parent.parent / "samples").glob("*.jpg"))
    for name, (width, height, selection) in SIZES.items():
        pictures, masks = [], []
        for path in samples:
            picture = np.asarray(Image.open(path).convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
            # A fresh object each time: the solution may blend with the picture before.
            with mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=selection) as solution:
                masks.append(solution.process(picture).segmentation_mask)
            pictures.append(picture)
        np.savez_compressed(folder / f"{name}.npz", pictures=np.stack(pictures), masks=np.stack(masks),
                            names=[p.name for p in samples])
        print(f"{name:36} {len(samples)} masks by MediaPipe {mediapipe.__version__}")


if __name__ == "__main__":
    main()
