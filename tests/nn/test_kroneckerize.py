"""Any network is converted; the report says what was done, and why not."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

import feathermr
from feathermr.core.errors import UsageError
from feathermr.core.seeding import seeded
from feathermr.nn import (
    Conversion,
    KroneckerConv2d,
    KroneckerLayer,
    KroneckerLinear,
    fold,
    kroneckerize,
)
from feathermr.nn.kronecker_pairs import PAIRS
from nn.kronecker_cases import CASES, Case


class Own(nn.Linear):
    """Somebody's layer."""


class Network(nn.Module):
    """Many ways in which layers are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 16, 3, padding=1)
        self.blocks = nn.ModuleList([nn.Conv2d(16, 16, 3, padding=1) for _ in range(2)])
        self.named = nn.ModuleDict({"a": nn.Conv2d(16, 16, 1), "b": nn.GroupNorm(2, 16)})
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.own = Own(8, 8)
        self.scale = nn.Parameter(torch.ones(8))
        self.narrow = nn.Linear(8, 4)

    def forward(self, image: Tensor) -> Tensor:
        features = self.first(image)
        for block in self.blocks:
            features = block(features).relu()
        features = self.up(self.named["b"](self.named["a"](features)))
        answer: Tensor = self.narrow(self.own(features.movedim(1, -1)) * self.scale)
        return answer.movedim(-1, 1)


def reasons(report: Conversion) -> dict[str, str]:
    return {each.name: each.reason for each in report.left}


def size(model: nn.Module) -> int:
    return sum(each.numel() for each in model.parameters())


def test_layers_are_replaced_wherever_they_are() -> None:
    model = Network()
    before = copy.deepcopy(model.state_dict())
    small, report = kroneckerize(model, 4)
    assert [each.name for each in report.replaced] == ["blocks.0", "blocks.1", "named.a", "up"]
    assert all(isinstance(small.get_submodule(e.name), KroneckerLayer) for e in report.replaced)
    assert reasons(report) == {
        "": "no Kronecker form",
        "first": "4 does not divide 2 -> 16 channels",
        "named.b": "no Kronecker form",
        "own": "a subclass of Linear, which may do something else",
        "narrow": "it would not become smaller with n = 4 and terms = 4",
    }
    assert small(torch.randn(1, 2, 6, 5)).shape == (1, 4, 12, 10)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_the_numbers_of_the_report_are_right() -> None:
    model = Network()
    small, report = kroneckerize(model, 2)
    assert (report.before, report.after) == (size(model), size(small))
    left = sum(each.parameters for each in report.left)
    assert report.before == left + sum(each.before for each in report.replaced)
    assert report.after == left + sum(each.after for each in report.replaced)
    text = str(report)
    assert f"{report.before:,} -> {report.after:,} parameters" in text
    assert "blocks.1  Conv2d: 2,320 -> 1,176" in text
    assert "no Kronecker form (40 parameters): the model itself, named.b" in text


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_setting_of_every_layer_is_kept(case: Case) -> None:
    model = nn.Sequential(case.dense())
    small, report = kroneckerize(model, case.n, terms=1, from_dense=True)
    kept, given = small[0], case.input()  # type: ignore[index]
    assert isinstance(kept, KroneckerLayer)
    assert PAIRS[type(model[0])] is type(kept)
    error = (kept.weight - model[0].weight).norm() / model[0].weight.norm()
    assert report.replaced[0].error == pytest.approx(float(error.detach()))
    with torch.no_grad():
        model[0].weight.copy_(kept.weight)
        torch.testing.assert_close(small(given), model(given))


def test_the_model_may_be_a_layer_itself() -> None:
    small, report = kroneckerize(nn.Linear(8, 8), 2)
    assert isinstance(small, KroneckerLinear)
    assert report.replaced[0].name == ""
    assert "the model itself  Linear: 72 -> 48" in str(report)


def test_a_layer_in_two_places_stays_one_layer() -> None:
    layer = nn.Linear(8, 8)
    small, report = kroneckerize(nn.Sequential(layer, nn.ReLU(), nn.Sequential(layer)), 2)
    assert small.get_submodule("0") is small.get_submodule("2.0")
    assert len(report.replaced) == 1
    assert report.after == 48


def test_weights_of_several_modules_stay() -> None:
    embedding, head, other = nn.Embedding(12, 8), nn.Linear(8, 12), nn.Linear(8, 8)
    head.weight = embedding.weight
    small, report = kroneckerize(nn.Sequential(embedding, other, head), 2)
    assert small.get_submodule("0").weight is small.get_submodule("2").weight
    assert reasons(report)["2"] == "one parameter is 0.weight and 2.weight"
    assert [each.name for each in report.replaced] == ["1"]


def test_layers_that_are_more_than_themselves_stay() -> None:
    hooked, normalised, pruned = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
    hooked.register_forward_hook(lambda module, given, answer: 2 * answer)
    parametrizations.weight_norm(normalised)
    prune.l1_unstructured(pruned, "weight", 0.5)  # type: ignore[no-untyped-call]
    replaced = nn.Linear(8, 8)
    replaced.forward = lambda input: input  # type: ignore[method-assign]
    model = nn.Sequential(hooked, normalised, pruned, replaced)
    small, report = kroneckerize(model, 2)
    assert report.replaced == ()
    assert reasons(report)["0"] == reasons(report)["2"] == reasons(report)["3"]
    assert reasons(report)["0"] == "hooks, or a forward of its own, use its parameters"
    assert reasons(report)["1"] == "its parameters are parametrized"
    given = torch.randn(8)
    assert torch.equal(small(given), model(given))


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_lazy_layers_wait_for_their_first_use() -> None:
    model = nn.Sequential(nn.LazyLinear(8), nn.Linear(8, 8))
    small, report = kroneckerize(model, 2)
    assert reasons(report) == {"0": "its sizes are unknown before its first use"}
    assert small(torch.ones(1, 6)).shape == (1, 8)
    assert kroneckerize(small, 2)[1].replaced[0].name == "0"


def test_kronecker_layers_and_complex_weights_stay() -> None:
    model = nn.Sequential(KroneckerLinear(8, 8, n=2), nn.Linear(8, 8, dtype=torch.complex64))
    assert reasons(kroneckerize(model, 4)[1]) == {
        "0": "a Kronecker layer already",
        "1": "its type is torch.complex64",
    }


@pytest.mark.parametrize(
    ("skip", "kept"),
    [
        ("first", {"first"}),
        (["blocks.*", "up"], {"blocks.0", "blocks.1", "up"}),
        (["blocks"], {"blocks.0", "blocks.1"}),
        (lambda name, module: isinstance(module, nn.ConvTranspose2d), {"up"}),
    ],
)
def test_what_is_named_is_skipped(skip: Any, kept: set[str]) -> None:
    _, report = kroneckerize(Network(), 2, skip=skip)
    assert {name for name, why in reasons(report).items() if why == "skipped as asked"} == kept
    assert not kept & {each.name for each in report.replaced}


def test_a_skipped_name_may_be_any_of_a_shared_layer() -> None:
    layer = nn.Linear(8, 8)
    _, report = kroneckerize(nn.ModuleDict({"a": layer, "b": layer}), 2, skip="b")
    assert report.replaced == ()


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="no module 'fist'; did you mean 'first'"):
        kroneckerize(Network(), 2, skip=["fist"])
    with pytest.raises(UsageError, match="at least 1"):
        kroneckerize(Network(), 0)


def test_type_training_mode_and_what_learns_are_kept() -> None:
    model = Network().bfloat16().eval()
    model.blocks[0].weight.requires_grad_(False)
    model.up.bias.requires_grad_(False)  # type: ignore[union-attr]
    small, _ = kroneckerize(model, 2, from_dense=True)
    frozen = {name for name, each in small.named_parameters() if not each.requires_grad}
    assert frozen == {"blocks.0.algebra", "blocks.0.factors", "up.bias"}
    assert {each.dtype for each in small.parameters()} == {torch.bfloat16}
    assert not any(each.training for each in small.modules())


def test_random_weights_have_the_size_of_the_models() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))
    nn.init.zeros_(model[1].weight)
    nn.init.normal_(model[0].weight, std=3.0)
    small, report = kroneckerize(model, 4)
    assert report.replaced[0].error is None
    assert isinstance(small, nn.Sequential)
    assert float(small[0].weight.detach().std()) == pytest.approx(3.0, rel=0.15)
    assert small[1].weight.abs().max() == 0
    assert torch.equal(small[1].bias, model[1].bias)


def test_a_seed_repeats_and_leaves_torchs_random_state_alone() -> None:
    model, states = Network(), []
    with seeded(0):
        undisturbed = torch.rand(3)
    for seed in (1, 1, 2):
        with seeded(0):
            states.append(kroneckerize(model, 2, seed=seed)[0].state_dict()["up.factors"])
            assert torch.equal(torch.rand(3), undisturbed)
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_models_without_memory_are_converted() -> None:
    with torch.device("meta"):
        small, _ = kroneckerize(Network(), 2, from_dense=True)
    assert {each.device.type for each in small.parameters()} == {"meta"}


def test_feathermr_nn_is_there_once_feathermr_is_imported() -> None:
    assert feathermr.nn.kroneckerize is feathermr.kroneckerize is kroneckerize
    assert feathermr.fold is fold
    assert isinstance(KroneckerConv2d(2, 2, 1, n=2), feathermr.nn.KroneckerLayer)
