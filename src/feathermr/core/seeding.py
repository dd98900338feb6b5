"""Random generators derived from a seed and keys, the same on every worker, rank and machine."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def generator(seed: int, *keys: int | str, device: str | torch.device = "cpu") -> torch.Generator:
    """A generator that depends on ``(seed, *keys)`` and on nothing else.

    Example:
        >>> a, b = generator(1, "mask", 7), generator(1, "mask", 7)
        >>> bool((torch.rand(3, generator=a) == torch.rand(3, generator=b)).all())
        True
    """
    digest = hashlib.sha256(repr((seed, *keys)).encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8], "big") >> 1)


@contextmanager
def seeded(seed: int, *keys: int | str) -> Iterator[None]:
    """What draws from torch's global state inside depends on ``(seed, *keys)`` alone.

    For the initialisation of torch's own layers, which take no generator; the global state is the
    same after as before.
    """
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(generator(seed, *keys).get_state())
        yield
