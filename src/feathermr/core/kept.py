"""Tensors that depend on sizes alone, made once and kept for the next call."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar, TypeVarTuple

import torch

Ts = TypeVarTuple("Ts")
R = TypeVar("R")


def kept(build: Callable[[*Ts], R]) -> Callable[[*Ts], R]:
    """Keep what ``build`` returns for each of the last 64 arguments, which must be hashable.

    What is kept is fit for every later caller: a first call in inference mode makes an ordinary
    tensor, which gradients may pass, and a call while a network is compiled or exported neither
    keeps nor sees the tracer's stand-ins.
    """
    stored = lru_cache(maxsize=64)(build)

    @wraps(build)
    def call(*args: *Ts) -> R:
        if torch.compiler.is_compiling():
            return build(*args)
        with torch.inference_mode(mode=False):
            return stored(*args)

    return call
