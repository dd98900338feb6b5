"""A training with a teacher: what learns from what, what stays, and that it can be resumed."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from feathermr.core.errors import UsageError
from feathermr.core.progress import Progress, silent
from feathermr.models import build
from feathermr.models.weights import load_weights, read_card, save_weights
from feathermr.training.batches import to_batch
from feathermr.training.distill import module as distillation
from feathermr.training.distill.module import Distillation
from feathermr.training.losses import make_loss
from feathermr.training.run_folder import RunFolder, series
from feathermr.training.simulated import SimulatedExamples
from training.small import ON_CPU, TEXT, small_recipe, trained

DATA = TEXT[TEXT.index("data:") :] + "loss: {name: charbonnier}\n"
TEACHER_SIZE = "{embedding: 12, blocks: 1, depth: 2, heads: 2, window: 4}"
TEACHER = f"model: swinir-teacher\nsettings: {TEACHER_SIZE}\n{DATA}"
STUDENT = f"""
model: chpnet
settings: {{width: 4, depth: 1, steps: 2}}
{DATA}
distillation:
  response: 0.5
  features: 0.01
  relations: 0.01
  edges: 0.5
  dynamic: true
  correction: 0.1
  layers: {{denoiser.deep: network.blocks.0}}
"""
MODL = STUDENT.replace("chpnet", "kronecker-modl").replace(
    "width: 4, depth: 1, steps: 2", "width: 4, layers: 3, steps: 2"
)
MODL = MODL.replace("denoiser.deep", "denoiser.layers.2")
PARTS = ("response", "features", "relations", "edges", "correction")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(tmp_path_factory.mktemp("teacher") / "run", text=TEACHER)


def distilled(
    out: Path,
    teacher: RunFolder,
    changes: Mapping[str, str] | None = None,
    text: str = STUDENT,
    progress: Progress = silent,
    *,
    resume: bool = False,
) -> RunFolder:
    run = replace(ON_CPU, teacher=teacher.path)
    return trained(out, changes, run, resume=resume, progress=progress, text=text)


def module(changes: Mapping[str, str] | None = None, text: str = STUDENT) -> Distillation:
    recipe = small_recipe(changes, text)
    loss = make_loss(recipe.loss.name, recipe.loss.settings)
    other = build("swinir-teacher", small_recipe(text=TEACHER).settings, 5)
    example = SimulatedExamples(recipe.data.simulated, 1)[0]
    made = Distillation(build(recipe.model, recipe.settings), other, loss, recipe, example)
    return made.train()


def gradients(network: torch.nn.Module) -> list[Tensor]:
    return [one.grad for one in network.parameters() if one.grad is not None and one.grad.any()]


def step(of: Distillation) -> dict[str, Tensor]:
    example = SimulatedExamples(of.recipe.data.simulated, 1)[0]
    of._seed_step = lambda: None  # type: ignore[method-assign]
    found = of.training_step(to_batch(example), 0)
    found["loss"].backward()
    return dict(found["terms"])


@pytest.mark.parametrize("text", [STUDENT, MODL])
def test_all_parts_sum_up_and_reach_whom_they_should(text: str) -> None:
    made = module(text=text)
    terms = step(made)
    assert set(terms) == {"loss", "truth", *PARTS}
    assert all(float(value) > 0 for value in terms.values())
    torch.testing.assert_close(terms.pop("loss"), torch.stack(list(terms.values())).sum())
    for network in (made.model, made.teacher, made.projections):
        assert gradients(network)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_alone_has_a_gradient_where_it_should(part: str) -> None:
    off = {f"distillation.{one}": "0" for one in PARTS if one != part}
    made = module(off)
    made._each = lambda image, target: torch.zeros(len(image))  # type: ignore[method-assign]
    if part == "response":
        del made._each
        made.parts = replace(made.parts, response=1.0, dynamic=False)  # no ground truth is left
    terms = step(made)
    assert part in terms
    assert bool(gradients(made.model)) == (part != "correction")
    assert bool(gradients(made.teacher)) == (part == "correction")


def test_a_teacher_is_also_trained_where_it_is_not_mistaken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distillation, "mistakes", lambda student, *_: torch.zeros(student.shape))
    made = module()
    step(made)
    assert gradients(made.teacher)


def test_a_part_of_weight_zero_is_absent() -> None:
    off = {f"distillation.{part}": "0" for part in PARTS}
    assert set(step(module(off))) == {"loss", "truth"}


def test_the_student_s_gradient_does_not_know_whether_the_teacher_learns() -> None:
    with_correction, without = module(), module({"distillation.correction": "0"})
    step(with_correction)
    step(without)
    for one, other in zip(gradients(with_correction.model), gradients(without.model), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def test_groups_have_rates_of_their_own_and_are_clipped_apart() -> None:
    made = module({"optimiser.learning_rate": "1e-2"})
    optimiser = made.configure_optimizers()["optimizer"]
    assert [group["lr"] for group in optimiser.param_groups] == [1e-2, 1e-3]
    step(made)
    for one in made.teacher.parameters():
        one.grad = 100 * torch.ones_like(one)
    before = torch.stack([one.norm() for one in gradients(made.model)])
    made.configure_gradient_clipping(optimiser, 1e3)
    after = torch.stack([one.norm() for one in gradients(made.model)])
    torch.testing.assert_close(before, after)
    norm = torch.stack([one.norm() for one in gradients(made.teacher)]).norm()
    torch.testing.assert_close(norm, torch.tensor(1e3))


def test_a_frozen_teacher_stays_bit_identical_and_leaves_no_file(
    teacher: RunFolder, tmp_path: Path
) -> None:
    before = load_file(teacher.weights)
    run = distilled(tmp_path / "run", teacher, {"distillation.correction": "0"})
    state = torch.load(run.last, weights_only=True)["state_dict"]
    assert all(torch.equal(value, state[f"teacher.{name}"]) for name, value in before.items())
    assert not run.teacher.exists()


def test_a_corrected_teacher_is_written_and_better_where_it_was_wrong(
    teacher: RunFolder, tmp_path: Path
) -> None:
    """The teacher of few steps is spoilt; what its student shows of that is put right."""
    spoilt = RunFolder(tmp_path / "spoilt")
    state = load_file(teacher.weights)
    state["network.last.0.bias"] = state["network.last.0.bias"] + 0.5
    record = read_card(teacher.weights)
    save_weights(spoilt.weights, state, "swinir-teacher", record["settings"], record["card"])
    changes = {
        "optimiser.learning_rate": "2e-2",
        "distillation.correction": "1",
        "trainer.steps": "24",
    }
    run = distilled(tmp_path / "run", spoilt, changes)
    curve = list(series(run.rows(), "validation", "teacher_psnr").values())
    assert curve[-1] > curve[0] + 0.5
    corrected = load_weights(run.teacher)
    assert corrected.name == "swinir-teacher"
    assert "while it taught" in corrected.card["corrected"]
    assert not torch.equal(
        load_file(run.teacher)["network.last.0.bias"], state["network.last.0.bias"]
    )


def test_a_distillation_cut_off_goes_on_bit_for_bit(teacher: RunFolder, tmp_path: Path) -> None:
    def power_cut(done: int, total: int) -> None:
        if done == 5:
            raise InterruptedError

    whole = distilled(tmp_path / "whole", teacher)
    with pytest.raises(InterruptedError):
        distilled(tmp_path / "cut", teacher, progress=power_cut)
    cut = distilled(tmp_path / "cut", teacher, resume=True)
    states = [torch.load(run.last, weights_only=True) for run in (whole, cut)]
    assert repr(states[0]["optimizer_states"]) == repr(states[1]["optimizer_states"])
    for name, value in states[0]["state_dict"].items():
        assert torch.equal(value, states[1]["state_dict"][name]), name
    assert whole.metrics.read_text() == cut.metrics.read_text()


def test_a_teacher_is_trained_first_when_none_is_given_and_once(tmp_path: Path) -> None:
    size = {"distillation.teacher_settings": TEACHER_SIZE, "distillation.teacher_steps": "2"}
    changes = {"distillation.teacher": "swinir-teacher", **size}
    run = trained(tmp_path / "run", changes, text=STUDENT)
    own = RunFolder(run.path / "teacher")
    assert max(row.step for row in own.rows()) == 2
    assert read_card(own.weights)["settings"]["embedding"] == 12
    written = own.weights.stat().st_mtime_ns
    trained(run.path, changes, text=STUDENT, resume=True)
    assert own.weights.stat().st_mtime_ns == written


def test_what_cannot_teach_is_refused(teacher: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no teacher"):
        distilled(tmp_path / "a", RunFolder(tmp_path / "nothing"))
    with pytest.raises(UsageError, match=r"'denoiser.depp'; did you mean 'denoiser.deep'"):
        distilled(
            tmp_path / "b", teacher, {"distillation.layers": "{denoiser.depp: network.blocks.0}"}
        )
    assert not list(tmp_path.iterdir())
    with pytest.raises(UsageError, match="name them in layers"):
        small_recipe({"distillation.layers": "{}"}, STUDENT)
    with pytest.raises(UsageError, match="response is at most 1"):
        small_recipe({"distillation.response": "2"}, STUDENT)
