"""What happens in a training: losses fall, precision, limits, and when it stops."""

from pathlib import Path

import pytest
import torch

from feathermr.core.errors import DataError, UsageError
from feathermr.models.table import build
from feathermr.training.batches import to_batch
from feathermr.training.ema import AveragedModel
from feathermr.training.losses import make_loss
from feathermr.training.module import Training, make_optimiser, metrics
from feathermr.training.recipe import OptimiserRecipe
from feathermr.training.run_folder import RunFolder, series
from feathermr.training.simulated import SimulatedExamples
from feathermr.training.train import TrainingRun
from training.small import CASCADE, small_recipe, trained


def weights_of(folder: RunFolder) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = torch.load(folder.last, weights_only=True)["state_dict"]
    return state


def test_the_loss_of_a_step_is_the_loss_of_the_model_s_image() -> None:
    recipe = small_recipe()
    model, loss = build(recipe.model, recipe.settings), make_loss("l1")
    example = SimulatedExamples(recipe.data.simulated, 0)[3]
    with torch.no_grad():
        outputs = Training(model, loss, recipe)._compare(model, to_batch(example))
        expected = (model(example.kspace, example.encoding) - example.target).abs().mean()
    torch.testing.assert_close(outputs[1].total, expected)


def test_the_images_of_earlier_steps_count_less_and_less() -> None:
    recipe = small_recipe({"loss.earlier": "0.25"}, CASCADE)
    model, loss = build(recipe.model, recipe.settings), make_loss("l1")
    example = SimulatedExamples(recipe.data.simulated, 0)[3]
    with torch.no_grad():
        terms = Training(model, loss, recipe)._compare(model, to_batch(example), 0.25)[1]
        first, last = model.images(example.kspace, example.encoding)  # type: ignore[operator]
    each = [(image - example.target).abs().mean() for image in (first, last)]
    torch.testing.assert_close(terms.total, each[1] + 0.25 * each[0])
    torch.testing.assert_close(terms.terms["l1"], each[1])


def test_a_few_steps_make_the_loss_smaller(tmp_path: Path) -> None:
    folder = trained(
        tmp_path / "run",
        {"trainer.steps": "24", "trainer.validate_every": "8", "optimiser.learning_rate": "1e-2"},
    )
    losses = list(series(folder.rows(), "validation", "loss").values())
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.98 * losses[0]


def test_half_precision_computes_in_half_and_keeps_the_weights_single(tmp_path: Path) -> None:
    single = weights_of(trained(tmp_path / "single"))
    half = weights_of(trained(tmp_path / "half", {"trainer.precision": "bf16-mixed"}))
    assert {value.dtype for value in half.values()} == {torch.float32}
    assert any(not torch.equal(value, half[name]) for name, value in single.items())
    for name, value in single.items():
        torch.testing.assert_close(half[name], value, atol=6e-3, rtol=0)


@pytest.mark.parametrize("name", ["unet", "kronecker-unet"])
def test_the_consistency_step_survives_half_precision(name: str) -> None:
    recipe = small_recipe()
    model = build(name)
    example = SimulatedExamples(recipe.data.simulated, 0)[0]
    module = Training(model, make_loss("composite"), recipe)
    with torch.autocast("cpu", torch.bfloat16):
        prediction, terms = module._compare(model, to_batch(example))
    assert prediction.dtype == torch.complex64
    assert terms.total.dtype == torch.float32
    terms.total.backward()
    assert all(torch.isfinite(one.grad).all() for one in model.parameters() if one.grad is not None)


def test_a_training_that_gets_no_better_ends(tmp_path: Path) -> None:
    still = {"optimiser.learning_rate": "1e-14", "trainer.patience": "1", "trainer.steps": "99"}
    folder = trained(tmp_path / "run", still)
    assert list(series(folder.rows(), "validation", "psnr")) == [4, 8]
    assert torch.load(folder.best, weights_only=True)["global_step"] == 4


def test_a_training_out_of_time_is_judged_saved_and_can_go_on(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    folder = trained(tmp_path / "run", run=TrainingRun(accelerator="cpu", minutes=1e-9))
    assert list(series(folder.rows(), "validation", "psnr")) == [1]
    assert folder.weights.exists()
    folder = trained(tmp_path / "run", resume=True)
    states = weights_of(whole), weights_of(folder)
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_weights_that_are_no_longer_finite_are_never_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = AveragedModel.update

    def spoiled(self: AveragedModel, model: torch.nn.Module, step: int) -> None:
        update(self, model, step)
        if step == 4:
            next(self.model.parameters()).fill_(float("nan"))

    monkeypatch.setattr(AveragedModel, "update", spoiled)
    with pytest.raises(DataError, match=r"no longer finite after step 6.*learning_rate"):
        trained(tmp_path / "run")
    assert torch.load(RunFolder(tmp_path / "run").last, weights_only=True)["global_step"] == 4


def test_a_device_that_is_not_here_is_one_sentence(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(UsageError, match="cannot run like this"):
        trained(tmp_path / "run", run=TrainingRun(accelerator="gpu"))
    assert not (tmp_path / "run").exists()


def test_adamw_decays_weights_and_adam_pulls_by_the_gradient() -> None:
    model = torch.nn.Linear(2, 2)
    for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
        recipe = OptimiserRecipe(name, 1e-3, 0.1, (0.8, 0.9))  # type: ignore[arg-type]
        optimiser = make_optimiser(recipe, model.parameters())
        assert type(optimiser) is kind
        group = optimiser.param_groups[0]
        assert (group["lr"], group["weight_decay"], group["betas"]) == (1e-3, 0.1, (0.8, 0.9))


def test_metrics_are_means_over_images_each_by_its_own_peak() -> None:
    target = torch.zeros(2, 1, 8, 8, dtype=torch.complex64)
    target[0], target[1] = 1j, 4
    values = metrics(1.1 * target, target)
    assert float(values["psnr"]) == pytest.approx(20, abs=1e-3)
    assert float(values["nmse"]) == pytest.approx(0.01, abs=1e-5)
