"""SwinMR: a Swin transformer on the zero-filled image."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.errors import UsageError
from feathermr.models.one_shot import OneShot
from feathermr.nn.layers import convolution
from feathermr.nn.swin import ResidualSwinBlock

#: of the last layer's initial weights: training starts close to the zero-filled image
LAST = 0.1


@dataclass(frozen=True)
class SwinmrConfig:
    """Settings of SwinMR.

    Attributes:
        channels: in and out; 2 for a complex image.
        embedding: channels of a token.
        blocks: residual blocks.
        depth: layers of each block.
        heads: of the attention; they divide the embedding.
        window: tokens along each side of a window.
        mlp_ratio: hidden channels of the perceptrons, in units of the embedding.
        patch: pixels along each side of a token.
        kronecker: ``n`` of Kronecker layers; 1 for plain ones.
        consistency: CG iterations of the step at the end; 0 for none.
    """

    channels: int = 2
    embedding: int = 120
    blocks: int = 6
    depth: int = 6
    heads: int = 6
    window: int = 8
    mlp_ratio: float = 2.0
    patch: int = 2
    kronecker: int = 1
    consistency: int = 6


def swinmr(config: SwinmrConfig) -> OneShot:
    """SwinMR as a model."""
    return OneShot(
        SwinMR(config), multiple=config.patch * config.window, consistency=config.consistency
    )


@final
class SwinMR(nn.Module):
    """A real image (batch, channels, y, x) plus what a transformer says is missing in it.

    Huang et al. 2022, doi:10.1016/j.neucom.2022.04.051. Patches become tokens by a strided
    convolution and pixels again by a sub-pixel shuffle before the last one, so a patch of 2 x 2
    costs a quarter of one token for each pixel. Stochastic depth is left out.

    Args:
        config: height and width of the image must be multiples of its ``patch * window``.

    Raises:
        UsageError: the embedding cannot be divided among heads, or shuffled to patches.
    """

    def __init__(self, config: SwinmrConfig) -> None:
        super().__init__()
        n, width, patch = config.kronecker, config.embedding, config.patch
        if patch < 1 or width % patch**2:
            raise UsageError(
                f"an embedding of {width} channels cannot be shuffled to {patch} x {patch} pixels"
            )
        margin = (patch + 1) // 2
        self.shallow = convolution(
            n, config.channels, width, patch + 2 * margin, stride=patch, padding=margin
        )
        self.embedding_norm = nn.LayerNorm(width)
        self.blocks = nn.Sequential(
            *(
                ResidualSwinBlock(
                    width, config.depth, config.heads, config.window, config.mlp_ratio, n
                )
                for _ in range(config.blocks)
            )
        )
        self.norm = nn.LayerNorm(width)
        self.deep = convolution(n, width, width, 3, padding=1)
        self.shuffle = nn.PixelShuffle(patch)
        self.last = convolution(n, width // patch**2, config.channels, 3, padding=1)
        with torch.no_grad():
            for name, parameter in self.last.named_parameters():
                if name != "algebra":
                    parameter.mul_(LAST)

    def forward(self, image: Tensor) -> Tensor:
        """The network."""
        shallow = self.shallow(image)
        tokens = self.embedding_norm(shallow.permute(0, 2, 3, 1))
        tokens = self.norm(self.blocks(tokens)).permute(0, 3, 1, 2)
        features = shallow + self.deep(tokens)
        answer: Tensor = image + self.last(self.shuffle(features))
        return answer
