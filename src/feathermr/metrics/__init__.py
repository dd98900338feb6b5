"""Measures of image quality, their intervals and comparisons."""
