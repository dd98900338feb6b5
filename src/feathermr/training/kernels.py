"""The processor's kernels for convolutions, kept for all the sizes that a training meets."""

import os

#: compiled kernels that are kept; oneDNN's own 1024 are too few for a network at a hundred sizes
CAPACITY = 32768


def keep_kernels() -> None:
    """Let oneDNN keep the kernels of every size, unless a user has chosen how many.

    It compiles one for each layer, size and direction, and forgets the oldest. A training on images
    of many sizes then compiles them anew at nearly every step. This must happen before the first
    convolution of a process; later it changes nothing.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(CAPACITY))
