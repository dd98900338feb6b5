"""From the object to the samples a scanner would take of it."""

import math

import torch
from torch import Tensor

from feathermr.core.crop import center_crop
from feathermr.core.fft import fft, ifft
from feathermr.phantom.fields import Shape


def acquire(signal: Tensor, coil_maps: Tensor, shape: Shape) -> Tensor:
    """K-space (batch, frame, coil, y, x) without noise of an object on a finer grid.

    Coil maps act on the finer grid and the transform is cropped to the scan's matrix, so
    edges ring and fine detail is lost as on a scanner.  The scale is such that an image keeps the
    object's values.

    Args:
        signal: the object (batch, frame, Y, X), real or complex.
        coil_maps: (batch, 1, coil, Y, X).
        shape: the scan's matrix (y, x).
    """
    weighted = signal[:, :, None] * coil_maps
    scale = math.sqrt(shape[0] * shape[1] / (signal.shape[-2] * signal.shape[-1]))
    return center_crop(fft(weighted), shape) * scale


def low_pass(signal: Tensor, shape: Shape) -> Tensor:
    """The image (batch, frame, y, x) that a noise-free complete scan with a uniform coil gives."""
    uniform = torch.ones(1, 1, 1, 1, 1, dtype=torch.complex64, device=signal.device)
    return ifft(acquire(signal, uniform, shape))[:, :, 0]
