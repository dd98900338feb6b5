"""The phase that a scan's own held-out samples ask for, taken into its operator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from feathermr.operators import Encoding
from feathermr.operators.encoding import constant_axes_reduced
from feathermr.recon.held_out import Part, split
from feathermr.recon.preview import preview
from feathermr.recon.problem import Problem
from feathermr.recon.smooth_phase import smooth_phase
from feathermr.solvers import total_variation

Phase = Literal["auto", "none"]
PHASES = get_args(Phase)

#: over how many pixels the phase is smooth
REACH = 8.0
#: share by which the error with the phase must be less than that without
MARGIN = 0.005
#: share of the lines, and of the points, outside of the center that judge
LINES, POINTS = 1 / 7, 1 / 10
#: share of the readout, or of both axes of points, that is enough for a smooth phase, and the
#: fewest samples along an axis
SHARE, FEWEST = 0.5, 32
#: weight of the total variation by which a candidate is judged, and iterations of ADMM and CG
WEIGHT, ITERATIONS = 8.0, (4, 4)


@dataclass(frozen=True)
class Found:
    """The phase of one slice.

    Attributes:
        angle: (1, 1, y, x) in radians; zero where no phase was better.
        before: error of the held-out samples without, over their norm.
        after: the same with the phase.
    """

    angle: Tensor
    before: float
    after: float


def with_smooth_phase(problem: Problem) -> Problem:
    """The problem of ``A diag(e^(i phi))``, slice by slice where that predicts the scan better.

    Without ``phi`` the prior of a method counts steep phase as edges. ``phi`` is none, or the
    smooth phase of the image of small total variation, as the samples say that were held out from
    it. The phase enters the coil maps, and `Problem.shading`, so that the final image has the phase
    that it would have had. A series is left as it is: its frames need not share a phase.
    """
    scan = problem.acquisition
    if scan.n_frames > 1:
        return problem
    found = [_of_slice(problem.slice(index)) for index in range(scan.n_slices)]
    used = [one for one in found if one is not None]
    if not used:
        return problem
    like = scan.kspace.real
    none = like.new_zeros(1, 1, *scan.shape)
    angle = torch.cat([none if one is None else one.angle for one in found])
    phase = torch.polar(torch.ones_like(angle), angle)
    assert scan.coil_maps is not None
    before, after = (sum(errors) / len(used) for errors in _errors(used))
    where = "" if scan.n_slices == 1 else f" in {len(used)} of {scan.n_slices} slices"
    return replace(
        problem,
        acquisition=replace(scan, coil_maps=scan.coil_maps * phase[:, :, None]),
        shading=problem.shading * phase.conj(),
        notes=(
            *problem.notes,
            f"smooth phase taken into the operator{where}: samples held out are predicted with an "
            f"error of {after:.3f} of their norm against {before:.3f}",
        ),
    )


def _errors(found: list[Found]) -> tuple[list[float], list[float]]:
    return [one.before for one in found], [one.after for one in found]


def _of_slice(problem: Problem) -> Found | None:
    """The phase of a problem of one slice, or none."""
    shape = problem.acquisition.shape
    points = 1 not in constant_axes_reduced(problem.acquisition.mask).shape[-2:]
    problem = preview(problem, SHARE**2 if points else SHARE, FEWEST)
    coarse = problem.acquisition.shape
    pixel = (coarse[0] / shape[0], coarse[1] / shape[1])
    samples = split(problem, POINTS if points else LINES)
    if samples.held_out is None:
        return None
    weight = problem.weight(WEIGHT)
    image = _solved(samples.fitted, None, weight)
    before = samples.held_out.error(image)
    found = smooth_phase(image, (REACH * pixel[0], REACH * pixel[1]))
    after = samples.held_out.error(_solved(samples.fitted, found, weight))
    if after >= (1 - MARGIN) * before:
        return None
    angle = interpolate(found, size=shape, mode="bilinear", align_corners=False)
    return Found(angle, before, after)


def _solved(part: Part, angle: Tensor | None, weight: float) -> Tensor:
    """The image of small total variation, with its phase."""
    iterations, inner_iterations = ITERATIONS
    phase = None if angle is None else torch.polar(torch.ones_like(angle), angle)
    encoding, adjoint = part.encoding, part.adjoint
    if phase is not None:
        maps = encoding.coil_maps * phase[:, :, None]
        encoding, adjoint = Encoding(encoding.mask, maps, 1), adjoint * phase.conj()
    image = total_variation(
        encoding, adjoint, weight, iterations=iterations, inner_iterations=inner_iterations
    )
    return image if phase is None else image * phase
