"""Exports that are judged by less, so that tests are soon over."""

import pytest

from feathermr.deploy.graphs import make


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer and smaller scans than a user's export is judged by."""
    card = "feathermr.deploy.export.card"
    monkeypatch.setattr(f"{card}.ACCURACY_SCANS", 2)
    monkeypatch.setattr(f"{card}.ACCURACY_SHAPE", (48, 40))
    monkeypatch.setattr(f"{card}.LATENCY_SHAPE", (48, 40))
    monkeypatch.setattr(f"{card}.REPEATS", 1)
    monkeypatch.setattr(make, "CALIBRATION_SCANS", 8)
    monkeypatch.setattr(make, "CALIBRATION_SHAPE", (48, 40))
