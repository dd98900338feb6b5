"""Whole networks: configuration, table, cards."""

from feathermr.models.one_shot import OneShot
from feathermr.models.table import MODELS, Card, Model, build, configure

__all__ = ["MODELS", "Card", "Model", "OneShot", "build", "configure"]
