"""Layers and blocks of networks (none yet: the classical methods need none)."""
