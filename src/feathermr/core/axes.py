"""Named axes of the arrays that flow through the package, and their check.

A size of one stands for "there is none": a single coil, frame or slice is never a missing axis.
"""

from torch import Tensor

from feathermr.core.errors import ShapeError

KSPACE = ("slice", "frame", "coil", "y", "x")
IMAGE = ("slice", "frame", "y", "x")
COIL_MAPS = ("slice", "1", "coil", "y", "x")


def describe(axes: tuple[str, ...]) -> str:
    """The axes as a reader writes them: ``(slice, frame, y, x)``."""
    return "(" + ", ".join(axes) + ")"


def check_axes(array: Tensor, axes: tuple[str, ...], name: str) -> None:
    """Refuse an array whose number of axes differs from the named ones.

    An axis named ``"1"`` must have size one; no axis may be empty.

    Raises:
        ShapeError: the sentence names the axes expected and the shape that came.
    """
    shape = tuple(array.shape)
    fits = len(shape) == len(axes) and all(
        size > 0 and (axis != "1" or size == 1) for axis, size in zip(axes, shape, strict=True)
    )
    if not fits:
        raise ShapeError(
            f"{name} must have the axes {describe(axes)}, but its shape is {shape}; "
            "give absent axes size 1"
        )


def check_broadcasts(array: Tensor, shape: tuple[int, ...], name: str) -> None:
    """Refuse an array that does not broadcast, axis by axis from the right, to ``shape``."""
    own = tuple(array.shape)
    fits = len(own) == len(shape) and all(a in (1, b) for a, b in zip(own, shape, strict=True))
    if not fits:
        raise ShapeError(
            f"{name} of shape {own} does not broadcast to {shape}; "
            "each of its axes must have that size or 1"
        )
