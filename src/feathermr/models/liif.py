"""A film at any time: features of the acquired frames, and a small network of them and of time."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from feathermr.core.complexes import from_channels, to_channels
from feathermr.core.crop import center_crop, center_pad
from feathermr.core.errors import ShapeError, UsageError
from feathermr.nn.consistency import Consistency
from feathermr.nn.frame_channels import FrameChannels2d
from feathermr.nn.motion import motion, warp
from feathermr.nn.neighbours import Neighbours, neighbours
from feathermr.nn.noise_level import noise_of
from feathermr.nn.residual_dense import ResidualDense3d
from feathermr.nn.sparse_start import film_start
from feathermr.nn.time_decoder import Activation, TimeDecoder
from feathermr.nn.unet3d import Unet3d
from feathermr.operators import Encoding

EncoderName = Literal["conv2d", "unet3d", "rdn3d"]
Start = Literal["zero-filled", "frequency", "variation"]
#: pixels of images that are decoded together, times counted
TOGETHER = 2**19


@dataclass(frozen=True)
class LiifConfig:
    """Sizes of a local implicit image function in time.

    Attributes:
        encoder: of the film: 2D convolutions whose channels are the frames, a 3D U-Net, or a 3D
            residual dense network.
        start: the film that is refined: ``zero-filled``; of few temporal ``frequency``; or of small
            total ``variation`` from that one on, which the encoder then sees too.
        frames: of every film, for ``conv2d`` alone; the others take any number.
        features: channels that describe a frame.
        width: channels inside the encoder; of the U-Net's first level.
        blocks: of the residual dense network; levels of the U-Net.
        layers: convolutions in each block, or of ``conv2d``.
        growth: channels that each adds, in the residual dense network.
        patch: pixels along each axis that are channels of encoder and decoder; 1 works at full
            size and costs about four times as much as 2.
        decoder_width: channels inside the decoder.
        decoder_layers: before its last.
        activation: of the decoder.
        omega: of the sine, see `TimeDecoder`.
        motion: frames are moved to a time along how they differ before they are blended.
        consistency: CG iterations by which acquired frames are returned to the samples; 0 for none.
        kronecker: ``n`` of the encoder's layers; 1 for dense ones.
    """

    encoder: EncoderName = "rdn3d"
    start: Start = "variation"
    frames: int = 8
    features: int = 32
    width: int = 32
    blocks: int = 3
    layers: int = 4
    growth: int = 16
    patch: int = 2
    decoder_width: int = 64
    decoder_layers: int = 3
    activation: Activation = "sine"
    omega: float = 3.0
    motion: bool = True
    consistency: int = 4
    kronecker: int = 1

    def __post_init__(self) -> None:
        sizes = self.frames, self.features, self.width, self.blocks, self.layers, self.growth
        more = self.patch, self.decoder_width, self.decoder_layers, self.kronecker
        if min(*sizes, *more) < 1 or self.consistency < 0:
            raise UsageError("sizes of liif must be at least 1, consistency at least 0")
        if self.omega <= 0:
            raise UsageError(f"omega must be positive, not {self.omega:g}")

    @property
    def inputs(self) -> int:
        """Channels of a frame that the encoder sees, without patches."""
        return 6 if self.start == "variation" else 4


class Film(NamedTuple):
    """What is known of the acquired frames.

    Attributes:
        found: features in the form that the decoder takes (slice, frame, width, y, x).
        decoded: the decoder's answer at the acquired times (slice, frame, y, x), complex.
        acquired: the image at these times (slice, frame, y, x), complex.
    """

    found: Tensor
    decoded: Tensor
    acquired: Tensor


@final
class Liif(nn.Module):
    """``x(t) = sum_k w_k(t) (m_k(t) + d(f_k, t - k) - d(f_k, 0))`` over the frames beside ``t``.

    ``f_k`` are features of a frame, found by an encoder from a first film ``s`` and its mean; ``d``
    is a network of each pixel by itself. The weights ``w`` fall linearly with the distance in time,
    so that ``x`` is continuous. At the acquired times ``x`` comes out of a consistency step ``C``::

        x_k = C(s_k + d(f_k, 0)),   m_k(t) = x_k(r - |t - k| u_k(r))

    so what the samples correct there is corrected between them, too; without that step it is the
    identity. ``u_k`` is the `motion` from the frame to the next one that counts, not learned; the
    sign is that of a point that moves on evenly. One coil and many go the same way. The local
    implicit image function of Chen et al. 2021, arXiv:2012.09161, in time.
    """

    def __init__(self, config: LiifConfig) -> None:
        super().__init__()
        self.start, self.patch, self.motion = config.start, config.patch, config.motion
        self.frames = config.frames if config.encoder == "conv2d" else 0
        self.encoder = make_encoder(config)
        self.multiple = config.patch * int(self.encoder.multiple)  # type: ignore[arg-type]
        area = config.patch**2
        self.decoder = TimeDecoder(
            config.features + 2 * area,
            2 * area,
            config.decoder_width,
            config.decoder_layers,
            config.activation,
            config.omega,
        )
        self.consistency = Consistency(config.consistency) if config.consistency else None

    def forward(self, kspace: Tensor, encoding: Encoding) -> Tensor:
        """K-space (slice, frame, coil, y, x) to image (slice, frame, y, x), at the same times.

        Raises:
            ShapeError: another number of frames than the 2D encoder has channels for.
        """
        return self.film(kspace, encoding).acquired

    def at(
        self,
        kspace: Tensor,
        encoding: Encoding,
        times: Tensor,
        *,
        cyclic: bool = False,
        together: int | None = None,
    ) -> Tensor:
        """The image (slice, time, y, x) at any times.

        Args:
            kspace: of the acquired frames (slice, frame, coil, y, x).
            encoding: of the same.
            times: (time,) in units of frames; 0.5 is midway between the first and the second.
            cyclic: the first frame follows the last, as in a gated heart beat.
            together: times that are decoded together, which bounds the memory; as many as make
                half a million pixels by default.

        Raises:
            ShapeError: another number of frames than the 2D encoder has channels for.
            UsageError: a time outside the film.
        """
        near = neighbours(times.to(kspace.real), kspace.shape[1], cyclic=cyclic)
        film = self.film(kspace, encoding, cyclic=cyclic)
        flows = _flows(film.acquired) if self.motion else None
        count = together or max(1, TOGETHER // film.acquired[:, 0].numel())
        parts = [
            self._blended(film, flows, near.some(slice(first, first + count)))
            for first in range(0, len(times), count)
        ]
        return torch.cat(parts, dim=1)

    def film(self, kspace: Tensor, encoding: Encoding, *, cyclic: bool = False) -> Film:
        """Features and images of the acquired frames.

        Args:
            kspace: their samples.
            encoding: ``A``.
            cyclic: the first frame follows the last.
        """
        frames = kspace.shape[1]
        if self.frames not in (0, frames):
            raise ShapeError(
                f"this encoder takes films of {self.frames} frames, not {frames}; train one with "
                "settings.frames as the film has"
            )
        adjoint = encoding.H(kspace)
        seen = self._started(kspace, adjoint, encoding)
        features = self.encoder(self._patches(seen), cyclic)
        own = self._patches(seen[:, :1])
        both = torch.cat([features, own.to(features.dtype)], dim=1).transpose(1, 2)
        found = self.decoder.of_frames(both.flatten(0, 1))
        found = found.reshape(-1, frames, *found.shape[1:])
        start = seen[:, 0]
        decoded = self._acquired(found, start)
        image = start + decoded
        if self.consistency is not None:
            image = self.consistency(image, adjoint, encoding)
        return Film(found, decoded, image)

    def _started(self, kspace: Tensor, adjoint: Tensor, encoding: Encoding) -> Tensor:
        """What the encoder sees (slice, kind, frame, y, x), complex; the first is ``s``."""
        if self.start == "zero-filled":
            kinds = [adjoint]
        else:
            sparse, smooth = film_start(adjoint, encoding, noise_of(kspace, encoding.mask))
            kinds = [smooth, sparse] if self.start == "variation" else [sparse]
        mean = kinds[0].mean(1, keepdim=True).expand_as(kinds[0])
        return torch.stack([*kinds, mean], dim=1)

    def _patches(self, images: Tensor) -> Tensor:
        """Complex (slice, kind, frame, y, x) as channels (slice, channel, frame, y, x)."""
        height, width = (-(-size // self.multiple) * self.multiple for size in images.shape[-2:])
        film = center_pad(to_channels(images), (height, width)).transpose(1, 2)
        return pixel_unshuffle(film, self.patch).transpose(1, 2)

    def _acquired(self, found: Tensor, like: Tensor) -> Tensor:
        """``d(f_k, 0)`` of every frame, complex."""
        frames = torch.arange(like.shape[1], device=like.device)[None]
        offset = torch.zeros_like(frames, dtype=like.real.dtype)
        return self._decoded(found, Neighbours(frames, offset, 1 - offset), like)[:, 0]

    def _decoded(self, found: Tensor, near: Neighbours, like: Tensor) -> Tensor:
        """``d(f_k, t - k)`` (slice, neighbour, time, y, x), complex."""
        slices = len(found)
        chosen = found[:, near.frame.flatten()].flatten(0, 1)
        offset, share = (each.flatten().repeat(slices) for each in (near.offset, near.weight))
        answer = pixel_shuffle(self.decoder(chosen, offset, share), self.patch)
        height, width = like.shape[-2:]
        image = from_channels(center_crop(answer, (height, width)).to(like.real.dtype))[:, 0]
        return image.reshape(slices, *near.frame.shape, height, width)

    def _blended(self, film: Film, flows: Tensor | None, near: Neighbours) -> Tensor:
        """``x(t)`` of some times."""
        decoded = self._decoded(film.found, near, film.acquired)
        images = film.acquired[:, near.frame]
        if flows is not None:
            images = _carried(images, flows, near)
        images = images + decoded - film.decoded[:, near.frame]
        return (near.weight[..., None, None] * images).sum(1)


def _flows(film: Tensor) -> Tensor:
    """``u`` of each frame to the next one and to the one before (2, slice, frame, 2, y, x)."""
    magnitude = film.detach().abs()
    others = torch.stack([magnitude.roll(shift, dims=1) for shift in (-1, 1)])
    found = motion(magnitude.expand_as(others).flatten(0, 2), others.flatten(0, 2))
    return found.reshape(2, *film.shape[:2], *found.shape[1:])


def _carried(images: Tensor, flows: Tensor, near: Neighbours) -> Tensor:
    """The neighbours (slice, 2, time, y, x) of each time as they are when they have moved there.

    Args:
        images: the neighbours, complex.
        flows: to the next frame and to the one before (2, slice, frame, 2, y, x).
        near: which frames they are.
    """
    both = [flow[:, frames] for flow, frames in zip(flows, near.frame, strict=True)]
    path = -near.offset.abs()[..., None, None, None] * torch.stack(both, dim=1)
    flat = torch.view_as_real(images.flatten(0, 2)).permute(0, 3, 1, 2)
    moved = warp(flat, path.flatten(0, 2)).permute(0, 2, 3, 1).contiguous()
    return torch.view_as_complex(moved).reshape(images.shape)


def make_encoder(config: LiifConfig) -> nn.Module:
    """From channels of a film (slice, channel, frame, y, x) to features of the same axes."""
    inputs, features = config.inputs * config.patch**2, config.features
    width, kronecker = config.width, config.kronecker
    match config.encoder:
        case "conv2d":
            return FrameChannels2d(
                inputs,
                features,
                frames=config.frames,
                width=width,
                layers=config.layers,
                kronecker=kronecker,
            )
        case "unet3d":
            return Unet3d(inputs, features, width=width, levels=config.blocks, kronecker=kronecker)
        case "rdn3d":
            return ResidualDense3d(
                inputs,
                features,
                width=width,
                blocks=config.blocks,
                layers=config.layers,
                growth=config.growth,
                kronecker=kronecker,
            )
