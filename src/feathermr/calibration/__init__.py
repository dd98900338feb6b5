"""Whitening, coil compression, and coil maps from the data."""

from feathermr.calibration.coil_maps import Calibration, CoilMaps, estimate_coil_maps
from feathermr.calibration.compression import compress
from feathermr.calibration.espirit import espirit_maps
from feathermr.calibration.noise_level import noise_deviation
from feathermr.calibration.region import calibration_data, calibration_region
from feathermr.calibration.walsh import walsh_maps
from feathermr.calibration.whitening import noise_covariance, whiten, whitening_matrix

__all__ = [
    "CoilMaps",
    "Calibration",
    "calibration_data",
    "calibration_region",
    "compress",
    "espirit_maps",
    "estimate_coil_maps",
    "noise_covariance",
    "noise_deviation",
    "walsh_maps",
    "whiten",
    "whitening_matrix",
]
