"""Whole networks, each a frozen config above its class (none yet)."""
