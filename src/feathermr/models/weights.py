"""Trained networks as files: safetensors with their configuration and card inside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError, FeatherError
from feathermr.core.registry import look_up
from feathermr.core.settings import Setting
from feathermr.models.table import build, configure

FORMAT = "feathermr model 1"
_FOLDER = Path(__file__).parent / "weights"
#: trained networks that come with the package
SHIPPED: Mapping[str, Path] = {
    "chpnet-x2": _FOLDER / "chpnet-x2.safetensors",
    "kronecker-cascade": _FOLDER / "kronecker-cascade.safetensors",
    "kronecker-cine": _FOLDER / "kronecker-cine.safetensors",
    "kronecker-unet": _FOLDER / "kronecker-unet.safetensors",
    "liif-rdn3d": _FOLDER / "liif-rdn3d.safetensors",
}


@dataclass(frozen=True)
class Trained:
    """A network with its parameters.

    Attributes:
        network: in evaluation mode.
        name: in ``MODELS``.
        card: how and on what it was trained, and how well it did.
        sha256: of the file.
        settings: of its configuration, where they are not the default.
    """

    network: nn.Module
    name: str
    card: Mapping[str, Any]
    sha256: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def save_weights(
    path: Path,
    state: Mapping[str, Tensor],
    name: str,
    settings: Mapping[str, Setting] | None = None,
    card: Mapping[str, Any] | None = None,
) -> Path:
    """Write the parameters of a network of ``MODELS``.

    Args:
        path: of the file.
        state: its state dict.
        name: of the network.
        settings: of its configuration, where they are not the default; all are written.
        card: how it was trained; anything that JSON takes.
    """
    record = {
        "format": FORMAT,
        "model": name,
        "settings": asdict(configure(name, settings)),
        "card": dict(card or {}),
    }
    tensors = {key: value.detach().cpu().contiguous() for key, value in state.items()}
    with written_file(path) as beside:
        beside.write_bytes(save(tensors, {"feathermr": json.dumps(record, allow_nan=False)}))
    return path


def load_weights(path: Path) -> Trained:
    """The trained network in a file, or in the folder of a training run.

    Raises:
        DataError: no such file, another format, a network that this version does not know, or
            parameters that do not fit it.
    """
    file = path / "model.safetensors" if path.is_dir() else path
    record = read_card(file)
    try:
        name, settings = str(record["model"]), dict(record["settings"])
        network = build(name, settings)
        with safe_open(file, "pt") as opened:
            state = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
        network.load_state_dict(state)
    except (SafetensorError, KeyError, TypeError, ValueError, FeatherError) as error:
        raise DataError(f"{file} does not fit this version's networks: {error}") from None
    except RuntimeError as error:
        raise DataError(f"{file}: the parameters do not fit '{name}': {error}") from None
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Trained(network.eval(), name, dict(record.get("card", {})), digest, settings)


def read_card(file: Path) -> Mapping[str, Any]:
    """Format, model, settings and card of a file, without its parameters.

    Raises:
        DataError: it cannot be read, or `save_weights` did not write it.
    """
    try:
        with safe_open(file, "pt") as opened:
            record = json.loads((opened.metadata() or {})["feathermr"])
        if record["format"] != FORMAT:
            raise KeyError(record["format"])
    except (OSError, SafetensorError) as error:
        raise DataError(f"{file} cannot be read as safetensors: {error}") from None
    except (KeyError, TypeError, ValueError):
        raise DataError(
            f"{file} has no card of a FeatherMR network ('{FORMAT}'); give a file or run folder "
            "that feathermr train wrote"
        ) from None
    return dict(record)


def shipped(name: str) -> Trained:
    """A trained network that comes with the package.

    Raises:
        UsageError: none is called so.
    """
    return load_weights(look_up(SHIPPED, name, "trained network"))
