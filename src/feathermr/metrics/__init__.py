"""Measures of image quality, their intervals and comparisons."""

from feathermr.metrics.high_frequency_error import hfen
from feathermr.metrics.moving_region import moving_region
from feathermr.metrics.paired import PairedComparison, compare, sign_flip_p_value
from feathermr.metrics.peak_signal import psnr
from feathermr.metrics.regional_error import nmse_moving, nmse_still, psnr_moving, psnr_still
from feathermr.metrics.relative_error import complex_nmse, nmse
from feathermr.metrics.score import Alignment, Interval, Policy, Score
from feathermr.metrics.scoring import least_squares_factor, score, score_all, suitable_metrics
from feathermr.metrics.statistics import bootstrap_interval, subject_means, summarise
from feathermr.metrics.structural_similarity import ssim
from feathermr.metrics.table import METRICS, Metric
from feathermr.metrics.wall_motion import wall_motion

__all__ = [
    "METRICS",
    "Alignment",
    "Interval",
    "Metric",
    "PairedComparison",
    "Policy",
    "Score",
    "bootstrap_interval",
    "compare",
    "complex_nmse",
    "hfen",
    "least_squares_factor",
    "moving_region",
    "nmse",
    "nmse_moving",
    "nmse_still",
    "psnr",
    "psnr_moving",
    "psnr_still",
    "score",
    "score_all",
    "sign_flip_p_value",
    "ssim",
    "subject_means",
    "suitable_metrics",
    "summarise",
    "wall_motion",
]
