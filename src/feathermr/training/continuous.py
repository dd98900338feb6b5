"""Examples whose image is wanted at other times than those of the acquired frames."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from feathermr.core.errors import UsageError
from feathermr.models.unrolled import Continuous, Started, Unrolled
from feathermr.operators import Encoding
from feathermr.phantom import Between
from feathermr.training.example import Example, Posed


@dataclass(frozen=True)
class ContinuousExample:
    """A film of few frames, and what it shows at any times.

    Attributes:
        acquired: the scan; its target is the film (slice, time, y, x) at ``times``.
        times: (time,), in units of frames; see `Between`.
        cyclic: the first frame follows the last.
    """

    acquired: Example
    times: Tensor
    cyclic: bool

    @staticmethod
    def of(acquired: Example, between: Between) -> ContinuousExample:
        """The example of a scan whose target was seen at the times between its frames."""
        return ContinuousExample(acquired, torch.tensor(between.times), between.cyclic)

    @property
    def measured(self) -> Tensor:
        """The samples of the acquired frames."""
        return self.acquired.kspace

    @property
    def encoding(self) -> Encoding:
        """``A`` of the acquired frames."""
        return self.acquired.encoding

    @property
    def target(self) -> Tensor:
        """The film (slice, time, y, x)."""
        return self.acquired.target

    @property
    def nearest(self) -> Tensor:
        """The acquired frame nearest to each time (time,)."""
        frames, found = self.acquired.kspace.shape[1], self.times.round().long()
        return found % frames if self.cyclic else found.clamp(0, frames - 1)

    def to(self, device: str | torch.device) -> ContinuousExample:
        """The same on a device."""
        return ContinuousExample(self.acquired.to(device), self.times.to(device), self.cyclic)


def draw_times(
    frames: int, count: int, generator: torch.Generator, *, cyclic: bool
) -> tuple[float, ...]:
    """Growing times in units of frames, one in each of ``count`` equal parts of a film.

    Args:
        frames: that are acquired.
        count: of the times.
        generator: says where in its part each time is.
        cyclic: the film lasts until its first frame comes again, else until its last one.

    Example:
        >>> from feathermr.core.seeding import generator
        >>> [int(time) for time in draw_times(5, 4, generator(0), cyclic=False)]
        [0, 1, 2, 3]
    """
    length = frames if cyclic else frames - 1
    places = torch.arange(count) + torch.rand(count, generator=generator, dtype=torch.float64)
    return tuple((places * (length / count)).tolist())


def answers(model: nn.Module, example: Posed) -> list[Tensor]:
    """The images that a network makes of an example in turn, where it is unrolled; last its answer.

    It begins from the images that the example brings.
    """
    if isinstance(example, Example) and isinstance(model, Started):
        return model.images(example.measured, example.encoding, example.starts)
    if not isinstance(example, ContinuousExample) and isinstance(model, Unrolled):
        return model.images(example.measured, example.encoding)
    return [answer(model, example)]


def answer(model: nn.Module, example: Posed) -> Tensor:
    """What a network makes of an example, at the times at which it is wanted.

    Raises:
        UsageError: it is wanted between frames, where the network gives nothing.
    """
    if isinstance(example, Example) and example.starts is not None and isinstance(model, Started):
        return model.images(example.measured, example.encoding, example.starts)[-1]
    if not isinstance(example, ContinuousExample):
        image: Tensor = model(example.measured, example.encoding)
        return image
    if not isinstance(model, Continuous):
        raise UsageError(
            "this network gives the acquired frames alone; set data.simulated.queries to [0, 0]"
        )
    return model.at(example.measured, example.encoding, example.times, cyclic=example.cyclic)
