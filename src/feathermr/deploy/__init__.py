"""Fold, quantise, export, serve (none yet)."""
