"""Terms of heterogeneous distillation: between networks of any two architectures."""

from feathermr.training.distill.correction import correction_loss, mistakes
from feathermr.training.distill.edges import edge_loss, laplacian_of_gaussian, sobel_magnitude
from feathermr.training.distill.features import Projection, feature_loss
from feathermr.training.distill.relations import relation_loss, relations
from feathermr.training.distill.response import response
from feathermr.training.distill.taps import Taps
from feathermr.training.distill.weighting import trust

__all__ = [
    "Projection",
    "Taps",
    "correction_loss",
    "edge_loss",
    "feature_loss",
    "laplacian_of_gaussian",
    "mistakes",
    "relation_loss",
    "relations",
    "response",
    "sobel_magnitude",
    "trust",
]
