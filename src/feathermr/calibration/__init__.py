"""Whitening, coil compression, and coil maps from the data."""
