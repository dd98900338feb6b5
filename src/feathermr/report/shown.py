"""What a page shows of a comparison: the images of the chosen slices and frames, in one scale."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from feathermr.core.crop import center_crop
from feathermr.core.errors import ShapeError
from feathermr.metrics import METRICS
from feathermr.recon.comparison import Comparison
from feathermr.report.selection import FEWEST_STOPS, PIXELS, Selection, select
from feathermr.report.window import Window, shared_window

REFERENCE = "reference"


@dataclass(frozen=True)
class Shown:
    """Images side by side.

    Attributes:
        names: ``reference`` first when there is one, then the methods.
        images: one a name (slice, frame, y, x), of the chosen slices and frames.
        magnitudes: their magnitudes.
        errors: absolute differences of magnitude from the reference, one a method; empty
            without a reference.
        window: what all of them share.
        selection: which slices and frames they are.
        notes: what was done to the images in order to show them.
    """

    names: tuple[str, ...]
    images: tuple[NDArray[np.complexfloating], ...]
    magnitudes: tuple[NDArray[np.floating], ...]
    errors: tuple[NDArray[np.floating], ...]
    window: Window
    selection: Selection
    notes: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Size of one image (y, x)."""
        return self.images[0].shape[2], self.images[0].shape[3]


def _to_numpy(image: Tensor) -> NDArray[np.complexfloating]:
    array: NDArray[np.complexfloating] = image.detach().cpu().numpy()
    return array


def _factors(comparison: Comparison) -> dict[str, float]:
    """The factor that the scores of magnitudes fitted to each method; 1 where none was."""
    factors = dict.fromkeys(comparison.reconstructions, 1.0)
    magnitude = [score for score in comparison.scores if not METRICS[score.metric].complex]
    return factors | {score.method: score.factor for score in magnitude}


def _scaled(comparison: Comparison) -> tuple[list[str], list[Tensor], list[str]]:
    """Names, images of one scale, and notes."""
    factors = _factors(comparison)
    names = list(comparison.reconstructions)
    images = [
        comparison.reconstructions[name].image * factors[name] if factors[name] != 1.0 else image
        for name, image in ((name, comparison.reconstructions[name].image) for name in names)
    ]
    notes = [
        f"{name} is shown multiplied by {factors[name]:.4g}, the factor that the scores fitted."
        for name in names
        if factors[name] != 1.0
    ]
    if comparison.reference is not None:
        names, images = [REFERENCE, *names], [comparison.reference, *images]
    return names, images, notes


def _check_same_shape(names: list[str], images: list[Tensor]) -> None:
    for name, image in zip(names, images, strict=True):
        if image.shape != images[0].shape:
            raise ShapeError(
                f"images to be shown side by side must have one shape: {names[0]} has "
                f"{tuple(images[0].shape)}, {name} has {tuple(image.shape)}; crop them first"
            )


def _cropped(comparison: Comparison, images: list[Tensor]) -> tuple[list[Tensor], list[str]]:
    """Cut to the size that the header asks for, when the images are larger, and say so."""
    wanted = comparison.header.image_shape
    have = (images[0].shape[-2], images[0].shape[-1])
    if wanted is None or wanted == have or wanted[0] > have[0] or wanted[1] > have[1]:
        return images, []
    note = (
        f"The images are {have[0]} x {have[1]} (y x x); shown is the center of "
        f"{wanted[0]} x {wanted[1]} that the file asks for."
    )
    return [center_crop(image, wanted) for image in images], [note]


def _finite(names: list[str], images: list[Tensor]) -> tuple[list[Tensor], list[str]]:
    """Values that are not finite as black, and say so."""
    notes = []
    for name, image in zip(names, images, strict=True):
        bad = int((~torch.isfinite(image)).sum())
        if bad:
            notes.append(f"Values that are NaN or infinite, shown as black: {bad} in {name}.")
    return [torch.nan_to_num(image, nan=0.0, posinf=0.0, neginf=0.0) for image in images], notes


def _chosen(image: Tensor, selection: Selection) -> Tensor:
    """The slices and frames that are shown."""
    return image[list(selection.slices)][:, list(selection.frames)]


def page_pixels(families: int) -> int:
    """Of all pictures of a page: twice as many where sliders move through families."""
    return PIXELS * (2 if families else 1)


def also_shown(shown: Shown, image: Tensor, factor: float) -> NDArray[np.floating]:
    """Magnitude of another image, cut and chosen as those of the page are."""
    chosen = _chosen(center_crop(image, shown.size), shown.selection)
    finite = torch.nan_to_num(chosen * factor, nan=0.0, posinf=0.0, neginf=0.0)
    magnitude: NDArray[np.floating] = finite.abs().cpu().numpy()
    return magnitude


def gather(comparison: Comparison) -> Shown:
    """The images of a comparison, cut, scaled and chosen for a page.

    Raises:
        ShapeError: reference and reconstructions differ in shape.
    """
    names, images, notes = _scaled(comparison)
    _check_same_shape(names, images)
    images, crop_notes = _cropped(comparison, images)
    n_slices, n_frames, height, width = images[0].shape
    with_errors = comparison.reference is not None
    pictures = 2 * len(images) - 1 if with_errors else len(images)
    families = sum(made.family is not None for made in comparison.reconstructions.values())
    selection = select(
        n_slices,
        n_frames,
        pixels=height * width,
        pictures=pictures + (FEWEST_STOPS - 1) * families,
        budget=page_pixels(families),
    )
    chosen = [_chosen(image, selection) for image in images]
    chosen, finite_notes = _finite(names, chosen)
    arrays = tuple(_to_numpy(image) for image in chosen)
    magnitudes = tuple(np.abs(array) for array in arrays)
    errors = tuple(np.abs(one - magnitudes[0]) for one in magnitudes[1:]) if with_errors else ()
    window = shared_window(magnitudes[0], names[0], errors)
    selected = [selection.note] if selection.note else []
    return Shown(
        names=tuple(names),
        images=arrays,
        magnitudes=magnitudes,
        errors=errors,
        window=window,
        selection=selection,
        notes=(*notes, *crop_notes, *selected, *finite_notes),
    )
