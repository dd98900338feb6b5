"""The table of fields, and how one is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from feathermr.core.registry import look_up
from feathermr.core.seeding import seeded
from feathermr.core.settings import Record, Setting, with_settings
from feathermr.models.implicit.coordinates import Domain
from feathermr.models.implicit.factors import Factors, FactorsConfig
from feathermr.models.implicit.fourier import FourierConfig, FourierFeatures
from feathermr.models.implicit.hash_grid import HashConfig, HashGrid
from feathermr.models.implicit.siren import Siren, SirenConfig

FieldName = Literal["factors", "hash", "fourier", "siren", "siren-wide"]


@dataclass(frozen=True)
class FieldKind:
    """A field by name.

    Attributes:
        network: makes the field of a configuration and a domain.
        config: the configuration by default.
        learning_rate: of Adam, that suits it.
        steps: of the fit, that suffice.
        quasi_newton: whether L-BFGS fits it faster than Adam, a family apart.
        summary: one line.
    """

    network: Callable[[Any, Domain], nn.Module]
    config: Record
    learning_rate: float
    steps: int
    summary: str
    quasi_newton: bool = False


FIELDS: Mapping[str, FieldKind] = {
    "factors": FieldKind(
        Factors, FactorsConfig(), 2e-2, 200, "low-rank factors of space and time, on splines", True
    ),
    "hash": FieldKind(
        HashGrid, HashConfig(), 1e-2, 200, "grids of many resolutions and a small network"
    ),
    "fourier": FieldKind(
        FourierFeatures, FourierConfig(), 4e-3, 400, "random Fourier features, a small network"
    ),
    "siren": FieldKind(Siren, SirenConfig(12, 256), 1e-4, 1000, "sines, 12 layers of 256"),
    "siren-wide": FieldKind(Siren, SirenConfig(8, 512), 1e-4, 1000, "sines, 8 layers of 512"),
}


def build_field(
    name: str, domain: Domain, settings: Mapping[str, Setting] | None = None, seed: int = 0
) -> nn.Module:
    """The field called ``name`` on a domain, its parameters as they are before a fit.

    Args:
        name: in ``FIELDS``.
        domain: where it is defined.
        settings: values for fields of its configuration.
        seed: same seed, same parameters; torch's global random state is left alone.

    Raises:
        UsageError: an unknown field or setting, or a value of the wrong kind.
    """
    kind = look_up(FIELDS, name, "field")
    config = with_settings(kind.config, settings, name)
    with seeded(seed, "field", name):
        return kind.network(config, domain)
