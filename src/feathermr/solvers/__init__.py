"""Iterative solvers that take callables."""
