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


def positive_range(data_range: float | Tensor, target: Tensor) -> Tensor:
    """The data range, one for all images or one an image, ready to divide (...) by.

    Raises:
        UsageError: it is not positive and finite, or its shape does not fit the images.
    """
    values = torch.as_tensor(data_range, dtype=target.dtype, device=target.device)
    if values.ndim > 0 and values.shape != target.shape[:-2]:
        raise UsageError(
            f"data_range must be one number or have the shape {tuple(target.shape[:-2])} of the "
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
