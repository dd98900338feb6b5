import copy

import pytest
import torch
from torch import Tensor, nn

from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import generator, seeded
from feathermr.models.chpnet import Chpnet, ChpnetConfig
from feathermr.models.swinmr import SwinMR, SwinmrConfig
from feathermr.operators import Encoding
from feathermr.training.distill import Projection, Taps, feature_loss, relation_loss


def image(*shape: int) -> Tensor:
    return torch.randn(shape, generator=generator(1, "taps", *shape))


class Repeated(nn.Module):
    """One layer, called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(2, 2, 3, padding=1)
        self.unused = nn.Identity()

    def forward(self, given: Tensor) -> Tensor:
        for _ in range(3):
            given = self.layer(given).tanh()
        return given


def small_swin() -> SwinMR:
    with seeded(5):
        return SwinMR(SwinmrConfig(embedding=8, blocks=2, depth=2, heads=2, window=4))


def test_the_last_call_of_a_repeated_layer_counts_and_gradients_flow() -> None:
    with seeded(3):
        network = Repeated()
    with Taps(network, ["layer"]) as taps:
        answer = network(image(1, 2, 6, 5))
    (found,) = taps.features()
    torch.testing.assert_close(found.tanh(), answer)
    found.sum().backward()
    assert network.layer.weight.grad is not None
    assert float(network.layer.weight.grad.abs().min()) > 0


def test_tokens_are_turned_to_channels() -> None:
    network = small_swin()
    tokens: list[Tensor] = []
    network.blocks[1].register_forward_hook(lambda *call: tokens.append(call[2]))
    names = ["blocks.1", "blocks", "blocks.0.layers.1", "shallow", "norm", "blocks.1.convolution"]
    names.append("blocks.1")  # asked for twice
    with Taps(network, names) as taps:
        network(image(3, 2, 16, 24))
    found = taps.features()
    assert [tuple(one.shape) for one in found] == [(3, 8, 8, 12)] * len(names)
    assert torch.equal(found[0], tokens[0].permute(0, 3, 1, 2))
    assert torch.equal(found[1], found[0])


def test_closed_taps_record_nothing_and_the_network_gives_the_same() -> None:
    network, given = small_swin(), image(1, 2, 16, 16)
    plain = network(given)
    taps = Taps(network, ["blocks.0"])
    assert torch.equal(network(given), plain)
    first = taps.features()[0]
    taps.close()
    network(2 * given)
    assert torch.equal(taps.features()[0], first)
    assert not network._forward_pre_hooks
    assert not network.blocks[0]._forward_hooks


def test_a_run_forgets_the_one_before_and_a_copy_does_not_write() -> None:
    with seeded(3):
        network = Repeated()
    taps = Taps(network, ["layer", "unused"])
    network.unused(image(1, 2, 3, 3))
    network(image(1, 2, 6, 5))
    with pytest.raises(UsageError, match="'unused' has not run"):
        taps.features()
    taps = Taps(network, ["layer"])
    network(image(1, 2, 6, 5))
    copy.deepcopy(network)(image(1, 2, 4, 4))
    assert taps.features()[0].shape == (1, 2, 6, 5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("block.1", "no layer is called 'block.1'; did you mean 'blocks.1'"),
        ("quite another", "there are: blocks, deep, embedding_norm, last, norm, shallow, shuffle$"),
        ("", "no layer is called ''"),
    ],
)
def test_an_unknown_layer_is_one_sentence(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Taps(small_swin(), ["shallow", name])


def test_layers_that_give_no_image_are_refused() -> None:
    network = small_swin()
    with Taps(network, ["blocks.0.layers.0.attention.projection"]) as taps:
        network(image(1, 2, 16, 16))
    with pytest.raises(ShapeError, match=r"projection' gives \(\d+, 16, 24\)"):
        taps.features()


def test_a_transformer_teaches_an_unrolled_network_of_another_kind() -> None:
    """Features of both are compared, and the student's denoiser and the projection learn."""
    teacher = small_swin()
    with seeded(6):
        student = Chpnet(ChpnetConfig(steps=2, width=8, depth=1))
        projection = Projection(8, 8)
    layer = [name for name, one in student.named_modules() if isinstance(one, nn.ReLU)][-1]
    measured = torch.complex(image(2, 1, 1, 16, 24), image(2, 1, 1, 16, 24).flip(0))
    encoding = Encoding(
        torch.ones(2, 1, 1, 16, 24, dtype=torch.bool), torch.ones(2, 1, 1, 16, 24) + 0j, 1
    )
    with Taps(teacher, ["blocks.1"]) as theirs, Taps(student, [layer]) as ours:
        teacher(image(2, 2, 16, 24))
        student(measured, encoding)
    (found,), (wanted,) = ours.features(), theirs.features()
    projected, tokens = projection(found, wanted)
    (feature_loss(projected, tokens) + relation_loss(found, wanted)).backward()
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert projection.convolution.weight.grad is not None
    learned = [p.grad for p in student.denoiser.parameters() if p.grad is not None]
    assert learned
    assert any(bool((slope != 0).any()) for slope in learned)
