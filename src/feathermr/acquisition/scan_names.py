"""Which names scans have, where a folder is searched for them."""

import re

#: of BART's pairs one file is enough, and a bare array (.npy) may be anything
ENDINGS = (".h5", ".hdf5", ".mrd", ".cfl", ".npz", ".mat", ".nii", ".nii.gz")
#: names of CMRxRecon's masks, which lie beside the scans
MASKS = re.compile(r"_mask(_\w+)?\.mat$")


def named_like_scan(name: str) -> bool:
    """Whether a file of this name is taken for a scan.

    Example:
        >>> [named_like_scan(name) for name in ("a.h5", "a.cfl", "a.hdr", "b_mask.mat", "c.txt")]
        [True, True, False, False, False]
    """
    return name.endswith(ENDINGS) and not MASKS.search(name)
