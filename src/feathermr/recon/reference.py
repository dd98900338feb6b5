"""The image that a scan's reconstructions are compared with."""

from torch import Tensor

from feathermr.acquisition import Acquisition
from feathermr.core.crop import center_crop
from feathermr.recon.zero_filled import ZeroFilled


def reference_image(acquisition: Acquisition) -> Tensor | None:
    """The scan's own reference, else the image of a complete scan, else none.

    Args:
        acquisition: the scan before it is undersampled.

    Returns:
        (slice, frame, y, x), of the size of a reconstruction; complex where the phase is known.
    """
    shape = acquisition.header.image_shape
    reference = acquisition.reference
    if reference is None:
        return ZeroFilled()(acquisition).image if acquisition.is_complete else None
    if shape is not None and tuple(reference.shape[-2:]) != shape:
        return center_crop(reference, shape)
    return reference
