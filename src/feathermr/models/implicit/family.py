"""Factors that were fitted for one lambda each, joined to one field of a family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from feathermr.models.implicit.factors import Factors, FactorsConfig, as_complex

#: images that all lambdas share, at most
RANK = 48
#: pixels whose products are summed at once, in double precision
CHUNK = 2**14


@torch.no_grad()
def joined(members: Sequence[Factors]) -> Factors:
    """One field of ``(lambda, x, y, t)`` from fields of ``(x, y, t)``, one a knot of log10 lambda.

    The films of all members, coefficients in time by pixels, are one matrix of low rank, for a
    smooth film resembles the detailed one. Its strongest left singular vectors are the courses
    ``V(t, lambda)``; their products with it are the images ``U`` that all lambdas share. What is
    weaker than the first ``RANK`` is lost. Grids of several resolutions become one.

    Args:
        members: from the smallest lambda, of one domain.
    """
    domain = replace(members[0].domain, family=True)
    images = torch.cat([_images(one) for one in members])
    courses = torch.block_diag(*map(_courses, members))  # type: ignore[no-untyped-call]
    rank = min(RANK, *courses.shape)
    vectors = _strongest(images, courses, rank)
    shared = (vectors.mH @ courses).to(images) @ images
    field = Factors(FactorsConfig(rank, resolutions=1), domain).to(images.real)
    field.images[0] = nn.Parameter(_parts(shared.reshape(rank, *domain.shape)))
    weights = vectors.mT.reshape(rank, len(members), -1).to(images)
    field.courses = nn.Parameter(_parts(weights))
    return field


def _images(one: Factors) -> Tensor:
    """``U`` (rank, pixel), complex."""
    like = one.images[0]
    places = (one.domain.rows.to(like), one.domain.columns.to(like))
    return as_complex(one.pictures(*places)).flatten(1)


def _courses(one: Factors) -> Tensor:
    """Coefficients of ``V`` (knot in time, rank), complex and double."""
    return as_complex(one.courses[:, :, 0].double()).mT


def _strongest(images: Tensor, courses: Tensor, rank: int) -> Tensor:
    """Left singular vectors of ``courses @ images``, the strongest first, by its Gram matrix."""
    inner = courses.new_zeros(len(images), len(images))
    for start in range(0, images.shape[1], CHUNK):
        double = images[:, start : start + CHUNK].to(courses)
        inner += double @ double.mH
    vectors: Tensor = torch.linalg.eigh(courses @ inner @ courses.mH).eigenvectors
    return vectors.flip(-1)[:, :rank]


def _parts(values: Tensor) -> Tensor:
    """Real and imaginary part (2, ...)."""
    return torch.stack([values.real, values.imag])
