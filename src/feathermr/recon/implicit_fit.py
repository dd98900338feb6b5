"""Fit a field to the samples of one slice, in bounded memory, and know when to stop."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from feathermr.core.progress import Progress, silent, tell
from feathermr.core.seeding import generator
from feathermr.models.implicit import Domain, Field, weight_of
from feathermr.recon.held_out import Samples
from feathermr.recon.implicit_objective import Derivative, Weights, field_variation, variation

#: real numbers that a pass with its gradient may keep at once, about 400 MB
LARGEST = 10**8
#: steps from one look at the held-out samples to the next
LOOK = 5
#: looks without a better held-out error after which a fit ends
PATIENCE = 10
#: share of the steps in which the latest parameters are the best: low frequencies are learned
#: first, while the samples held out are higher ones, which an empty field describes quite well
EARLY = 0.4
#: coordinates of lambda at which the held-out error of a family is looked at
LOOKS = (-0.6, 0.0)
#: of a family: weights above 1 / BALANCE count their objective less, so that all move the field
BALANCE = 100.0


@dataclass(frozen=True)
class FitConfig:
    """How a field is fitted.

    Attributes:
        steps: of Adam at most.
        learning_rate: at the start; falls along a cosine.
        weight: ``lambda`` of the changes in time; in a family lambda is drawn at every step.
        in_space: weight of the edges in space over ``lambda``.
        derivative: of what the penalties are taken.
        seed: of what is drawn.
        largest: real numbers kept at once.
    """

    steps: int
    learning_rate: float
    weight: float
    in_space: float
    derivative: Derivative = "difference"
    seed: int = 0
    largest: int = LARGEST


@dataclass(frozen=True)
class Outcome:
    """How a fit ended; the field has its best parameters.

    Attributes:
        steps: after which the parameters were best.
        residual: ``||A x - y|| / ||y||`` of the samples fitted, at the last look.
        held_out: the same of those held out at the best, or ``None``.
        interrupted: whether the user ended it.
    """

    steps: int
    residual: float
    held_out: float | None
    interrupted: bool


@dataclass(frozen=True)
class Grid:
    """Coordinates of pixels and frames, and lambda's in a family."""

    y: Tensor
    x: Tensor
    t: Tensor

    def parts(self, points: int) -> Iterator[tuple[slice, slice]]:
        """Frames and rows of parts of at most about ``points`` points, a row at least."""
        rows = max(1, min(len(self.y), points // len(self.x)))
        whole = rows == len(self.y)
        frames = max(1, points // (len(self.y) * len(self.x))) if whole else 1
        for frame in range(0, len(self.t), frames):
            for row in range(0, len(self.y), rows):
                yield slice(frame, frame + frames), slice(row, row + rows)

    def part(self, frames: slice, rows: slice) -> Grid:
        """The grid of a part."""
        return Grid(self.y[rows], self.x, self.t[frames])


def grid_of(domain: Domain, like: Tensor, times: tuple[float, ...] | None = None) -> Grid:
    """The pixels and frames of a domain.

    Args:
        domain: of a field.
        like: gives precision and device.
        times: other times in seconds than those of its frames.
    """
    instants = domain.instants
    if times is not None:
        instants = domain.instant(torch.tensor(times, dtype=torch.float64))
    y, x, t = (one.to(like) for one in (domain.rows, domain.columns, instants))
    return Grid(y, x, t)


def film_of(
    field: Field, grid: Grid, level: Tensor | None = None, largest: int = LARGEST
) -> Tensor:
    """The film (t, y, x) of a field, part by part, without a gradient."""
    with torch.no_grad():
        rows: list[Tensor] = []
        shape = len(grid.t), len(grid.y), len(grid.x)
        for frames, lines in grid.parts(largest // field.floats_per_point):
            some = grid.part(frames, lines)
            values = field.on_grid(some.y, some.x, some.t, level)
            if not rows:
                rows.append(values.new_empty(shape))
            rows[0][frames, lines] = values
    return rows[0]


def objective_gradient(
    field: Field,
    grid: Grid,
    samples: Samples,
    weights: Weights,
    config: FitConfig,
    level: Tensor | None = None,
    factor: float = 1.0,
) -> float:
    """Add the gradient of ``0.5 ||A x - y||^2 + penalties`` to the field's parameters.

    In two passes, so that memory does not grow with the film: the film is found part by part
    without a graph; then the gradient with respect to the film, once; then every part again, whose
    inner product with that gradient is differentiated. A film of one part is found once.

    Args:
        field: the field.
        grid: its pixels and frames.
        samples: only those fitted count.
        weights: of the penalties.
        config: how the penalties are found, and how much is kept at once.
        level: coordinate of lambda in a family.
        factor: of the objective.

    Returns:
        ``||A x - y||^2`` of the samples fitted.
    """
    pieces = list(grid.parts(config.largest // field.floats_per_point))
    kept = field.on_grid(grid.y, grid.x, grid.t, level) if len(pieces) == 1 else None
    film = film_of(field, grid, level, config.largest) if kept is None else kept.detach()
    misfit, gradient = samples.fitted.misfit(film[None])
    gradient = gradient[0]
    if weights and config.derivative == "difference":
        with torch.enable_grad():
            leaf = film.requires_grad_()
            gradient = (
                gradient + torch.autograd.grad(variation(leaf, field.domain, weights), leaf)[0]
            )
    for frames, rows in pieces:
        some = grid.part(frames, rows)
        values = field.on_grid(some.y, some.x, some.t, level) if kept is None else kept
        inner = torch.view_as_real(values) * torch.view_as_real(gradient[frames, rows])
        loss = inner.sum()
        if weights and config.derivative == "autograd":
            loss = loss + field_variation(field, (some.y, some.x, some.t), level, weights)
        (factor * loss).backward()  # type: ignore[no-untyped-call]
    return misfit


def fit(field: Field, samples: Samples, config: FitConfig, progress: Progress = silent) -> Outcome:
    """Fit a field by Adam; stop when the held-out samples are described no better.

    The parameters with the least held-out error are kept, of those after the share ``EARLY`` of the
    steps; without held-out samples the last ones.
    An interrupt from the keyboard ends the fit with the best so far.

    Args:
        field: its parameters are changed.
        samples: of one slice.
        config: how.
        progress: told after each step, and how far the film is from the samples.

    Kingma and Ba 2015, arXiv:1412.6980.
    """
    assert isinstance(field, nn.Module)
    parameters = list(field.parameters())
    grid = grid_of(field.domain, parameters[0])
    adam = torch.optim.Adam(parameters, config.learning_rate, (0.9, 0.99))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, config.steps + 1)
    source = generator(config.seed, "levels")
    best = _Best(field)
    residual, interrupted = 1.0, False
    try:
        for step in range(config.steps):
            level, weights, factor = _objective(field.domain, config, source)
            adam.zero_grad()
            with torch.enable_grad():
                misfit = objective_gradient(field, grid, samples, weights, config, level, factor)
            adam.step()
            falling.step()
            residual = (misfit / samples.fitted.energy) ** 0.5
            if (step + 1) % LOOK == 0 or step + 1 == config.steps:
                early = step + 1 <= EARLY * config.steps
                best.look(step + 1, _held_out_error(field, grid, samples, config), early)
                tell(progress, best.words(residual))
            progress(step + 1, config.steps)
            if best.is_over:
                break
    except KeyboardInterrupt:
        interrupted = True
    best.restore()
    return Outcome(best.step, residual, best.error, interrupted)


def _objective(
    domain: Domain, config: FitConfig, source: torch.Generator
) -> tuple[Tensor | None, Weights, float]:
    """Coordinate of lambda, weights and factor of one step's objective."""
    if not domain.family:
        return None, Weights(config.weight, config.in_space * config.weight), 1.0
    level = 2 * torch.rand((), generator=source, dtype=torch.float64) - 1
    weight = weight_of(float(level))
    return level, Weights(weight, config.in_space * weight), 1 / (1 + BALANCE * weight)


def _held_out_error(field: Field, grid: Grid, samples: Samples, config: FitConfig) -> float | None:
    """``||A x - y|| / ||y||`` of the held-out samples, of a family the mean over ``LOOKS``."""
    if samples.held_out is None:
        return None
    levels: list[Tensor | None] = [None]
    if field.domain.family:
        levels = [torch.tensor(level) for level in LOOKS]
    errors = [
        samples.held_out.error(film_of(field, grid, level, config.largest)[None])
        for level in levels
    ]
    return sum(errors) / len(errors)


class _Best:
    """The parameters with the least held-out error so far."""

    def __init__(self, field: nn.Module) -> None:
        self.field = field
        self.step, self.error, self.looks = 0, None, 0  # type: int, float | None, int
        self.state: dict[str, Tensor] | None = None
        self.early = True

    def look(self, step: int, error: float | None, early: bool) -> None:
        """Keep the parameters if they are the best; early ones until there are later ones."""
        self.looks += 1
        first, self.early = self.early, early
        if error is None or self.error is None or first or error < self.error:
            self.step, self.error, self.looks = step, error, 0
            if error is not None:
                self.state = copy.deepcopy(self.field.state_dict())

    @property
    def is_over(self) -> bool:
        """Whether the error has not fallen for long."""
        return self.looks >= PATIENCE

    def words(self, residual: float) -> str:
        """Residual and held-out error for the eye."""
        held = "" if self.error is None else f", held out {self.error:.3f}"
        return f"residual {residual:.3f}{held}"

    def restore(self) -> None:
        """Give the field its best parameters."""
        if self.state is not None:
            self.field.load_state_dict(self.state)
