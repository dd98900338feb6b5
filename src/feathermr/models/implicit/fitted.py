"""A field fitted to a scan: evaluated at any time, written to a file and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from feathermr.acquisition import Header
from feathermr.acquisition.record import Origin
from feathermr.core.atomic import written_file
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError, FeatherError, UsageError
from feathermr.core.registry import look_up
from feathermr.core.settings import Setting
from feathermr.models.implicit.coordinates import LEVELS, Domain, level_of
from feathermr.models.implicit.grid import film_of, grid_of
from feathermr.models.implicit.table import build_field

FORMAT = "feathermr field 1"
#: numbers of a header that may be unknown
NUMBERS = ("echo_time", "repetition_time", "flip_angle", "field_strength")


@dataclass(frozen=True)
class FittedField:
    """The fields of the slices of a scan, and what makes an image of their values.

    Attributes:
        slices: one field a slice.
        name: of the field, in ``FIELDS``.
        settings: of its configuration, where they are not the default.
        domain: of all of them.
        scale: by which values are multiplied.
        shading: by which they are divided after that (slice or 1, 1, y, x), or 1.
        weight: of a family, the regularisation weight of the scan's own image; else ``None``.
        header: of the image at the scan's own times.
        card: how it was fitted; anything that JSON takes.
    """

    slices: tuple[nn.Module, ...]
    name: str
    settings: Mapping[str, Setting]
    domain: Domain
    scale: float
    shading: Tensor | float
    weight: float | None
    header: Header
    card: Mapping[str, Any] = field(default_factory=dict)

    def image(
        self, times: tuple[float, ...] | None = None, weight: float | None = None
    ) -> tuple[Tensor, Header]:
        """The image (slice, frame, y, x) in the scale of the scan, and its header.

        Args:
            times: of the frames in seconds (in frames where the scan's are unknown); those of the
                scan by default.
            weight: the regularisation weight of a family; that of the scan's own image by default.

        Raises:
            UsageError: several times of a static image, or a weight where there is no family.
        """
        chosen = self.domain.times if times is None else times
        if not self.domain.timed and len(chosen) > 1:
            raise UsageError("the field is of a static image, which has no frames at other times")
        image = self.films(chosen, weight) * self.scale / self.shading
        if self.header.image_shape is not None:
            image = center_crop(image, self.header.image_shape)
        return image, self.domain.timed_header(self.header, chosen)

    def films(self, times: tuple[float, ...], weight: float | None = None) -> Tensor:
        """The values of the fields themselves (slice, frame, y, x), where bright tissue is 1."""
        films = [film_of(one, *self._grid(one, times, weight)) for one in self.slices]  # type: ignore[arg-type]
        return torch.stack(films)

    def _grid(
        self, one: nn.Module, times: tuple[float, ...], weight: float | None
    ) -> tuple[Any, Tensor | None]:
        like = next(one.parameters())
        grid = grid_of(self.domain, like, times)
        if not self.domain.family:
            if weight is not None:
                raise UsageError(
                    "the field was fitted with one regularisation weight; fit it by inr-lambda to "
                    "choose another"
                )
            return grid, None
        level = level_of(self.weight if weight is None else weight)  # type: ignore[arg-type]
        return grid, torch.tensor(level, dtype=like.dtype, device=like.device)


def save_field(fitted: FittedField, path: Path) -> Path:
    """Write a fitted field as safetensors, with all that a query needs."""
    record = {
        "format": FORMAT,
        "field": fitted.name,
        "settings": dict(fitted.settings),
        "domain": asdict(fitted.domain),
        "slices": len(fitted.slices),
        "scale": fitted.scale,
        "weight": fitted.weight,
        "weights": [10 ** LEVELS[0], 10 ** LEVELS[1]] if fitted.domain.family else None,
        "header": asdict(fitted.header),
        "card": dict(fitted.card),
    }
    tensors = {
        f"{index}.{key}": value.detach().cpu().contiguous()
        for index, one in enumerate(fitted.slices)
        for key, value in one.state_dict().items()
    }
    if isinstance(fitted.shading, Tensor):
        tensors["shading"] = fitted.shading.detach().cpu().contiguous()
    with written_file(path) as beside:
        beside.write_bytes(save(tensors, {"feathermr": json.dumps(record, allow_nan=False)}))
    return path


def load_field(path: Path) -> FittedField:
    """The fitted field in a file.

    Raises:
        DataError: no such file, another format, or parameters that do not fit their card.
    """
    try:
        with safe_open(path, "pt") as opened:
            record = json.loads((opened.metadata() or {})["feathermr"])
            if record["format"] != FORMAT:
                raise KeyError(record["format"])
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise DataError(f"{path} cannot be read as safetensors: {error}") from None
    except (KeyError, TypeError, ValueError):
        raise DataError(
            f"{path} has no card of a fitted field ('{FORMAT}'); give a field.safetensors that "
            "feathermr reconstruct -m inr wrote"
        ) from None
    try:
        return _assembled(record, tensors)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, FeatherError) as error:
        raise DataError(f"{path}: the parameters do not fit their card: {error}") from None


def _assembled(record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> FittedField:
    domain = _domain(record["domain"])
    count = int(record["slices"])
    if count < 1:
        raise ValueError("there is no slice")
    return FittedField(
        slices=tuple(_slice(record, domain, tensors, index) for index in range(count)),
        name=str(record["field"]),
        settings=dict(record["settings"]),
        domain=domain,
        scale=float(record["scale"]),
        shading=tensors.get("shading", 1.0),
        weight=None if record["weight"] is None else float(record["weight"]),
        header=_header(record["header"], domain),
        card=dict(record["card"]),
    )


def _slice(
    record: Mapping[str, Any], domain: Domain, tensors: Mapping[str, Tensor], index: int
) -> nn.Module:
    """The field of one slice; nothing is allocated but what the file holds."""
    with torch.device("meta"):
        one = build_field(str(record["field"]), domain, dict(record["settings"]))
    start = f"{index}."
    state = {key[len(start) :]: one for key, one in tensors.items() if key.startswith(start)}
    if len({value.dtype for value in state.values()}) != 1:
        raise ValueError("they are of several precisions, or there are none")
    one.load_state_dict(state, assign=True)
    return one.eval().requires_grad_(False)


def _domain(record: Mapping[str, Any]) -> Domain:
    height, width = (int(size) for size in record["shape"])
    rows, columns = (float(step) for step in record["pixel"])
    times = tuple(float(time) for time in record["times"])
    rising = all(later > earlier for earlier, later in pairwise(times))
    if min(height, width) < 1 or not min(rows, columns) > 0 or not times or not rising:
        raise ValueError("sizes must be positive and times rise")
    cyclic, family = (bool(record[key]) for key in ("cyclic", "family"))
    return Domain((height, width), (rows, columns), times, cyclic, family)


def _header(record: Mapping[str, Any], domain: Domain) -> Header:
    """The header, every entry checked."""
    spacing, affine, shape = record["spacing"], record["affine"], record["image_shape"]
    if affine is not None and [len(row) for row in affine] != [4, 4, 4, 4]:
        raise ValueError("an affine has 4 rows of 4")
    if spacing is not None and len(spacing) != 3:
        raise ValueError("spacing has 3 values")
    if shape is not None and not (
        len(shape) == 2 and all(0 < a <= b for a, b in zip(shape, domain.shape, strict=True))
    ):
        raise ValueError("the image is larger than the field")
    numbers: dict[str, Any] = {key: _number(record[key]) for key in NUMBERS}
    texts: dict[str, Any] = {key: str(record[key]) for key in ("source", "subject", "anatomy")}
    return Header(
        **texts,
        **numbers,
        origin=look_up({name: name for name in get_args(Origin)}, record["origin"], "origin"),
        phase_axis=int(record["phase_axis"]),
        spacing=None if spacing is None else _floats(spacing),
        affine=None if affine is None else tuple(map(_floats, affine)),
        image_shape=None if shape is None else (int(shape[0]), int(shape[1])),
        frame_times=_floats(record["frame_times"]),
        notes=tuple(map(str, record["notes"])),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _floats(values: Any) -> Any:
    return tuple(map(float, values))
