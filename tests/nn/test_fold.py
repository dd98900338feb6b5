"""Folded networks are ordinary networks with the same function."""

import pytest
import torch
from torch import Tensor, nn

from feathermr.core.errors import UsageError
from feathermr.nn import KroneckerLayer, KroneckerLinear, complex_algebra, fold, kroneckerize
from nn.kronecker_cases import CASES, Case


def difference(first: Tensor, second: Tensor) -> float:
    return float((first - second).detach().norm() / second.detach().norm())


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize(("dtype", "limit"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_every_layer_becomes_torchs_own(case: Case, dtype: torch.dtype, limit: float) -> None:
    layer, given = case.layer(dtype=dtype), case.input(dtype)
    folded = fold(layer)
    assert type(folded) is case.plain
    assert repr(folded) == repr(case.dense(dtype))
    assert difference(folded(given), layer(given)) < limit
    case.dense(dtype).load_state_dict(folded.state_dict())


def test_folding_leaves_the_model_alone_and_keeps_what_it_is() -> None:
    model = nn.ModuleDict({"a": KroneckerLinear(4, 6, n=2), "b": nn.BatchNorm1d(6)}).eval()
    model["a"].factors.requires_grad_(False)
    folded = fold(model)
    assert isinstance(model["a"], KroneckerLinear)
    assert list(folded.state_dict())[:2] == ["a.weight", "a.bias"]
    assert not any(each.training for each in folded.modules())
    assert [each.requires_grad for each in folded.get_submodule("a").parameters()] == [False, True]
    with torch.no_grad():
        folded.get_submodule("a").bias.add_(1)
    assert not torch.equal(folded.get_submodule("a").bias, model["a"].bias)


def test_folding_draws_no_random_numbers() -> None:
    model, before = KroneckerLinear(4, 6, n=2), torch.get_rng_state()
    fold(model)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_shared_layer_stays_shared() -> None:
    layer = KroneckerLinear(4, 4, n=2, algebra=complex_algebra())
    folded = fold(nn.Sequential(layer, nn.Sequential(layer)))
    assert folded.get_submodule("0") is folded.get_submodule("1.0")


def test_hooks_are_not_lost_silently() -> None:
    layer = KroneckerLinear(4, 4, n=2)
    layer.register_forward_pre_hook(lambda module, given: None)
    with pytest.raises(UsageError, match="hooks are registered on a KroneckerLinear"):
        fold(nn.Sequential(layer))


def test_nothing_of_kronecker_remains_anywhere() -> None:
    model = nn.Transformer(16, 2, 1, 1, 32, batch_first=True)
    small, _ = kroneckerize(model, 4)
    folded = fold(small)
    assert not any(isinstance(each, KroneckerLayer) for each in folded.modules())
    assert [type(each) for each in folded.modules()] == [type(each) for each in model.modules()]
    assert list(folded.state_dict()) == list(model.state_dict())
