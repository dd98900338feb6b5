"""Fields fitted to one scan: no training data, any time, one weight or the whole family."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.errors import UsageError
from feathermr.core.progress import Progress, silent
from feathermr.core.settings import Setting
from feathermr.models.implicit import (
    FIELDS,
    Domain,
    Factors,
    FieldName,
    FittedField,
    build_field,
    domain_of,
    level_of,
    weight_of,
)
from feathermr.nn.cost import parameter_count
from feathermr.recon.held_out import split
from feathermr.recon.implicit_family import fit_family, lambda_family, with_unseen
from feathermr.recon.implicit_fit import FitConfig, Outcome, fit
from feathermr.recon.implicit_objective import Derivative
from feathermr.recon.phase import Phase
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Cost, Reconstruction
from feathermr.recon.runner import run


@dataclass(frozen=True)
class Inr:
    """A continuous image or film, fitted to the scan itself.

    ``min_f 0.5 ||A f - y||^2 + lambda ||D_t f||_1 + lambda_s TV(f)`` over the parameters of a field
    ``f(x, y, t)``, by L-BFGS or Adam; ``lambda`` is ``weight`` times the noise (`Problem.weight`).
    It stops when samples that it never sees are described no better; an interrupt from the
    keyboard keeps the best so far. The field can be asked for any time.
    Sitzmann et al. 2020, arXiv:2006.09661; partial separability of films: Liang 2007,
    doi:10.1109/ISBI.2007.356922.

    Attributes:
        field: ``factors``, ``hash``, ``fourier``, ``siren`` or ``siren-wide``.
        weight: of the changes in time in units of the noise variance, for images of about 1.
        in_space: weight of the edges in space over that of the changes in time.
        derivative: ``difference`` of pixels and frames, or ``autograd``: of the field.
        steps: at most; 0 for the field's own number.
        learning_rate: of Adam; 0 for the field's own.
        times: frames to give, equally spaced over the film; 0 for those of the scan.
        cyclic: whether the first frame follows the last, as in a gated heart beat; false for
            real-time films and contrast uptake.
        seed: of the start, and of the samples that are kept apart.
        calibration: ``espirit`` or ``walsh``.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
    """

    field: FieldName = "factors"
    weight: float = 12.0
    in_space: float = 0.4
    derivative: Derivative = "difference"
    steps: int = 0
    learning_rate: float = 0.0
    times: int = 0
    cyclic: bool = True
    seed: int = 0
    calibration: Calibration = "espirit"
    phase: Phase = "auto"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        return _reconstruct("inr", self, acquisition, progress)


@dataclass(frozen=True)
class InrLambda(Inr):
    """A field with the regularisation weight as a coordinate: one fit, from detailed to smooth.

    As ``inr`` and with its settings, of ``f(lambda, x, y, t)`` with the logarithm of ``lambda``
    from -5 to 0, for images of about 1. Factors are linear in it between knots every half decade
    and fitted knot by knot, from that of ``weight``; other fields by Adam, with ``lambda`` drawn
    evenly anew at every step and twice as many steps. The image given is that of ``weight``; all
    others can be asked from the field.
    """

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        return _reconstruct("inr-lambda", self, acquisition, progress)


def _reconstruct(
    name: str, method: Inr, acquisition: Acquisition, progress: Progress
) -> Reconstruction:
    """A field a slice, and the image of all."""
    domain = domain_of(
        acquisition.header,
        acquisition.shape,
        acquisition.n_frames,
        cyclic=method.cyclic,
        family=isinstance(method, InrLambda),
    )
    if method.times > 1 and not domain.timed:
        raise UsageError("times asks for frames of a film, but the scan has one frame; leave it 0")
    times = domain.equal_times(method.times) if method.times else domain.times
    made: list[FittedField] = []
    outcomes: list[Outcome] = []

    def solve(problem: Problem, progress: Progress) -> Tensor:
        fitted, outcome = _fitted(method, domain, problem, progress)
        made.append(fitted)
        outcomes.append(outcome)
        return fitted.films(times)

    done = run(
        name,
        method,
        acquisition,
        solve,
        calibration=method.calibration,
        phase=method.phase,
        progress=progress,
    )
    notes = (*done.provenance.notes, *_notes(method, outcomes, made[0]))
    card = {
        "method": name,
        "version": done.provenance.version,
        "settings": asdict(method),
        "notes": notes,
    }
    slices = tuple(one.slices[0] for one in made)
    field = replace(made[0], slices=slices, header=acquisition.header, card=card)
    return replace(
        done,
        provenance=replace(done.provenance, notes=notes),
        cost=Cost(parameters=parameter_count(slices[0])),
        header=domain.timed_header(done.header, times) if method.times else done.header,
        field=field,
        family=lambda_family(field, times, outcomes) if domain.family else None,
    )


def _fitted(
    method: Inr, domain: Domain, problem: Problem, progress: Progress
) -> tuple[FittedField, Outcome]:
    """The field of a problem of one slice, and how its fit ended."""
    kspace = problem.acquisition.kspace
    by_knots = domain.family and FIELDS[method.field].quasi_newton
    start = replace(domain, family=False) if by_knots else domain
    own = build_field(method.field, start, seed=method.seed).to(kspace.device, kspace.real.dtype)
    config = _config(method, problem.weight(method.weight))
    samples = split(problem, seed=method.seed)
    settings: dict[str, Setting] = {}
    if by_knots:
        assert isinstance(own, Factors)
        own, outcome = fit_family(own, samples, config, progress)
        settings = {"rank": own.rank, "resolutions": len(own.strides)}
    else:
        outcome = fit(own, samples, config, progress)  # type: ignore[arg-type]
    if domain.family:
        outcome = with_unseen(outcome, own, samples, weight_of(level_of(config.weight)))
    fitted = FittedField(
        slices=(own.eval().requires_grad_(False),),
        name=method.field,
        settings=settings,
        domain=domain,
        scale=problem.scale,
        shading=problem.shading,
        weight=weight_of(level_of(config.weight)) if domain.family else None,
        header=problem.acquisition.header,
    )
    return fitted, outcome


def _config(method: Inr, weight: float) -> FitConfig:
    kind = FIELDS[method.field]
    drawn = isinstance(method, InrLambda) and not kind.quasi_newton
    usual = kind.steps * (2 if drawn else 1)
    return FitConfig(
        steps=method.steps or usual,
        learning_rate=method.learning_rate or kind.learning_rate,
        weight=weight,
        in_space=method.in_space,
        derivative=method.derivative,
        seed=method.seed,
        optimiser="lbfgs" if kind.quasi_newton else "adam",
    )


def _notes(method: Inr, outcomes: list[Outcome], fitted: FittedField) -> tuple[str, ...]:
    """How the fits went, in sentences."""
    count = len(outcomes)
    residual = sum(one.residual for one in outcomes) / count
    errors = [one.held_out for one in outcomes if one.held_out is not None]
    steps = sum(one.steps for one in outcomes) / count
    notes = [
        f"field: {method.field}, {parameter_count(fitted.slices[0])} parameters a slice, fitted to "
        f"this scan in {steps:.0f} steps",
        f"the image differs from the samples fitted by {residual:.2%} of their norm",
    ]
    if errors:
        notes.append(
            f"it differs from samples kept apart, lines or points outside of the center, by "
            f"{sum(errors) / len(errors):.1%} of theirs"
        )
    if fitted.weight is not None:
        notes.append(f"the image is that of lambda = {fitted.weight:.2g}")
    if any(one.interrupted for one in outcomes):
        notes.append("interrupted: the best fit so far was kept")
    return tuple(notes)
