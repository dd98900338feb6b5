"""The bridge from a scan to its operator ``A = M F C``."""

import math
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.core.errors import DataError
from feathermr.core.fft import origin_phase, plain_fft, plain_ifft, to_corner
from feathermr.operators.coils import Coils
from feathermr.operators.fourier import Fourier
from feathermr.operators.linear_operator import LinearOperator
from feathermr.operators.sampling import Sampling

#: bytes of coil images that are worked on together, so that they stay in the processor's cache
CACHE = 2**22

NormalParts = tuple[bool, tuple[int, ...], Tensor, Tensor]


@final
class Encoding(LinearOperator):
    """``A = M F C``, image (slice, frame, y, x) to k-space (slice, frame, coil, y, x).

    The same map as ``Sampling(mask) @ Fourier(shape) @ Coils(coil_maps)``, with a faster
    ``A^H A``: the phases that centre the transform cancel but for a fixed factor, which is
    multiplied into the maps once, and along an axis where the mask is constant the transform and
    its inverse cancel, so that a line pattern costs one-dimensional transforms only.
    """

    def __init__(self, mask: Tensor, coil_maps: Tensor, frames: int) -> None:
        slices = max(mask.shape[0], coil_maps.shape[0])
        image_shape = (slices, frames, *coil_maps.shape[-2:])
        coils = Coils(coil_maps, image_shape)
        self.mask, self.coil_maps = mask, coil_maps
        self.operator = Sampling(mask, coils.codomain) @ Fourier(coils.codomain) @ coils
        super().__init__(image_shape, coils.codomain)

    def apply(self, array: Tensor) -> Tensor:
        """Image to k-space."""
        return self.operator.apply(array)

    def apply_adjoint(self, array: Tensor) -> Tensor:
        """K-space to image."""
        return self.operator.apply_adjoint(array)

    def apply_normal(self, array: Tensor) -> Tensor:
        """``sum_c conj(s_c) F^H M F s_c x``, a few coil images at a time on a processor."""
        swapped = self._normal_parts[0]
        image = array.mT.contiguous() if swapped else array
        slices, frames = image.shape[:2]
        size = image[0, 0].numel() * image.element_size() * self.coil_maps.shape[2]
        fit = max(1, CACHE // size) if image.device.type == "cpu" else slices * frames
        rows = []
        for start in range(0, slices, max(1, fit // frames)):
            some = slice(start, start + max(1, fit // frames))
            parts = [
                self._normal_part(image, some, slice(first, first + fit))
                for first in range(0, frames, fit)
            ]
            rows.append(torch.cat(parts, 1) if len(parts) > 1 else parts[0])
        combined = torch.cat(rows) if len(rows) > 1 else rows[0]
        return combined.mT if swapped else combined

    def common_phase(self) -> Tensor:
        """The phase that all coil maps share: factors (slice or 1, 1, y, x) of modulus one.

        That of ``v^H s(r)``, with the maps ``s`` at a pixel and the largest eigenvector ``v`` of
        ``sum_r s(r) s(r)^H``, which a phase of all maps together leaves alone.
        """
        maps = self.coil_maps[:, 0].flatten(2)
        vector = torch.linalg.eigh(maps @ maps.mH).eigenvectors[..., -1]
        shared = (vector.conj()[:, None] @ maps).reshape(-1, 1, *self.coil_maps.shape[-2:])
        angle = shared.angle()
        return torch.polar(torch.ones_like(angle), angle)

    def spectrum(self, phase: Tensor) -> Tensor:
        """Diagonal of ``F B^H B F^H`` (slice, frame or 1, y, x), frequency zero at index 0.

        ``B = A diag(phase)^-1``.

        ``p = sum_c |F s_c|^2 * m / N``, a circular convolution over all ``N`` frequencies, for
        a mask ``m`` that is the same for all coils: the circulant matrix that is nearest to
        ``B^H B``, and with one uniform coil ``B^H B`` itself.
        Koolstra et al. 2019, doi:10.1002/mrm.27371.

        Args:
            phase: factors of modulus one (slice or 1, 1, y, x), see `common_phase`.
        """
        height, width = self.coil_maps.shape[-2:]
        mask = self.mask.to(self.coil_maps.real.dtype).mean(2)
        mask = to_corner(mask.expand(*mask.shape[:2], height, width))
        power = plain_fft(self.coil_maps * phase.conj()[:, :, None]).abs().square().sum(2)
        both = plain_fft(power.to(self.coil_maps.dtype)).conj() * plain_fft(
            mask.to(self.coil_maps.dtype)
        )
        return plain_ifft(both).real.clamp_min(0.0) / math.sqrt(height * width)

    def _normal_part(self, image: Tensor, slices: slice, frames: slice) -> Tensor:
        """``A^H A`` of some slices and frames."""
        _, axes, all_maps, all_masks = self._normal_parts
        maps = all_maps if all_maps.shape[0] == 1 else all_maps[slices]
        mask = all_masks if all_masks.shape[0] == 1 else all_masks[slices]
        mask = mask if mask.shape[1] == 1 else mask[:, frames]
        coil_images = maps * image[slices, frames, None]
        if axes:
            coil_images = plain_ifft(plain_fft(coil_images, axes) * mask, axes)
        else:
            coil_images = coil_images * mask
        return (coil_images * maps.conj()).sum(2)

    @property
    def _normal_parts(self) -> NormalParts:
        """Made once; anew at each call where gradients or a tracer must see how."""
        if self.coil_maps.requires_grad or torch.compiler.is_compiling():
            return self._make_normal_parts()
        with torch.inference_mode(mode=False):
            return self._kept_normal_parts

    @cached_property
    def _kept_normal_parts(self) -> NormalParts:
        return self._make_normal_parts()

    def _make_normal_parts(self) -> NormalParts:
        """Whether y and x change places, the axes to transform, and maps and mask to match.

        Transforms along the last axis are the fast ones, so lines skipped along y are put there.
        """
        constant = [self.mask.shape[axis] == 1 for axis in (-2, -1)]
        axes = tuple(axis for axis, same in zip((-2, -1), constant, strict=True) if not same)
        sizes = tuple(self.coil_maps.shape[axis] for axis in axes)
        maps = (
            self.coil_maps * origin_phase(sizes, axes, self.coil_maps) if axes else self.coil_maps
        )
        mask = self.mask.to(maps.real.dtype)
        if axes == (-2,):
            return True, (-1,), maps.mT.contiguous(), mask.mT.contiguous()
        return False, axes, maps, mask


def constant_axes_reduced(mask: Tensor) -> Tensor:
    """The same mask with size one along y or x wherever it does not vary along it."""
    for axis in (-2, -1):
        first = mask.narrow(axis, 0, 1)
        if bool((mask == first).all()):
            mask = first
    return mask


def encoding(acquisition: Acquisition, coil_maps: Tensor | None = None) -> Encoding:
    """The operator of a scan.

    Args:
        acquisition: the scan.
        coil_maps: (slice or 1, 1, coil, y, x); those of the scan by default, ones for one coil.

    Raises:
        DataError: several coils, but no coil maps.
    """
    maps = coil_maps if coil_maps is not None else acquisition.coil_maps
    if maps is None and acquisition.n_coils > 1:
        raise DataError(
            f"the scan has {acquisition.n_coils} coils but no coil maps; "
            "estimate them with calibration.estimate_coil_maps"
        )
    if maps is None:
        maps = torch.ones_like(acquisition.kspace[:1, :1])
    slices = acquisition.n_slices
    mask = constant_axes_reduced(acquisition.mask)
    return Encoding(mask.expand(slices, *mask.shape[1:]), maps, acquisition.n_frames)
