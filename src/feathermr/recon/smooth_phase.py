"""The smooth phase of an image, from the steps between its pixels."""

import math

import torch
from torch import Tensor

from feathermr.core.kept import kept
from feathermr.operators import Differences
from feathermr.solvers import cg

#: share of the largest strength at which a step counts half, and what it counts at least
FAINT, LEAST = 0.05, 0.01
#: cosines along an axis, per pixel and standard deviation of the Gaussian
MODES = 2.0
#: of conjugate gradients
ITERATIONS = 4


def smooth_phase(image: Tensor, reach: tuple[float, float]) -> Tensor:
    """Angles (slice, 1, y, x) in radians, smooth, not wrapped, up to a constant.

    ``min_phi sum w |D phi - angle(p)|^2``, with the mean step ``p = G (x[n + 1] conj(x[n]))``
    along each axis, ``G`` a Gaussian, and ``w`` about 1 where ``p`` is strong and near 0 in air.
    Jumps of the phase, as from water to fat, are few among the steps of their neighbourhood and
    change the angle of the mean little, where the phase of a blurred image would follow them; and
    ``phi`` has no vortex where a blurred image is zero.

    ``phi`` is a sum of low cosines, each over the root of its eigenvalue of ``D^H D``: the
    unweighted solution is one transform, and CG from there takes few steps.
    Ghiglia and Romero 1994, doi:10.1364/JOSAA.11.000107.

    Args:
        image: (slice, 1, y, x).
        reach: standard deviation of ``G`` in pixels (y, x).
    """
    shape, real = image.shape[-2:], image.real
    sizes = [min(n, math.ceil(MODES * n / r)) for n, r in zip(shape, reach, strict=True)]
    rows, columns = (
        cosines(n, size, real.dtype, real.device) for n, size in zip(shape, sizes, strict=True)
    )
    angles = [
        torch.arange(size, dtype=real.dtype, device=real.device) * (math.pi / n)
        for n, size in zip(shape, sizes, strict=True)
    ]
    fall = [(-0.5 * (r * angle).square()).exp() for r, angle in zip(reach, angles, strict=True)]
    eigenvalues = (2 - 2 * angles[0].cos())[:, None] + (2 - 2 * angles[1].cos())
    eigenvalues[0, 0] = math.inf  # a constant is no step
    root = eigenvalues.rsqrt()

    def analyse(array: Tensor) -> Tensor:
        return rows @ array @ columns.T

    def compose(modes: Tensor) -> Tensor:
        return rows.T @ modes @ columns

    def blurred(step: Tensor) -> Tensor:
        parts = [compose(analyse(part) * fall[0][:, None] * fall[1]) for part in _parts(step)]
        return torch.complex(*parts)

    steps = torch.stack([blurred(_following(image, axis) * image.conj()) for axis in (-2, -1)])
    differences = Differences(tuple(image.shape), (-2, -1))
    strength = steps.abs()
    strength = strength / strength.amax().clamp_min(torch.finfo(real.dtype).tiny)
    weights = strength / (strength + FAINT) + LEAST
    modes = cg(
        lambda c: root * analyse(differences.H(weights * differences(compose(root * c)))),
        root * analyse(differences.H(weights * steps.angle())),
        iterations=ITERATIONS,
        initial=root * analyse(differences.H(steps.angle())),
    )
    return compose(root * modes)


@kept
def cosines(size: int, count: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The ``count`` lowest cosines (count, size), orthonormal: eigenvectors of ``D^H D``.

    Example:
        >>> basis = cosines(5, 5, torch.float64, torch.device("cpu"))
        >>> bool(torch.allclose(basis @ basis.T, torch.eye(5, dtype=torch.float64)))
        True
    """
    place = torch.arange(size, dtype=torch.float64) + 0.5
    order = torch.arange(count, dtype=torch.float64)
    basis = (order[:, None] * place * (math.pi / size)).cos() * math.sqrt(2 / size)
    basis[0] /= math.sqrt(2)
    return basis.to(device, dtype)


def _parts(array: Tensor) -> tuple[Tensor, Tensor]:
    return array.real.contiguous(), array.imag.contiguous()


def _following(image: Tensor, axis: int) -> Tensor:
    """The next pixel along an axis; zero past the end."""
    moved = image.roll(-1, axis)
    moved.narrow(axis, image.shape[axis] - 1, 1).zero_()
    return moved
