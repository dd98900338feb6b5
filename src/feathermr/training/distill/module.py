"""One step of a training with a teacher, for Lightning's trainer."""

from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from feathermr.core.seeding import seeded
from feathermr.training.batches import Batch, to_example
from feathermr.training.continuous import answer
from feathermr.training.distill.correction import correction_loss, mistakes
from feathermr.training.distill.edges import edge_loss
from feathermr.training.distill.features import Projection, feature_loss
from feathermr.training.distill.relations import relation_loss
from feathermr.training.distill.taps import Taps
from feathermr.training.distill.weighting import trust
from feathermr.training.example import Example, Posed
from feathermr.training.losses import Loss
from feathermr.training.module import Training, metrics
from feathermr.training.recipe import Recipe

#: of the correction's weight: a teacher that learns from its mistakes alone forgets what it was
#: right about
EVERYWHERE = 0.1


class Distillation(Training):
    """A student that learns from ground truth and from a teacher, who may learn too.

    With ``L`` the recipe's loss, ``s``, ``t`` and ``g`` the images of student, teacher and ground
    truth, and the share ``r`` of the teacher (times its `trust` when dynamic)::

        student: (1 - r) L(s, g) + r L(s, t) + a features + b relations + c edges(s, g)
        teacher: correction(t, g), most where student and ground truth agree against it

    No gradient passes from one to the other. Both are trained by one optimiser, at rates of their
    own, and their gradients are clipped apart. A teacher that is not corrected stays as it is, bit
    by bit. Any two networks go together that take the same measurements.

    Args:
        model: the student.
        teacher: trained.
        loss: of two images.
        recipe: of the training; its ``distillation`` says which parts are on.
        example: one of the training's, by which the sizes of the features are found.
    """

    def __init__(
        self, model: nn.Module, teacher: nn.Module, loss: Loss, recipe: Recipe, example: Posed
    ) -> None:
        super().__init__(model, loss, recipe)
        self.parts = recipe.distillation
        self.teacher: nn.Module = teacher.requires_grad_(self.parts.correction > 0)
        layers = self.parts.layers if self.parts.features or self.parts.relations else {}
        self.student_taps = Taps(model, tuple(layers))
        self.teacher_taps = Taps(teacher, tuple(layers.values()))
        self.projections = nn.ModuleList(self._projections(example) if layers else ())

    @torch.no_grad()
    def _projections(self, example: Posed) -> list[nn.Module]:
        for network in (self.model, self.teacher):
            answer(network, example)
        pairs = zip(self.student_taps.features(), self.teacher_taps.features(), strict=True)
        with seeded(self.recipe.seed, "projections"):
            return [Projection(own.shape[1], other.shape[1]) for own, other in pairs]

    def train(self, mode: bool = True) -> Self:
        """As torch's; the teacher always answers as it would when used."""
        super().train(mode)
        self.teacher.eval()
        return self

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """The losses of one batch."""
        self._seed_step()
        example = to_example(batch)
        corrected = self.parts.correction > 0
        with torch.set_grad_enabled(corrected):
            teacher = self._taught(example)
        student = answer(self.model, example)
        with torch.autocast(student.device.type, enabled=False):
            terms = self._terms(student, teacher.detach(), example.target)
            if corrected:
                weight = mistakes(student, teacher, example.target)
                weight = EVERYWHERE + (1 - EVERYWHERE) * weight
                terms["correction"] = correction_loss(
                    teacher, example.target, weight, self.parts.correction_edges
                )
            total = torch.stack(list(terms.values())).sum()
        named = {name: value.detach() for name, value in terms.items()}
        return {"loss": total, "terms": {"loss": total.detach(), **named}}

    def _taught(self, example: Posed) -> Tensor:
        """The teacher's image; it begins from what it finds itself, not from the student's."""
        alone = replace(example, starts=None) if isinstance(example, Example) else example
        return answer(self.teacher, alone)

    def _terms(self, student: Tensor, teacher: Tensor, target: Tensor) -> dict[str, Tensor]:
        """The student's, weighted."""
        parts = self.parts
        share = torch.full((len(target),), parts.response, device=target.device)
        if parts.dynamic:
            share = share * trust(student, teacher, target).flatten()
        terms = {"truth": ((1 - share) * self._each(student, target)).mean()}
        if parts.response:
            terms["response"] = (share * self._each(student, teacher)).mean()
        if parts.edges:
            terms["edges"] = parts.edges * edge_loss(student, target)
        if not self.projections:
            return terms
        pairs = list(zip(self.student_taps.features(), self.teacher_taps.features(), strict=True))
        if parts.features:
            found = [
                feature_loss(*projection(own, other))
                for projection, (own, other) in zip(self.projections, pairs, strict=True)
            ]
            terms["features"] = parts.features * torch.stack(found).mean()
        if parts.relations:
            found = [relation_loss(own, other) for own, other in pairs]
            terms["relations"] = parts.relations * torch.stack(found).mean()
        return terms

    def _each(self, image: Tensor, target: Tensor) -> Tensor:
        """The recipe's loss of each slice."""
        slices = [slice(index, index + 1) for index in range(len(image))]
        return torch.stack([self.loss(image[one], target[one]).total for one in slices])

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Also the teacher's PSNR, when it is trained."""
        super().validation_step(batch, batch_idx)
        if self.parts.correction:
            example = to_example(batch)
            image = self._taught(example)
            value = metrics(image, example.target)["psnr"]
            self.log(
                "validation/teacher_psnr",
                value,
                batch_size=len(example.target),
                on_epoch=True,
                sync_dist=True,
                logger=False,
            )

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The student with its projections; the teacher at its own rate."""
        groups = super().parameter_groups()
        groups[0]["params"] += list(self.projections.parameters())
        if self.parts.correction:
            rate = self.parts.correction * self.recipe.optimiser.learning_rate
            groups.append({"params": list(self.teacher.parameters()), "lr": rate})
        return groups

    def configure_gradient_clipping(
        self,
        optimizer: Any,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Each group by itself: a teacher's large gradient must not slow its student."""
        if gradient_clip_val:
            for group in optimizer.param_groups:
                nn.utils.clip_grad_norm_(group["params"], gradient_clip_val)
