"""The convolutions of VGG19, whose features a perceptual loss compares.

Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition"
(2015), doi:10.48550/arXiv.1409.1556.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from feathermr.core.errors import DataError, ShapeError

#: convolutions of each block; a block ends in the features called relu1_2, relu2_2, relu3_4, ...
DEPTHS = (2, 2, 4, 4, 4)
#: between two blocks the image is halved
SMALLEST = 2 ** (len(DEPTHS) - 1)


@dataclass(frozen=True)
class Vgg19Config:
    """Channels of each block; the standard weights fit the default only.

    Attributes:
        channels: one number a block.
    """

    channels: tuple[int, int, int, int, int] = (64, 128, 256, 512, 512)


class Vgg19Features(nn.Module):
    """Images (image, 3, y, x) to the features relu1_2, relu2_2, relu3_4, relu4_4 and relu5_4.

    The state dict has the standard keys ``features.N.weight`` and ``features.N.bias``.
    """

    def __init__(self, config: Vgg19Config = Vgg19Config()) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        ends = []
        previous = 3
        for channels, depth in zip(config.channels, DEPTHS, strict=True):
            if layers:
                layers.append(nn.MaxPool2d(2))
            for _ in range(depth):
                layers += [nn.Conv2d(previous, channels, 3, padding=1), nn.ReLU()]
                previous = channels
            ends.append(len(layers) - 1)
        self.features = nn.Sequential(*layers)
        self.ends = tuple(ends)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The five features, each (image, channel, y, x) of its own size.

        Raises:
            ShapeError: the images are smaller than 16 x 16.
        """
        if min(images.shape[-2:]) < SMALLEST:
            raise ShapeError(
                f"VGG19 halves an image four times and needs at least {SMALLEST} x {SMALLEST}, "
                f"not {tuple(images.shape[-2:])}; use larger images or switch the perceptual "
                "term off"
            )
        found = []
        for index, layer in enumerate(self.features):
            images = layer(images)
            if index in self.ends:
                found.append(images)
        return tuple(found)


def load_vgg19(path: str | Path, config: Vgg19Config = Vgg19Config()) -> Vgg19Features:
    """VGG19 with the weights of a file, on the CPU.

    Args:
        path: PyTorch's own file of weights (only tensors are read from it, no objects) or
            safetensors, with the keys ``features.0.weight`` to ``features.34.bias``; a classifier's
            are ignored.
        config: what the weights are for.

    Raises:
        DataError: there is no such file, it holds no weights, or not those of VGG19.
    """
    path = Path(path)
    stored = _read(path)
    with torch.device("meta"):
        network = Vgg19Features(config)
    wanted = network.state_dict()
    found = {name: value for name, value in stored.items() if not name.startswith("classifier.")}
    _check(wanted, found, path)
    state = {name: found[name].to(torch.float32).contiguous() for name in wanted}
    network.load_state_dict(state, assign=True)
    return network


def _read(path: Path) -> Mapping[str, Tensor]:
    """Everything that a file of weights holds."""
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give the file of VGG19's weights")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise DataError(f"{path}: it may not be read by this user") from error
    except Exception as error:  # foreign files raise all kinds of errors
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(
            f"{path}: this is no file of weights, or it is cut off ({reason})"
        ) from error
    if not isinstance(stored, dict) or not all(isinstance(v, Tensor) for v in stored.values()):
        raise DataError(f"{path}: expected a state dict of tensors, but it holds other objects")
    return stored


def _check(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that are not those of this network."""
    hint = "give the weights of VGG19 without batch normalisation"
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(
            f"{path}: {len(missing)} of {len(wanted)} weights are missing, the first is "
            f"'{missing[0]}'; {hint}"
        )
    unknown = [name for name in found if name not in wanted]
    if unknown:
        raise DataError(f"{path}: '{unknown[0]}' is no weight of VGG19's convolutions; {hint}")
    for name, value in wanted.items():
        if found[name].shape != value.shape:
            raise DataError(
                f"{path}: '{name}' has the shape {tuple(found[name].shape)} instead of "
                f"{tuple(value.shape)}; {hint}"
            )
        if not bool(torch.isfinite(found[name]).all()):
            raise DataError(f"{path}: '{name}' holds values that are not finite; get it anew")
