"""The projections of multi-head attention as Kronecker sums."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from feathermr.nn import Conversion, KroneckerLinear, fold, kroneckerize

DOUBLE = torch.float64


def names(report: Conversion) -> dict[str, tuple[int, int]]:
    return {each.name: (each.before, each.after) for each in report.replaced}


def answers(attention: nn.Module, *given: Tensor) -> Tensor:
    answer, _ = attention(*given, need_weights=False)
    assert isinstance(answer, Tensor)
    return answer


def test_queries_keys_values_and_output_are_replaced() -> None:
    attention = nn.MultiheadAttention(16, 4, batch_first=True, dtype=DOUBLE)
    small, report = kroneckerize(attention, 2)
    one = 2 * (4 + 16 * 16 // 4)
    assert names(report) == {
        "in_proj_weight": (3 * 256, 3 * one),
        "out_proj": (256 + 16, one + 16),
    }
    assert isinstance(small.out_proj, KroneckerLinear)
    assert [(each.name, each.parameters) for each in report.left] == [("", 48)]
    tokens = torch.randn(2, 5, 16, dtype=DOUBLE)
    answers(small, tokens, tokens, tokens).sum().backward()
    assert all(each.grad is not None and each.grad.any() for each in small.parameters())


@pytest.mark.parametrize("from_dense", [True, False])
@pytest.mark.parametrize("sizes", [{}, {"kdim": 12, "vdim": 8}, {"kdim": 10, "vdim": 7}])
def test_folding_gives_torchs_attention(sizes: dict[str, int], from_dense: bool) -> None:
    attention = nn.MultiheadAttention(
        16, 4, batch_first=True, dtype=DOUBLE, add_bias_kv=True, **sizes
    )
    small, report = kroneckerize(attention, 2, from_dense=from_dense)
    assert len(report.replaced) == (4 if sizes.get("vdim") == 8 else 3 if sizes else 2)
    folded = fold(small)
    assert type(folded) is nn.MultiheadAttention
    assert type(folded.out_proj) is type(attention.out_proj)
    assert list(folded.state_dict()) == list(attention.state_dict())
    attention.load_state_dict(folded.state_dict())
    given = [
        torch.randn(2, 5, size, dtype=DOUBLE)
        for size in (16, sizes.get("kdim", 16), sizes.get("vdim", 16))
    ]
    for model in (folded, attention):
        torch.testing.assert_close(answers(model, *given), answers(small, *given))


def test_trained_projections_are_approached_each_by_itself() -> None:
    attention = nn.MultiheadAttention(8, 2, dtype=DOUBLE)
    exact, _ = kroneckerize(attention, 2)
    dense = fold(exact)
    again, report = kroneckerize(dense, 2, from_dense=True)
    assert max(each.error or 0.0 for each in report.replaced) < 1e-12
    tokens = torch.randn(5, 1, 8, dtype=DOUBLE)
    torch.testing.assert_close(
        answers(again, tokens, tokens, tokens), answers(dense, *[tokens] * 3)
    )
    rough, report = kroneckerize(attention, 2, from_dense=True, terms=1)
    lost = (rough.in_proj_weight - attention.in_proj_weight).norm()  # type: ignore[operator]
    lost = lost.detach() / attention.in_proj_weight.detach().norm()
    errors = {each.name: each.error for each in report.replaced}
    assert errors["in_proj_weight"] == pytest.approx(float(lost))


def test_random_projections_have_the_size_of_the_models() -> None:
    attention = nn.MultiheadAttention(64, 4)
    small, _ = kroneckerize(attention, 4)
    found, expected = (
        each.in_proj_weight.detach().unflatten(0, (3, 64)).square().mean((1, 2))  # type: ignore[operator]
        for each in (small, attention)
    )
    torch.testing.assert_close(found, expected, rtol=0.15, atol=0)


@pytest.mark.parametrize("dense", [True, False])
def test_a_transformers_fast_path_gives_the_same(dense: bool) -> None:
    layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2)
    small, report = kroneckerize(encoder, 2, from_dense=dense)
    assert len(report.replaced) == 8
    tokens = torch.randn(3, 7, 16)
    slow = small.train()(tokens)
    small.eval()
    with torch.inference_mode():
        fast = small(tokens)
    torch.testing.assert_close(fast, slow, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(fold(small)(tokens), slow, rtol=1e-5, atol=1e-5)


def test_what_is_skipped_or_special_stays() -> None:
    class Own(nn.MultiheadAttention):
        """Somebody's attention."""

    hooked = nn.MultiheadAttention(8, 2)
    hooked.register_forward_hook(lambda module, given, answer: None)
    model = nn.ModuleDict(
        {
            "a": nn.MultiheadAttention(8, 2),
            "b": nn.MultiheadAttention(8, 2),
            "c": nn.MultiheadAttention(8, 2),
            "own": Own(8, 2),
            "hooked": hooked,
        }
    )
    _, report = kroneckerize(model, 2, skip=["a.out_proj", "b.in_proj_weight", "c"])
    assert set(names(report)) == {"a.in_proj_weight", "b.out_proj"}
    reasons = {each.name: each.reason for each in report.left}
    assert reasons["a.out_proj"] == reasons["b.in_proj_weight"] == "skipped as asked"
    assert reasons["c"] == reasons["c.out_proj"] == "skipped as asked"
    assert reasons["own"] == "a subclass of MultiheadAttention, which may do something else"
    assert reasons["hooked"].startswith("hooks")


def test_frozen_projections_stay_frozen_and_states_are_exchanged() -> None:
    attention = nn.MultiheadAttention(8, 2)
    attention.in_proj_weight.requires_grad_(False)
    small, _ = kroneckerize(attention, 2)
    assert parametrize.is_parametrized(small, "in_proj_weight")
    frozen = {name for name, each in small.named_parameters() if not each.requires_grad}
    assert frozen == {f"parametrizations.in_proj_weight.original{index}" for index in (0, 1)}
    folded = fold(small)
    assert isinstance(folded.in_proj_weight, nn.Parameter)
    assert not folded.in_proj_weight.requires_grad
    other, _ = kroneckerize(nn.MultiheadAttention(8, 2), 2, seed=1)
    other.load_state_dict(small.state_dict())
    assert torch.equal(other.in_proj_weight, copy.deepcopy(small).in_proj_weight)  # type: ignore[arg-type]
