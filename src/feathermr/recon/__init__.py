"""Every method: an acquisition in, a reconstruction out."""

from feathermr.recon.comparison import Comparison
from feathermr.recon.methods import METHODS, default_method, make_method, reconstruct
from feathermr.recon.reconstruction import Cost, Provenance, Reconstruction

__all__ = [
    "METHODS",
    "Comparison",
    "Cost",
    "Provenance",
    "Reconstruction",
    "default_method",
    "make_method",
    "reconstruct",
]
