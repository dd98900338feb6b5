"""Every method: an acquisition in, a reconstruction out."""

from feathermr.recon.coarsen import coarsened
from feathermr.recon.compare import compare
from feathermr.recon.comparison import Comparison
from feathermr.recon.evaluation import Entry, evaluate, read, store
from feathermr.recon.methods import (
    METHODS,
    SUPER_RESOLUTION_METHODS,
    TASKS,
    TIMED_METHODS,
    check_suits,
    default_method,
    make_method,
    reconstruct,
)
from feathermr.recon.reconstruction import Cost, Family, Provenance, Reconstruction, Task
from feathermr.recon.reference import reference_image

__all__ = [
    "TIMED_METHODS",
    "METHODS",
    "SUPER_RESOLUTION_METHODS",
    "TASKS",
    "Comparison",
    "Cost",
    "Entry",
    "Family",
    "Provenance",
    "Reconstruction",
    "Task",
    "check_suits",
    "coarsened",
    "compare",
    "default_method",
    "evaluate",
    "make_method",
    "read",
    "reconstruct",
    "reference_image",
    "store",
]
