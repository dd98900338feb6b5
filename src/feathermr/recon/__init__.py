"""Every method: an acquisition in, a reconstruction out."""

from feathermr.recon.compare import compare
from feathermr.recon.comparison import Comparison
from feathermr.recon.evaluation import Entry, evaluate, read, store
from feathermr.recon.methods import (
    METHODS,
    check_suits,
    default_method,
    make_method,
    reconstruct,
)
from feathermr.recon.reconstruction import Cost, Provenance, Reconstruction
from feathermr.recon.reference import reference_image

__all__ = [
    "METHODS",
    "Comparison",
    "Cost",
    "Entry",
    "Provenance",
    "Reconstruction",
    "check_suits",
    "compare",
    "default_method",
    "evaluate",
    "make_method",
    "read",
    "reconstruct",
    "reference_image",
    "store",
]
