"""Sampling patterns as pure functions: lines, points, and lines that change with time."""

from feathermr.sampling.inspection import achieved_acceleration, center_lines
from feathermr.sampling.mask_file import read_mask
from feathermr.sampling.patterns import PATTERNS, Pattern, summary
from feathermr.sampling.undersampling import Undersampling

__all__ = [
    "PATTERNS",
    "Pattern",
    "Undersampling",
    "achieved_acceleration",
    "center_lines",
    "read_mask",
    "summary",
]
