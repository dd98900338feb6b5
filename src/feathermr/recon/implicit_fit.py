"""Fit a field to the samples of one slice, in bounded memory, and know when to stop."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from feathermr.core.progress import Progress, silent, tell
from feathermr.core.seeding import generator
from feathermr.models.implicit import Domain, Field, weight_of
from feathermr.models.implicit.grid import LARGEST, Grid, film_of, grid_of
from feathermr.recon.held_out import Samples
from feathermr.recon.implicit_objective import Derivative, Weights, field_variation, variation

Optimiser = Literal["adam", "lbfgs"]

#: steps from one look at the held-out samples to the next
LOOK = 5
#: looks without a better held-out error after which a fit ends
PATIENCE = 10
#: share of the steps in which the latest parameters are the best: low frequencies are learned
#: first, while the samples held out are higher ones, which an empty field describes quite well
EARLY = 0.4
#: how many times more is kept where the field itself is differentiated, too
DERIVATIVES = 6
#: steps that L-BFGS learns the curvature from
HISTORY = 10
#: gradients below this, for images of about 1, do not count for Adam
EPSILON = 1e-3
#: coordinates of lambda at which the held-out error of a family is looked at
LOOKS = (-0.6, 0.0)
#: of a family: weights above 1 / BALANCE count their objective less, so that all move the field
BALANCE = 100.0


@dataclass(frozen=True)
class FitConfig:
    """How a field is fitted.

    Attributes:
        steps: at most.
        learning_rate: of Adam at the start; falls along a cosine.
        weight: ``lambda`` of the changes in time; in a family lambda is drawn at every step.
        in_space: weight of the edges in space over ``lambda``.
        derivative: of what the penalties are taken.
        seed: of what is drawn.
        largest: real numbers kept at once.
        optimiser: ``adam``, or ``lbfgs``; a field of a family, whose objective changes, by Adam.
        stop: whether the held-out samples end the fit and say which parameters were best; else
            all steps are done and the last parameters kept.
    """

    steps: int
    learning_rate: float
    weight: float
    in_space: float
    derivative: Derivative = "difference"
    seed: int = 0
    largest: int = LARGEST
    optimiser: Optimiser = "adam"
    stop: bool = True


@dataclass(frozen=True)
class Outcome:
    """How a fit ended; the field has its best parameters.

    Attributes:
        steps: after which the parameters were best.
        residual: ``||A x - y|| / ||y||`` of the samples fitted, at the last look.
        held_out: the same of those held out at the best, or ``None``.
        interrupted: whether the user ended it.
        unseen: of a family, the held-out error at some lambdas; empty without such samples.
    """

    steps: int
    residual: float
    held_out: float | None
    interrupted: bool
    unseen: tuple[float, ...] = ()


def objective_gradient(
    field: Field,
    grid: Grid,
    samples: Samples,
    weights: Weights,
    config: FitConfig,
    level: Tensor | None = None,
    factor: float = 1.0,
) -> tuple[float, float]:
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
        ``||A x - y||^2`` of the samples fitted, and the penalties.
    """
    of_field = bool(weights) and config.derivative == "autograd"
    largest = config.largest // DERIVATIVES if of_field else config.largest
    pieces = list(grid.parts(largest // field.floats_per_point))
    kept = field.on_grid(grid.y, grid.x, grid.t, level) if len(pieces) == 1 else None
    film = film_of(field, grid, level, config.largest) if kept is None else kept.detach()
    misfit, gradient = samples.fitted.misfit(film[None])
    gradient, penalty = gradient[0], 0.0
    if weights and not of_field:
        with torch.enable_grad():
            leaf = film.requires_grad_()
            value = variation(leaf, field.domain, weights)
            gradient = gradient + torch.autograd.grad(value, leaf)[0]
        penalty = float(value.detach())
    for frames, rows in pieces:
        some = grid.part(frames, rows)
        values = field.on_grid(some.y, some.x, some.t, level) if kept is None else kept
        loss = (torch.view_as_real(values) * torch.view_as_real(gradient[frames, rows])).sum()
        if of_field:
            value = field_variation(field, (some.y, some.x, some.t), level, weights)
            loss, penalty = loss + value, penalty + float(value.detach())
        (factor * loss).backward()  # type: ignore[no-untyped-call]
    return misfit, penalty


def fit(field: Field, samples: Samples, config: FitConfig, progress: Progress = silent) -> Outcome:
    """Fit a field; stop when the held-out samples are described no better.

    The parameters with the least held-out error are kept, of those after the share ``EARLY`` of the
    steps; without held-out samples the last ones. An interrupt from the keyboard ends the fit with
    the best so far.

    Args:
        field: its parameters are changed.
        samples: of one slice.
        config: how.
        progress: told after each look, and how far the film is from the samples.
    """
    assert isinstance(field, nn.Module)
    grid = grid_of(field.domain, next(field.parameters()))
    source = generator(config.seed, "levels")
    latest = [1.0]

    def gradient() -> float:
        level, weights, factor = _objective(field.domain, config, source)
        field.zero_grad()
        with torch.enable_grad():
            misfit, penalty = objective_gradient(
                field, grid, samples, weights, config, level, factor
            )
        latest[0] = (misfit / samples.fitted.energy) ** 0.5
        return factor * (0.5 * misfit + penalty)

    quasi_newton = config.optimiser == "lbfgs" and not field.domain.family
    free = [one for one in field.parameters() if one.requires_grad]
    descend = (_lbfgs if quasi_newton else _adam)(free, config, gradient)
    best, interrupted, step = _Best(field), False, 0
    try:
        while step < config.steps and not best.is_over:
            count = min(LOOK, config.steps - step)
            descend(count)
            step += count
            error = _held_out_error(field, grid, samples, config)
            best.look(step, error, not config.stop or step <= EARLY * config.steps)
            tell(progress, best.words(latest[0]))
            progress(step, config.steps)
    except KeyboardInterrupt:
        interrupted = True
    best.restore()
    return Outcome(best.step, latest[0], best.error, interrupted)


def _adam(
    parameters: list[nn.Parameter], config: FitConfig, gradient: Callable[[], float]
) -> Callable[[int], None]:
    """Steps of Adam: Kingma and Ba 2015, arXiv:1412.6980."""
    adam = torch.optim.Adam(parameters, config.learning_rate, (0.9, 0.99), EPSILON)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, config.steps + 1)

    def descend(count: int) -> None:
        for _ in range(count):
            gradient()
            adam.step()
            falling.step()

    return descend


def _lbfgs(
    parameters: list[nn.Parameter], config: FitConfig, gradient: Callable[[], float]
) -> Callable[[int], None]:
    """Steps of L-BFGS with a line search: Liu and Nocedal 1989, doi:10.1007/BF01589116."""
    lbfgs = torch.optim.LBFGS(
        parameters,
        max_iter=LOOK,
        max_eval=2 * LOOK,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=HISTORY,
        line_search_fn="strong_wolfe",
    )

    def descend(count: int) -> None:
        lbfgs.param_groups[0]["max_iter"] = count
        lbfgs.step(gradient)  # type: ignore[no-untyped-call]

    return descend


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
