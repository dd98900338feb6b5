"""SwinMR, a Swin transformer on the zero-filled image; with one pixel a token it is SwinIR."""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from feathermr.core.errors import UsageError
from feathermr.models.magnified import Magnified
from feathermr.models.one_shot import OneShot
from feathermr.nn.layers import convolution
from feathermr.nn.subpixel import SubPixel
from feathermr.nn.swin import ResidualSwinBlock

#: of the last layer's initial weights: training starts close to the zero-filled image
LAST = 0.1


@dataclass(frozen=True)
class SwinmrConfig:
    """Settings of SwinMR.

    Attributes:
        scale: 1 to reconstruct from k-space; 2, 3, 4 to magnify magnitude images so many times.
        embedding: channels of a token.
        blocks: residual blocks.
        depth: layers of each block.
        heads: of the attention; they divide the embedding.
        window: tokens along each side of a window.
        mlp_ratio: hidden channels of the perceptrons, in units of the embedding.
        patch: pixels along each side of a token.
        kronecker: ``n`` of Kronecker layers; 1 for plain ones.
        sparse: starts from an image of small total variation, where it starts from k-space.
        consistency: CG iterations of the step at the end; 0 for none; unused when magnifying.
    """

    scale: int = 1
    embedding: int = 120
    blocks: int = 6
    depth: int = 6
    heads: int = 6
    window: int = 8
    mlp_ratio: float = 2.0
    patch: int = 2
    kronecker: int = 1
    sparse: bool = False
    consistency: int = 6

    def __post_init__(self) -> None:
        if not 1 <= self.scale <= 4:
            raise UsageError(f"scale must be from 1 to 4, not {self.scale}")


def swinmr(config: SwinmrConfig) -> nn.Module:
    """SwinMR as a model, of reconstruction or of super-resolution."""
    multiple = config.patch * config.window
    if config.scale > 1:
        return Magnified(SwinMR(config), config.scale, multiple)
    return OneShot(SwinMR(config), multiple, consistency=config.consistency, sparse=config.sparse)


@final
class SwinMR(nn.Module):
    """A real image (batch, 2, y, x) plus what a transformer says is missing in it.

    Huang et al. 2022, doi:10.1016/j.neucom.2022.04.051; with a patch of one pixel it is SwinIR,
    Liang et al. 2021, doi:10.1109/ICCVW54120.2021.00210. Patches become tokens by a strided
    convolution and pixels again by a sub-pixel shuffle before the last one, so a patch of 2 x 2
    costs a quarter of one token for each pixel. With a ``scale`` above 1 the image has one channel
    and the answer is the detail alone, on the finer grid. Stochastic depth is left out.

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
        self.scale = config.scale
        channels = 2 if config.scale == 1 else 1
        self.shallow = convolution(
            n, channels, width, patch + 2 * margin, stride=patch, padding=margin
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
        self.last = SubPixel(width // patch**2, channels, config.scale, 3, n)
        with torch.no_grad():
            for name, parameter in self.last.named_parameters():
                if not name.endswith("algebra"):
                    parameter.mul_(LAST)

    def forward(self, image: Tensor) -> Tensor:
        """The network."""
        shallow = self.shallow(image)
        tokens = self.embedding_norm(shallow.permute(0, 2, 3, 1))
        tokens = self.norm(self.blocks(tokens)).permute(0, 3, 1, 2)
        features = shallow + self.deep(tokens)
        change: Tensor = self.last(self.shuffle(features))
        return image + change if self.scale == 1 else change
