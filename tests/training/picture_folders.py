"""Small folders of pictures."""

from pathlib import Path

import numpy as np
from PIL import Image


def paint(path: Path, number: int = 0, size: tuple[int, int] = (40, 36)) -> Path:
    """A picture (y, x) of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(number).integers(1, 255, (*size, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def tumours(root: Path) -> Path:
    for part, count in (("Training", 3), ("Testing", 2)):
        for kind in ("glioma", "notumor"):
            for number in range(count):
                seed = hash((part == "Testing", kind == "glioma", number)) % 2**32
                paint(root / part / kind / f"{number}.jpg", seed)
    return root
