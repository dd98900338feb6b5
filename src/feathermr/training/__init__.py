"""Recipes, losses and data modules (none yet)."""
