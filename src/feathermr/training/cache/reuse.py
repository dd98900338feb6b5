"""Which example is met when: by the number of the use alone, whatever was drawn how fast."""

from typing import final

import torch

from feathermr.core.seeding import generator
from feathermr.training.cache.config import CacheConfig
from feathermr.training.cache.stored import Stored
from feathermr.training.cache.symmetry import symmetric
from feathermr.training.example import Posed

#: numbers below the window that are kept: workers that are late may still want them
LATE = 64


@final
class Reused:
    """Examples by the number of their use ``u``, each ``reuse`` times on average.

    Use ``u`` picks evenly among the numbers from ``max(0, h - window)`` to below
    ``h = first + u // reuse``, and changes what it finds by a symmetry. Both are drawn by a
    generator of the seed and ``u``, so that a training that is repeated or resumed meets the same
    examples, whoever draws them and when.

    Args:
        stored: the examples by number.
        config: the schedule.
        seed: of the picks.
    """

    def __init__(self, stored: Stored, config: CacheConfig, seed: int) -> None:
        self.stored, self.config, self.seed = stored, config, seed

    def __len__(self) -> int:
        """Number of uses: as good as without end."""
        return len(self.stored) * self.config.reuse

    def __getitem__(self, use: int) -> Posed:
        """What is met at a use."""
        source = generator(self.seed, "use", use)
        low, high = self.window(use)
        number = low + int(torch.randint(high - low, (), generator=source))
        return symmetric(self.stored.get(number, max(0, low - LATE)), source)

    def window(self, use: int) -> tuple[int, int]:
        """The numbers among which a use picks, from the first to before the second."""
        high = min(self.config.first + use // self.config.reuse, len(self.stored))
        return max(0, high - self.config.window), high
