"""Three-dimensional encodes: the fully sampled partition axis becomes slices."""

from torch import Tensor

from feathermr.core.errors import DataError
from feathermr.core.fft import ifft


def partitions_to_slices(kspace: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Inverse transform along the partitions, which then are slices.

    Args:
        kspace: (slice, partition, frame, coil, y, x).
        mask: boolean, the same axes; sizes of ``kspace`` or 1.

    Returns:
        K-space (slice * partition, frame, coil, y, x) and its mask.

    Raises:
        DataError: some lines lack partitions.
    """
    n_slabs, n_partitions = kspace.shape[:2]
    if not bool((mask == mask[:, :1]).all()):
        raise DataError(
            "it is a three-dimensional scan that is undersampled along the partitions; only scans "
            "whose partitions are complete can be read, because each slice is reconstructed alone"
        )
    moved = ifft(kspace, axes=(-5,)) if n_partitions > 1 else kspace
    mask = mask[:, :1].expand(n_slabs, n_partitions, *mask.shape[2:])
    return moved.flatten(0, 1), mask.flatten(0, 1)
