"""What every reconstruction by a network is given, checks, and says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError
from feathermr.models.weights import Trained
from feathermr.nn import fold
from feathermr.nn.cost import parameter_count
from feathermr.recon.phase import Phase
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Cost, Reconstruction


@dataclass(frozen=True)
class Given:
    """What a reconstruction needs beside the settings of its method."""

    network: nn.Module
    trained: Trained
    acquisition: Acquisition
    calibration: str
    phase: Phase = "none"


def ready(trained: Trained, acquisition: Acquisition) -> nn.Module:
    """A trained network as it is used: folded to plain layers, on the scan's device."""
    kspace = acquisition.kspace
    return fold(trained.network).to(kspace.device, kspace.real.dtype).eval()


def noted(
    done: Reconstruction, trained: Trained, mismatches: list[float], notes: tuple[str, ...] = ()
) -> Reconstruction:
    """The reconstruction with what is to be known of the network and of its answer."""
    share = sum(mismatches) / len(mismatches)
    notes = (
        origin(trained),
        *notes,
        f"the image differs from the measured samples by {share:.2%} of their norm",
    )
    provenance = replace(
        done.provenance, weights=trained.sha256, notes=(*done.provenance.notes, *notes)
    )
    cost = Cost(parameters=parameter_count(trained.network))
    return replace(done, provenance=provenance, cost=cost)


def origin(trained: Trained) -> str:
    """Name of a network and what it was trained on, in a sentence."""
    return f"network: {trained.name}, trained on {trained.card.get('trained_on', 'unknown data')}"


def check_finite(image: Tensor) -> None:
    """Refuse what is not a number.

    Raises:
        DataError: a value is not finite.
    """
    if not bool(torch.isfinite(torch.view_as_real(image)).all()):
        raise DataError(
            "the network gave values that are not finite; use another method, e.g. -m tv"
        )


def mismatch(problem: Problem, image: Tensor) -> float:
    """``||A x - y|| / ||y||``."""
    kspace = problem.acquisition.kspace
    return float((problem.encoding(image) - kspace).norm() / kspace.norm())
