"""Iterative solvers that take callables."""

from feathermr.solvers.admm import Split, admm
from feathermr.solvers.conjugate_gradient import cg
from feathermr.solvers.film_variation import film_variation
from feathermr.solvers.fista import fista
from feathermr.solvers.power_iteration import power_iteration
from feathermr.solvers.proximal import joint_threshold, singular_value_threshold, soft_threshold
from feathermr.solvers.temporal_sparsity import temporal_sparsity
from feathermr.solvers.total_variation import total_variation

__all__ = [
    "Split",
    "admm",
    "cg",
    "film_variation",
    "fista",
    "joint_threshold",
    "power_iteration",
    "singular_value_threshold",
    "soft_threshold",
    "temporal_sparsity",
    "total_variation",
]
