"""An endless stream of simulated scans, as various as those that a user may bring."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import EllipsisType
from typing import NamedTuple, final

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition, Header
from feathermr.core.errors import UsageError
from feathermr.core.fft import fft, ifft
from feathermr.core.registry import look_up
from feathermr.core.seeding import generator
from feathermr.operators import KERNELS, Kernel
from feathermr.phantom import (
    ANATOMIES,
    Between,
    acquire,
    at_scan_resolution,
    coil_correlation,
    coil_maps,
    film,
    k_window,
    noise_level,
    sample_noise,
    scanner_signal,
    scene,
    shading,
    with_ghosts,
    with_spike,
)
from feathermr.phantom.film import GATED
from feathermr.sampling import PATTERNS
from feathermr.sampling.undersampling import CENTER_SHARE, FEWEST_CENTER_LINES
from feathermr.training.continuous import ContinuousExample, draw_times
from feathermr.training.example import Example, LowResolution, join, pose_example
from feathermr.training.lowering import joined, lowered
from feathermr.training.real_objects import RealObjects


@dataclass(frozen=True)
class SimulatedConfig:
    """What is drawn, each at random for each example.

    Attributes:
        anatomies: how often each kind of object is drawn.
        sizes: smallest and largest matrix, multiples of 8 in between; y and x apart.
        frames: smallest and largest number of frames; more than one gives films, in which hearts
            beat and other objects are deformed as if by one.
        queries: smallest and largest number of times, anywhere between the frames, at which a film
            is wanted; zeros for the frames themselves.
        strip: positions along the readout, where nothing is skipped, that are kept of a scan; 0 for
            all. A narrow strip is as hard as the whole, and cheaper.
        zoom: how often a part of a larger object fills the field of view.
        blend: how often two objects are mixed, so that no network learns them by heart.
        real: how often an object is a real image, where a folder of them is given; still objects
            only.
        coils: numbers of coils, each as likely as it is often listed.
        estimated: how often the maps of several coils are estimated from the samples, as from a
            real scan; else the true ones are given.
        patterns: sampling patterns.
        accelerations: listed ones; or, if ``between``, the ends of a range.
        between: draw the acceleration between the smallest and the largest.
        partial: how often lines, or points, of one side of k-space are left out as well, beyond 60
            to 95 % of the matrix (partial Fourier).
        flaws: k-space may be filtered, or empty outside, with ghosts or a spike.
        snr: ends of the signal-to-noise ratio's range, drawn evenly on a log scale.
        batch: slices an example.
        cases: number of different objects; 0 for no end.
        magnify: 1 for scans to reconstruct; 2, 3 or 4 for images of so many times lower resolution,
            of one coil and without undersampling, whatever the other fields say. Sizes are those of
            the full resolution, cut to multiples.
        kernel: how resolution is lost; see `lowered`.
    """

    anatomies: dict[str, float] = field(
        default_factory=lambda: {
            "texture": 0.35,
            "brain": 0.2,
            "knee": 0.15,
            "abdomen": 0.15,
            "heart": 0.15,
        }
    )
    sizes: tuple[int, int] = (96, 192)
    frames: tuple[int, int] = (1, 1)
    queries: tuple[int, int] = (0, 0)
    strip: int = 0
    zoom: float = 0.4
    blend: float = 0.3
    real: float = 0.0
    coils: tuple[int, ...] = (1, 1, 1, 2, 4, 6, 8, 12)
    estimated: float = 0.6
    patterns: dict[str, float] = field(
        default_factory=lambda: {
            "random": 0.4,
            "equispaced": 0.2,
            "gaussian": 0.2,
            "gaussian-2d": 0.1,
            "poisson": 0.1,
        }
    )
    accelerations: tuple[float, ...] = (2.0, 8.0)
    between: bool = True
    partial: float = 0.0
    flaws: bool = True
    snr: tuple[float, float] = (8.0, 120.0)
    batch: int = 2
    cases: int = 0
    magnify: int = 1
    kernel: Kernel = "truncation"

    def __post_init__(self) -> None:
        for name in self.anatomies:
            look_up(ANATOMIES, name, "anatomy")
        for name in self.patterns:
            look_up(PATTERNS, name, "sampling pattern")
        if not 16 <= self.sizes[0] <= self.sizes[1]:
            raise UsageError(f"sizes must grow from at least 16, not {self.sizes}")
        if not 1 <= self.frames[0] <= self.frames[1]:
            raise UsageError(f"frames must grow from at least 1, not {self.frames}")
        if not 0 <= self.queries[0] <= self.queries[1]:
            raise UsageError(f"queries must grow from at least 0, not {self.queries}")
        if self.queries[1] and (self.queries[0] < 1 or self.frames[0] < 2):
            raise UsageError("queries are at least one in each film, and a film has two frames")
        if self.strip < 0 or 0 < self.strip < 16:
            raise UsageError(f"strip must be 0 or at least 16, not {self.strip}")
        if self.strip and self.batch > 1:
            raise UsageError("strips lie along x or y, so an example has one: set batch to 1")
        if min(self.accelerations) < 1:
            raise UsageError(f"accelerations must be at least 1, not {self.accelerations}")
        if not 0 < self.snr[0] <= self.snr[1]:
            raise UsageError(f"snr must be positive and grow, not {self.snr}")
        if self.batch < 1 or self.cases < 0 or min(self.coils) < 1:
            raise UsageError("batch and coils must be at least 1, cases at least 0")
        self._check_magnify()

    def _check_magnify(self) -> None:
        if self.magnify not in (1, 2, 3, 4) or self.kernel not in KERNELS:
            raise UsageError(
                f"magnify must be 1, 2, 3 or 4, not {self.magnify}; the kernel one of "
                f"{', '.join(KERNELS)}, not {self.kernel!r}"
            )
        if self.magnify > 1 and (self.frames[1] > 1 or self.strip):
            raise UsageError("images of low resolution are whole and still: frames [1, 1], strip 0")
        if self.sizes[0] < 16 * self.magnify:
            raise UsageError(
                f"sizes must be at least {16 * self.magnify} to be magnified {self.magnify} times, "
                f"not {self.sizes}"
            )


class _Scanner(NamedTuple):
    """How the scans of an example are taken.

    Attributes:
        coils: their number.
        estimated: their maps are estimated.
        frames: that are acquired, the first of the object.
    """

    coils: int
    estimated: bool
    frames: int


@final
class SimulatedExamples:
    """Simulated examples by index; see `SimulatedConfig`.

    Args:
        config: what is drawn.
        seed: of everything random.
        split: keeps the objects of a training, a validation and a test apart.
        length: number of examples; by default as many as one could ever ask for.
        real: images of this split to draw objects from, if there are some.
    """

    def __init__(
        self,
        config: SimulatedConfig,
        seed: int,
        split: str = "train",
        length: int = 2**31,
        real: RealObjects | None = None,
    ) -> None:
        self.config, self.seed, self.split, self.length = config, seed, split, length
        self.real = real

    def __len__(self) -> int:
        """Number of examples."""
        return self.length

    def __getitem__(self, index: int) -> Example | LowResolution | ContinuousExample:
        """The example at ``index``; of low resolution where the config magnifies.

        Of times between the frames where it has queries.
        """
        if not 0 <= index < self.length:
            raise IndexError(index)
        config = self.config
        source = generator(self.seed, self.split, "scan", index)
        shape = self._shape(source)
        fewest, most = config.frames
        frames = fewest if fewest == most else fewest + _integer(most - fewest + 1, source)
        coils = config.coils[_integer(len(config.coils), source)]
        estimated = coils > 1 and _uniform(source) < config.estimated
        between = self._between(index, frames)
        objects = [
            self._object(config.batch * index + item, shape, frames, between)
            for item in range(config.batch)
        ]
        if config.magnify > 1:
            return joined([self._low_resolution(body, shape, source) for body in objects])
        scanner = _Scanner(coils, estimated, frames)
        example = join([self._scan(body, shape, scanner, source) for body in objects])
        return example if between is None else ContinuousExample.of(example, between)

    def _between(self, index: int, frames: int) -> Between | None:
        """When the films of an example are wanted; by a generator of its own."""
        fewest, most = self.config.queries
        if not most:
            return None
        source = generator(self.seed, self.split, "times", index)
        cyclic = _uniform(source) < GATED
        count = fewest + _integer(most - fewest + 1, source)
        return Between(draw_times(frames, count, source, cyclic=cyclic), cyclic)

    def _shape(self, source: torch.Generator) -> tuple[int, int]:
        low, high = self.config.sizes
        steps, magnify = (high - low) // 8 + 1, self.config.magnify
        y, x = low + 8 * _integer(steps, source), low + 8 * _integer(steps, source)
        return y - y % magnify, x - x % magnify

    def _object(
        self, number: int, shape: tuple[int, int], frames: int, between: Between | None
    ) -> Tensor:
        """An object (1, frame, Y, X) on the finer grid; what lies between follows the frames."""
        if self.config.cases:
            number = number % self.config.cases
        source = generator(self.seed, self.split, "object", number)
        if self.real is not None and frames == 1 and _uniform(source) < self.config.real:
            return self.real.draw(shape, source)
        body = self._draw(shape, frames, between, source)
        if _uniform(source) < self.config.blend:
            share = 0.25 + 0.5 * _uniform(source)
            body = share * body + (1 - share) * self._draw(shape, frames, between, source)
        if _uniform(source) < 0.5:
            body = body.flip(-1)
        return body.flip(-2) if _uniform(source) < 0.5 else body

    def _draw(
        self,
        shape: tuple[int, int],
        frames: int,
        between: Between | None,
        source: torch.Generator,
    ) -> Tensor:
        name = _choice(self.config.anatomies, source)
        if _uniform(source) >= self.config.zoom:
            return _seen(name, shape, frames, between, source)
        factor = 1.2 + _uniform(source)
        larger = (int(shape[0] * factor), int(shape[1] * factor))
        large = _seen(name, larger, frames, between, source)
        height, width = 2 * shape[0], 2 * shape[1]
        top = _integer(large.shape[-2] - height + 1, source)
        left = _integer(large.shape[-1] - width + 1, source)
        return large[..., top : top + height, left : left + width]

    def _low_resolution(
        self, body: Tensor, shape: tuple[int, int], source: torch.Generator
    ) -> LowResolution:
        complete = acquire(scanner_signal(body, source), coil_maps(1, 1, shape, source), shape)
        noise = sample_noise(tuple(complete.shape), source)
        noisy = complete + noise_level(complete, self._snr(source)) * noise
        return lowered(noisy, complete, self.config.magnify, self.config.kernel)

    def _snr(self, source: torch.Generator) -> float:
        low, high = self.config.snr
        return math.exp(math.log(low) + _uniform(source) * math.log(high / low))

    def _scan(
        self,
        body: Tensor,
        shape: tuple[int, int],
        scanner: _Scanner,
        source: torch.Generator,
    ) -> Example:
        """A scan of the first frames; what follows them is wanted, or else they are."""
        coils = scanner.coils
        maps = coil_maps(1, coils, shape, source)
        body = body * shading(1, (body.shape[-2], body.shape[-1]), source)
        complete = acquire(scanner_signal(body, source), maps, shape)
        maps = at_scan_resolution(maps)
        axis = _axis(source)
        factors = None
        if self.config.flaws:
            complete = with_ghosts(complete, axis, source)
            factors = k_window(shape, source)
        if factors is not None:
            complete = complete * factors
        if self.config.strip:
            window = self._strip(shape, axis, source)
            complete, maps = fft(ifft(complete)[window]), maps[window]
        complete, wanted = complete[:, : scanner.frames], complete[:, scanner.frames :]
        snr = self._snr(source)
        correlation = coil_correlation(coils, source) if coils > 1 else None
        noise = sample_noise(tuple(complete.shape), source, correlation)
        mask = self._mask(tuple(complete[:, :, 0].shape), coils, axis, source)
        zero = torch.zeros((), dtype=complete.dtype)
        noise = noise_level(complete, snr) * noise
        if factors is not None and not self.config.strip and _uniform(source) < 0.5:
            noise = noise * factors
        noisy = complete + noise
        if self.config.flaws:
            noisy = with_spike(noisy, source)
        return pose_example(
            Acquisition(
                kspace=torch.where(mask, noisy, zero),
                mask=mask,
                header=Header(source="simulator", origin="simulated"),
                coil_maps=None if scanner.estimated or coils == 1 else maps,
            ),
            wanted if wanted.shape[1] else complete,
        )

    def _strip(
        self, shape: tuple[int, int], axis: int, source: torch.Generator
    ) -> tuple[EllipsisType | slice, ...]:
        """Some positions along the readout, and all along the axis of phase encoding."""
        size = shape[1] if axis == -2 else shape[0]
        kept = min(self.config.strip, size)
        first = _integer(size - kept + 1, source)
        some = slice(first, first + kept)
        return (..., some) if axis == -2 else (..., some, slice(None))

    def _mask(
        self, shape: tuple[int, ...], coils: int, axis: int, source: torch.Generator
    ) -> Tensor:
        config = self.config
        choices = config.accelerations
        if config.between:
            acceleration = min(choices) + (max(choices) - min(choices)) * _uniform(source)
        else:
            acceleration = choices[_integer(len(choices), source)]
        lines = shape[axis]
        fewest = FEWEST_CENTER_LINES if coils > 1 else 2
        acceleration = min(acceleration, lines / (fewest + 3))  # a small matrix has few lines
        center = round(CENTER_SHARE / acceleration * lines * (0.5 + _uniform(source)))
        mask = PATTERNS[_choice(config.patterns, source)](
            shape,
            acceleration=acceleration,
            center=max(fewest, min(center, int(lines / acceleration) - 2)),
            axis=axis,
            generator=source,
        )
        if _uniform(source) < config.partial:
            first = round(lines * (0.05 + 0.35 * _uniform(source)))
            kept = torch.arange(lines) >= first
            kept = kept if _uniform(source) < 0.5 else kept.flip(0)
            mask = mask & (kept if axis == -1 else kept[:, None])
        return mask


def _seen(
    name: str,
    shape: tuple[int, int],
    frames: int,
    between: Between | None,
    source: torch.Generator,
) -> Tensor:
    """A body (1, frame, Y, X) that stands still, or a film of one."""
    if frames == 1:
        return scene(name, 1, shape, source)
    return film(name, shape, frames, source, between)


def _axis(source: torch.Generator) -> int:
    """Of phase encoding."""
    return -1 if _uniform(source) < 0.5 else -2


def _uniform(source: torch.Generator) -> float:
    return float(torch.rand((), generator=source))


def _integer(count: int, source: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=source))


def _choice(shares: dict[str, float], source: torch.Generator) -> str:
    weights = torch.tensor(list(shares.values()))
    return list(shares)[int(torch.multinomial(weights, 1, generator=source))]
