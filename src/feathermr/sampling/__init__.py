"""Sampling patterns as pure functions."""
