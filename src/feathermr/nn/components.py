"""Features side by side, for layers that see their channels as components."""

import torch
from torch import Tensor


def concatenate(features: list[Tensor], components: int) -> Tensor:
    """Feature maps (batch, channel, y, x) along the channels, component by component.

    Channels are component-major, ``channel = component * (C / n) + index``, and stay so: component
    ``k`` of the result is component ``k`` of each in turn. With one component, or where it does
    not divide all channels, they simply follow each other.
    """
    if components == 1 or any(each.shape[1] % components for each in features):
        return torch.cat(features, dim=1)
    split = [each.unflatten(1, (components, -1)) for each in features]  # type: ignore[no-untyped-call]
    return torch.cat(split, dim=2).flatten(1, 2)
