"""One step of a training and of its validation, for Lightning's trainer.

This file is imported only when something is trained.
"""

from collections.abc import Mapping
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.optimizer import ParamsT

from feathermr.core.seeding import generator
from feathermr.metrics import nmse, psnr, ssim
from feathermr.training.batches import Batch, to_example
from feathermr.training.continuous import answer, answers
from feathermr.training.ema import AveragedModel
from feathermr.training.losses import Loss, LossTerms
from feathermr.training.muon import Muon
from feathermr.training.recipe import OptimiserRecipe, Recipe
from feathermr.training.schedule import learning_rate_factor


class Training(LightningModule):
    """A model, the moving average of its weights, and a loss.

    Everything random in a step (dropout) follows from the recipe's seed, the step and the rank.

    Args:
        model: maps k-space and the encoding operator to an image.
        loss: of two images.
        recipe: of the training.
    """

    def __init__(self, model: nn.Module, loss: Loss, recipe: Recipe) -> None:
        super().__init__()
        self.model, self.loss, self.recipe = model, loss, recipe
        self.averaged = AveragedModel(model, recipe.trainer.average)

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Any]:
        """The loss of one batch, and its terms for the metrics."""
        self._seed_step()
        terms = self._compare(self.model, batch, self.recipe.loss.earlier)[1]
        named = {name: value.detach() for name, value in terms.terms.items()}
        return {"loss": terms.total, "terms": {"loss": terms.total.detach(), **named}}

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Metrics of the averaged weights, means over slices."""
        prediction, terms = self._compare(self.averaged.model, batch)
        slices = batch["target"].shape[0]
        values = {"loss": terms.total, **metrics(prediction, batch["target"])}
        self.log_dict(
            {f"validation/{name}": value for name, value in values.items()},
            batch_size=slices,
            on_epoch=True,
            sync_dist=True,
            logger=False,
        )

    def _compare(
        self, model: nn.Module, batch: Batch, earlier: float = 0.0
    ) -> tuple[Tensor, LossTerms]:
        """The loss is computed exactly, whatever the model is computed with."""
        example = to_example(batch)
        images = answers(model, example) if earlier else [answer(model, example)]
        with torch.autocast(images[-1].device.type, enabled=False):
            terms = self.loss(images[-1], example.target)
            total, weight = terms.total, 1.0
            for image in reversed(images[:-1]):
                weight = weight * earlier
                total = total + weight * self.loss(image, example.target).total
        return images[-1], terms._replace(total=total)

    def _seed_step(self) -> None:
        keys = self.recipe.seed, "step", self.global_step, self.global_rank
        torch.set_rng_state(generator(*keys).get_state())
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(generator(*keys, device=self.device).get_state(), self.device)

    def optimizer_step(
        self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None
    ) -> None:
        """One step; the average of the weights follows."""
        step = self.global_step
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)
        self.averaged.update(self.model, step)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What is trained, each group clipped by itself and at a rate of its own."""
        return [{"params": [one for one in self.model.parameters() if one.requires_grad]}]

    def configure_optimizers(self) -> Any:
        """The optimiser, and the learning rate as a function of the step."""
        recipe = self.recipe
        optimiser = make_optimiser(recipe.optimiser, self.parameter_groups())
        steps = recipe.trainer.steps
        schedule = LambdaLR(
            optimiser, lambda step: learning_rate_factor(recipe.schedule, step, steps)
        )
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def make_optimiser(recipe: OptimiserRecipe, parameters: ParamsT) -> Optimizer:
    """Adam, AdamW or Muon over parameters, or over groups of them."""
    rate, betas, decay = recipe.learning_rate, recipe.betas, recipe.weight_decay
    if recipe.name == "muon":
        return Muon(parameters, rate, betas, weight_decay=decay)
    if recipe.name == "adamw":
        return AdamW(parameters, rate, betas, weight_decay=decay)
    return Adam(parameters, rate, betas, weight_decay=decay)


def metrics(prediction: Tensor, target: Tensor) -> Mapping[str, Tensor]:
    """PSNR, SSIM and NMSE of the magnitudes, each image by its own largest value, averaged.

    Args:
        prediction: complex (slice, frame, y, x).
        target: likewise.
    """
    given, wanted = prediction.abs().float(), target.abs().float()
    largest = wanted.amax(dim=(-2, -1))
    table = {"psnr": psnr, "ssim": ssim, "nmse": nmse}
    return {
        name: function(given, wanted, data_range=largest).mean() for name, function in table.items()
    }
