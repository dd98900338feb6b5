"""Examples with the images that a network begins from, so that they too are computed once."""

from dataclasses import replace
from typing import final

import torch

from feathermr.models.unrolled import Started
from feathermr.training.example import Example, Examples, Posed


@final
class WithStarts:
    """Examples that bring the images which a network begins from.

    Args:
        examples: to add them to.
        network: that begins from them; its parameters do not matter.
    """

    def __init__(self, examples: Examples, network: Started) -> None:
        self.examples, self.network = examples, network

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.examples)

    @torch.no_grad()
    def __getitem__(self, index: int) -> Posed:
        """The example at ``index``."""
        example = self.examples[index]
        if not isinstance(example, Example):
            return example
        return replace(example, starts=self.network.starts(example.kspace, example.encoding))
