"""What of a teacher reaches the student, and whether the teacher learns too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from feathermr.core.errors import UsageError


@dataclass(frozen=True)
class DistillationRecipe:
    """Parts of a distillation; each is off at zero.

    Attributes:
        teacher: recipe by which a teacher is trained first when none is given; empty for a training
            without teacher.
        teacher_steps: of that training; 0 for as many as its recipe says.
        teacher_settings: values for fields of the teacher's configuration, beside its recipe's.
        response: share of the teacher's image in what the student aims at; the rest is ground
            truth.
        features: weight of the student's features, projected, against the teacher's.
        relations: weight of the relations between positions.
        edges: weight of the edges against those of ground truth.
        dynamic: the share of the teacher follows its measured error, image by image.
        correction: learning rate of the teacher in units of the student's; 0 leaves it as it is.
        correction_edges: weight of the edges in the correction of the teacher.
        layers: module of the student -> module of the teacher, whose features are compared.
    """

    teacher: str = ""
    teacher_steps: int = 0
    teacher_settings: dict[str, Any] = field(default_factory=dict)
    response: float = 0.5
    features: float = 0.0
    relations: float = 0.0
    edges: float = 0.0
    dynamic: bool = False
    correction: float = 0.0
    correction_edges: float = 0.5
    layers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weights = self.features, self.relations, self.edges, self.correction, self.correction_edges
        if min(weights) < 0 or not 0 <= self.response <= 1:
            raise UsageError("weights of a distillation are at least 0, response is at most 1")
        if self.teacher_steps < 0:
            raise UsageError(f"teacher_steps must be at least 0, not {self.teacher_steps}")
        if (self.features or self.relations) and not self.layers:
            raise UsageError(
                "features and relations are compared between layers; name them in layers, e.g. "
                "{denoiser.deep: network.blocks.5}"
            )
