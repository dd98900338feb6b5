"""PNG, JPEG and GIF pictures, grey or taken for their luminance."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageSequence
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from feathermr.acquisition.arrays import Array, real_tensor
from feathermr.acquisition.image_object import from_image
from feathermr.acquisition.record import Acquisition, Header
from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError

#: share of all pixels that a picture shows below white
WINDOW_QUANTILE = 0.995
#: modes of PIL whose pixels hold more than eight bits of grey
DEEP_MODES = ("I;16", "I;16B", "I;16L", "I", "F")


def read_pictures(paths: Sequence[Path], source: str) -> Acquisition:
    """Pictures of equal size as slices; the images of one animation as frames.

    Args:
        paths: the files in the order of their slices.
        source: the file's or the folder's name.
    """
    films = [_film(path) for path in paths]
    shapes = {(len(film), *film[0].shape) for film, _ in films}
    if len(shapes) != 1:
        found = ", ".join(" x ".join(map(str, shape)) for shape in sorted(shapes))
        raise DataError(f"its pictures must have one size (frames x rows x columns), not {found}")
    image = torch.stack([real_tensor(np.stack(film)) for film, _ in films])
    header = Header(source=source, frame_times=films[0][1])
    return from_image(image, header)


def _film(path: Path) -> tuple[list[Array], tuple[float, ...]]:
    """The grey images of a file, and when each is shown in seconds."""
    with Image.open(path) as picture:
        picture.verify()
    with Image.open(path) as picture:
        frames, starts, now = [], [], 0.0
        for frame in ImageSequence.Iterator(picture):
            frames.append(np.array(frame if frame.mode in DEEP_MODES else frame.convert("L")))
            starts.append(now)
            now += float(frame.info.get("duration", 0)) / 1e3
    return frames, tuple(starts) if len(frames) > 1 and now > 0 else ()


def white_level(image: Tensor) -> float:
    """The magnitude shown as white: the 99.5th percentile of all pixels."""
    magnitude = image.abs().flatten().to(torch.float64)
    rank = max(1, round(WINDOW_QUANTILE * magnitude.numel()))
    level = float(torch.kthvalue(magnitude, rank).values)
    return level or float(magnitude.max()) or 1.0


def grey_levels(image: Tensor) -> npt.NDArray[np.uint8]:
    """0 to 255 from black (0) to white (`white_level`), for all slices and frames alike."""
    scaled = (image.abs() / white_level(image)).clamp(0, 1) * 255
    return scaled.round().to(torch.uint8).cpu().numpy()


def write_png(image: Tensor, path: Path) -> tuple[Path, ...]:
    """A PNG a slice and frame; several are numbered, frames fastest.

    Each states in its text ``Window`` which magnitudes are black and white.
    """
    text = PngInfo()
    text.add_text("Window", f"0 to {white_level(image):.6g} (the 99.5th percentile is white)")
    pictures = grey_levels(image).reshape(-1, *image.shape[-2:])
    paths = numbered(path, len(pictures))
    for picture, target in zip(pictures, paths, strict=True):
        with written_file(target) as beside:
            Image.fromarray(picture).save(beside, format="PNG", pnginfo=text)
    return paths


def numbered(path: Path, count: int) -> tuple[Path, ...]:
    """``path`` itself for one file, ``name_000``, ``name_001``, ... for several."""
    if count == 1:
        return (path,)
    digits = max(3, len(str(count - 1)))  # names sort as their numbers do
    return tuple(path.with_name(f"{path.stem}_{i:0{digits}d}{path.suffix}") for i in range(count))
