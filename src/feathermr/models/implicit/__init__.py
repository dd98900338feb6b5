"""Fields: images and films as continuous functions of coordinates, fitted to one scan."""

from feathermr.models.implicit.coordinates import Domain, domain_of, level_of, weight_of
from feathermr.models.implicit.factors import Factors, level_knots
from feathermr.models.implicit.family import joined
from feathermr.models.implicit.field import Field
from feathermr.models.implicit.fitted import FittedField, load_field, save_field
from feathermr.models.implicit.table import FIELDS, FieldKind, FieldName, build_field

__all__ = [
    "FIELDS",
    "Domain",
    "Factors",
    "Field",
    "FieldKind",
    "FieldName",
    "FittedField",
    "build_field",
    "domain_of",
    "joined",
    "level_knots",
    "level_of",
    "load_field",
    "save_field",
    "weight_of",
]
