"""Run several methods on one scan and score them."""

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.core.progress import Progress, silent
from feathermr.metrics import Alignment, Policy, Score, score_all, suitable_metrics
from feathermr.recon.comparison import Comparison
from feathermr.recon.runner import Method
from feathermr.recon.zero_filled import ZeroFilled

#: share of the largest magnitude that is rounding
ROUNDING = 1e-5
#: of every image of a family
FAMILY_METRICS = ("psnr", "ssim")
OWN_REFERENCE = "the zero-filled image is the reference itself, so there is nothing to score"
#: the baseline of reconstruction
ZERO_FILLED: Mapping[str, Method] = {"zero-filled": ZeroFilled()}
#: gives the progress of a piece of work its name
StartProgress = Callable[[str], Progress]


def no_progress(description: str) -> Progress:
    """Report nothing."""
    return silent


def _equal(image: Tensor, reference: Tensor) -> bool:
    """Whether two magnitudes differ by rounding only."""
    if image.shape != reference.shape:
        return False
    found, wanted = image.abs(), reference.abs()
    return float((found - wanted).abs().max()) <= ROUNDING * float(wanted.max())


def compare(
    acquisition: Acquisition,
    methods: Mapping[str, Method],
    reference: Tensor | None,
    *,
    scan: str,
    baseline: Mapping[str, Method] = ZERO_FILLED,
    policy: Policy = "slice",
    alignment: Alignment = "none",
    progress: StartProgress = no_progress,
) -> Comparison:
    """Reconstruct a scan by a baseline and by each method, and score the images.

    Args:
        acquisition: what the methods are given.
        methods: by name.
        reference: the image to compare with; no scores without. It is left out, and a note says
            so, when zero filling gives just this image: a complete scan is its own reference.
        scan: the scan's name in the scores.
        baseline: what comes first, by name; of super-resolution an interpolation.
        policy: of the scores; a scan with an empty image is scored as one volume instead.
        alignment: of the scores.
        progress: asked for a progress by each method's name.
    """
    todo: dict[str, Method] = {**baseline, **methods}
    reconstructions = {
        name: method(acquisition, progress=progress(name)) for name, method in todo.items()
    }
    scores: list[Score] = []
    of_families: dict[str, tuple[tuple[Score, ...], ...]] = {}
    first = next(iter(reconstructions.values()))
    if reference is not None and baseline is ZERO_FILLED and _equal(first.image, reference):
        acquisition, reference = acquisition.with_notes(OWN_REFERENCE), None
    if reference is not None:
        # estimated coil maps fix the phase of an image only up to one of their own
        with_phase = reference.is_complex() and (
            acquisition.n_coils == 1 or acquisition.coil_maps is not None
        )
        empty = not bool((reference.abs().amax(dim=(-2, -1)) > 0).all())
        score = partial(
            score_all,
            target=reference,
            policy="volume" if empty else policy,
            alignment=alignment,
            scan=scan,
            subject=acquisition.header.subject or scan,
        )
        metrics = suitable_metrics(reference, with_phase=with_phase)
        for name, made in reconstructions.items():
            scores += score(made.image, method=name, metrics=metrics)
            family = made.family
            if family is not None and made.image.shape == reference.shape:
                of_families[name] = tuple(
                    tuple(score(family.image(value), method=name, metrics=FAMILY_METRICS))
                    for value in family.values
                )
    return Comparison(acquisition, reconstructions, reference, tuple(scores), of_families)
