"""Whether a network is being written down as a graph."""

import torch


def is_traced() -> bool:
    """A tracer follows the work: nothing may be written into places of a tensor, any size comes."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]
