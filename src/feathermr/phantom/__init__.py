"""The simulator: anatomy, motion, coils, phase and noise."""

from feathermr.phantom.acquire import acquire, low_pass
from feathermr.phantom.coils import at_scan_resolution, coil_maps
from feathermr.phantom.contrast import Contrast
from feathermr.phantom.film import Between, film
from feathermr.phantom.imperfect import k_window, with_ghosts, with_spike
from feathermr.phantom.motion import Motion, draw_motion
from feathermr.phantom.noise import (
    add_noise,
    coil_correlation,
    noise_level,
    sample_noise,
    signal_level,
)
from feathermr.phantom.scanner_signal import scanner_phase, scanner_signal
from feathermr.phantom.scene import ANATOMIES, Anatomy, random_contrast, scene
from feathermr.phantom.shading import shading
from feathermr.phantom.simulate import from_image, simulate

__all__ = [
    "ANATOMIES",
    "Anatomy",
    "Between",
    "Contrast",
    "Motion",
    "acquire",
    "add_noise",
    "at_scan_resolution",
    "coil_correlation",
    "coil_maps",
    "draw_motion",
    "film",
    "from_image",
    "k_window",
    "low_pass",
    "noise_level",
    "random_contrast",
    "sample_noise",
    "scanner_phase",
    "scanner_signal",
    "scene",
    "shading",
    "signal_level",
    "simulate",
    "with_ghosts",
    "with_spike",
]
