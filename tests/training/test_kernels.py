"""A process that trains keeps the kernels of all sizes."""

import os

import pytest

from feathermr.training.kernels import CAPACITY, keep_kernels

NAME = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"


def test_many_kernels_are_kept_unless_a_user_has_said_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    keep_kernels()
    assert os.environ[NAME] == str(CAPACITY)
    monkeypatch.setenv(NAME, "7")
    keep_kernels()
    assert os.environ[NAME] == "7"
