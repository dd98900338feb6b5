"""The object before the scanner: one call for every anatomy, on a grid finer than the scan's."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from feathermr.core.errors import UsageError
from feathermr.core.registry import look_up
from feathermr.phantom import abdomen, brain, heart, knee, natural, texture
from feathermr.phantom.canvas import Canvas, fit_spacing
from feathermr.phantom.contrast import Contrast, draw_contrast
from feathermr.phantom.fields import Shape
from feathermr.phantom.motion import Motion, draw_motion


@dataclass(frozen=True)
class Anatomy:
    """How one part of the body is drawn.

    Attributes:
        draw: paints a batch onto a canvas in the given contrast; a moving one reads the canvas's
            ``times`` and ``motion``.
        field_of_view: the smallest extent (y, x) in metres in which it is drawn.
        sequences: how often each sequence is drawn.
        fat_suppressed: how often the fat's signal is suppressed.
        phase_axis: the axis of phase encoding; not the one along which the body leaves the field
            of view, because there it would fold.
    """

    draw: Callable[[Canvas, Contrast], None]
    field_of_view: tuple[float, float]
    sequences: dict[str, float]
    fat_suppressed: float = 0.0
    phase_axis: int = -2

    def spacing(self, shape: Shape) -> float:
        """Size of the scan's pixels in metres."""
        return fit_spacing(self.field_of_view, shape)


ANATOMIES = {
    "brain": Anatomy(brain.draw_brain, brain.FIELD_OF_VIEW, brain.SEQUENCES, brain.FAT_SUPPRESSED),
    "knee": Anatomy(
        knee.draw_knee,
        knee.FIELD_OF_VIEW,
        knee.SEQUENCES,
        knee.FAT_SUPPRESSED,
        phase_axis=-1,
    ),
    "abdomen": Anatomy(
        abdomen.draw_abdomen, abdomen.FIELD_OF_VIEW, abdomen.SEQUENCES, abdomen.FAT_SUPPRESSED
    ),
    "heart": Anatomy(heart.draw_heart, heart.FIELD_OF_VIEW, heart.SEQUENCES),
    "texture": Anatomy(
        texture.draw_texture, texture.FIELD_OF_VIEW, texture.SEQUENCES, texture.FAT_SUPPRESSED
    ),
    "natural": Anatomy(natural.draw_natural, natural.FIELD_OF_VIEW, natural.SEQUENCES),
}


def random_contrast(anatomy: str, batch: int, generator: torch.Generator) -> Contrast:
    """Random contrasts as they are used for an anatomy."""
    kind = look_up(ANATOMIES, anatomy, "anatomy")
    return draw_contrast(batch, kind.sequences, generator, kind.fat_suppressed)


def scene(
    anatomy: str,
    batch: int,
    shape: Shape,
    generator: torch.Generator,
    *,
    times: tuple[float, ...] = (0.0,),
    contrast: Contrast | None = None,
    motion: Motion | None = None,
) -> Tensor:
    """Objects (batch, frame, 2 y, 2 x), real and non-negative, on the finer grid.

    What is drawn depends on the generator's state, the batch, the shape and the device: a batch
    of two is not two batches of one. `simulate` draws each slice by a generator of its own.

    Args:
        anatomy: a key of `ANATOMIES`.
        batch: number of objects, each another body.
        shape: the scan's matrix (y, x).
        generator: its device is where the objects are drawn.
        times: seconds at which a heart is seen; other anatomies stand still.
        contrast: of the whole batch or one an item; drawn by `random_contrast` when absent.
        motion: of the whole batch or one an item; drawn by `draw_motion` when absent.
    """
    kind = look_up(ANATOMIES, anatomy, "anatomy")
    if min(shape) < 16:
        raise UsageError(f"a scene needs at least 16 x 16 pixels, not {shape[0]} x {shape[1]}")
    contrast = contrast or random_contrast(anatomy, batch, generator)
    motion = motion or draw_motion(batch, generator)
    canvas = Canvas(batch, shape, kind.spacing(shape), generator, (times, motion))
    kind.draw(canvas, contrast)
    return canvas.image.clamp_min(0.0).expand(-1, len(times), -1, -1)
