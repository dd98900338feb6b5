"""What every metric demands of the two images that it compares."""

import torch
from torch import Tensor

from feathermr.core.errors import DataError, ShapeError, UsageError


def check_pair(prediction: Tensor, target: Tensor) -> None:
    """Refuse images of different shapes, or arrays that are no images (..., y, x).

    Raises:
        ShapeError: the sentence names both shapes.
    """
    shapes = tuple(prediction.shape), tuple(target.shape)
    if shapes[0] != shapes[1] or len(shapes[1]) < 2 or 0 in shapes[1]:
        raise ShapeError(
            "a metric compares images (..., y, x) of one shape, but the prediction has "
            f"{shapes[0]} and the target {shapes[1]}; crop or pad one of them"
        )


def check_magnitudes(prediction: Tensor, target: Tensor) -> None:
    """Refuse what `check_pair` refuses, and complex images.

    Raises:
        DataError: an image is complex.
    """
    check_pair(prediction, target)
    for name, image in (("prediction", prediction), ("target", target)):
        if image.is_complex():
            raise DataError(
                f"this metric compares magnitude images, but the {name} is complex; take its "
                "magnitude first, or use complex-nmse"
            )


def check_films(prediction: Tensor, target: Tensor) -> None:
    """Refuse what `check_magnitudes` refuses, and what is no film (..., frame, y, x).

    Raises:
        DataError: there is one frame only.
    """
    check_magnitudes(prediction, target)
    if target.ndim < 3 or target.shape[-3] < 2:
        raise DataError(
            "this metric compares films (..., frame, y, x) of at least two frames, not images of "
            f"shape {tuple(target.shape)}"
        )


def positive_range(data_range: float | Tensor, target: Tensor, axes: int = 2) -> Tensor:
    """The data range, one for all images or one an image, ready to divide (...) by.

    Args:
        data_range: one number, or one an image.
        target: the images (..., y, x), or films (..., frame, y, x).
        axes: of one image, 2, or of one film, 3.

    Raises:
        UsageError: it is not positive and finite, or its shape does not fit the images.
    """
    values = torch.as_tensor(data_range, dtype=target.dtype, device=target.device)
    if values.ndim > 0 and values.shape != target.shape[:-axes]:
        raise UsageError(
            f"data_range must be one number or have the shape {tuple(target.shape[:-axes])} of the "
            f"images, not {tuple(values.shape)}"
        )
    if not bool((torch.isfinite(values) & (values > 0)).all()):
        raise UsageError("data_range must be positive and finite: the largest value of the target")
    return values


def energy_of_target(target: Tensor, what: str) -> Tensor:
    """Sum of squares of each image (...), to divide by.

    Raises:
        DataError: an image's is zero.
    """
    energy = target.abs().square().sum(dim=(-2, -1))
    if not bool((energy > 0).all()):
        raise DataError(
            f"the target has {int((energy == 0).sum())} image(s) {what}, where a relative error "
            "has no meaning; leave them out"
        )
    return energy
