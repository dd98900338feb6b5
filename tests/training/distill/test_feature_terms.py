"""Terms of features: projection, its loss, and relations between positions."""

import math

import pytest
import torch
from torch import Tensor

from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import generator, seeded
from feathermr.training.distill import Projection, feature_loss, relation_loss, relations
from feathermr.training.distill.grid import to_grid

STUDENT, TEACHER = (2, 3, 14, 11), (2, 5, 7, 9)


def features(*shapes: tuple[int, ...], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    random = generator(8, "feature terms")
    return [torch.randn(shape, dtype=dtype, generator=random) for shape in shapes]


def projection(grid: int = 16) -> Projection:
    with seeded(2):
        return Projection(STUDENT[1], TEACHER[1], grid).double()


def test_one_grid_is_the_coarser_one_of_cell_means() -> None:
    student, teacher = features(STUDENT, TEACHER)
    first, second = to_grid(student, teacher)
    assert first.shape == (2, 3, 7, 9)
    assert torch.equal(second, teacher)
    torch.testing.assert_close(first[0, 0, 2, 0], student[0, 0, 4:6, 0:2].mean())
    assert [one.shape[-2:] for one in to_grid(student, teacher, 4)] == [(4, 4), (4, 4)]
    assert to_grid(student.bfloat16(), teacher.bfloat16())[0].dtype == torch.float32


def test_the_projection_takes_channels_to_channels() -> None:
    student, teacher = features(STUDENT, TEACHER)
    layer = projection(4)
    found, wanted = layer(student, teacher)
    assert found.shape == wanted.shape == (2, 5, 4, 4)
    pooled = to_grid(student, teacher, 4)[0]
    weight, bias = layer.convolution.weight[..., 0, 0], layer.convolution.bias
    assert bias is not None
    by_hand = torch.einsum("oc,bcyx->boyx", weight, pooled) + bias[:, None, None]
    torch.testing.assert_close(found, by_hand)


def test_the_feature_term_teaches_student_and_projection_not_the_teacher() -> None:
    student, teacher = (one.requires_grad_() for one in features(STUDENT, TEACHER))
    layer = projection()
    projected, wanted = layer(student, teacher)
    assert not wanted.requires_grad
    feature_loss(projected, to_grid(student, teacher)[1]).backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert bool((student.grad != 0).all())
    assert all(p.grad is not None and bool((p.grad != 0).all()) for p in layer.parameters())


def test_the_feature_term_is_the_part_that_is_not_explained() -> None:
    teacher, noise = features(TEACHER, TEACHER)
    mean = teacher.mean((2, 3), keepdim=True)
    assert feature_loss(teacher, teacher).item() == 0
    assert feature_loss(mean.expand_as(teacher), teacher).item() == pytest.approx(1)
    half = (teacher + mean) / 2
    assert feature_loss(half, teacher).item() == pytest.approx(0.25)
    once = feature_loss(noise, teacher).item()
    assert feature_loss(7 * noise, 7 * teacher).item() == pytest.approx(once)
    parts = [feature_loss(noise[i : i + 1], teacher[i : i + 1]).item() for i in range(2)]
    assert sum(parts) / 2 == pytest.approx(once)


def test_a_teacher_that_says_nothing_of_an_image_teaches_nothing() -> None:
    teacher, noise = features(TEACHER, TEACHER)
    teacher[0] = 3.0
    noise.requires_grad_()
    value = feature_loss(noise, teacher)
    assert value.item() == pytest.approx(feature_loss(noise[1:], teacher[1:]).item() / 2)
    (slope,) = torch.autograd.grad(value, noise)
    assert float(slope[0].abs().max()) == 0
    assert feature_loss(noise, 0 * teacher).item() == 0


def test_relations_are_correlations_of_positions() -> None:
    (given,) = features((1, 4, 3, 5))
    found = relations(given)
    assert found.shape == (1, 15, 15)
    centered = (given - given.mean((2, 3), keepdim=True)).flatten(2)[0]
    energy = centered.square().sum(0)
    length = (energy + 0.01 * energy.mean()).sqrt()
    i, j = 3, 11
    wanted = float(centered[:, i] @ centered[:, j] / (length[i] * length[j]))
    assert found[0, i, j].item() == pytest.approx(wanted, rel=1e-9)
    assert float(found.abs().max()) < 1


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_relations_do_not_see_order_rotation_scale_or_offset_of_channels(
    temperature: float,
) -> None:
    student, teacher = features(TEACHER, TEACHER)
    turn = torch.linalg.qr(features((5, 5))[0])[0]
    loss = relation_loss(student, teacher, temperature).item()
    assert loss > 1e-4
    for other in (
        student[:, [3, 0, 4, 1, 2]],
        torch.einsum("dc,bcyx->bdyx", turn, student),
        31 * student,
        student + torch.arange(5.0, dtype=torch.float64)[:, None, None],
        torch.cat([student, student], 1),
    ):
        assert relation_loss(other, teacher, temperature).item() == pytest.approx(loss, rel=1e-6)
    assert relation_loss(-2 * teacher, teacher, temperature).item() == pytest.approx(0, abs=1e-12)


def test_relations_by_hand() -> None:
    """Three positions, where each softmax has two numbers."""
    student, teacher = features((1, 2, 1, 3), (1, 4, 1, 3))
    s, t = relations(student)[0] / 0.5, relations(teacher)[0] / 0.5
    total = 0.0
    for i in range(3):
        j, k = (n for n in range(3) if n != i)
        p = math.exp(t[i, j]) / (math.exp(t[i, j]) + math.exp(t[i, k]))
        q = math.exp(s[i, j]) / (math.exp(s[i, j]) + math.exp(s[i, k]))
        total += p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    found = relation_loss(student, teacher, 0.5).item()
    assert found == pytest.approx(0.25 * total / 3, rel=1e-9)
    assert found > 1e-4


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_relations_teach_the_student_alone_even_of_one_channel(
    channels: int, dtype: torch.dtype
) -> None:
    student, teacher = features((2, channels, 14, 11), TEACHER, dtype=dtype)
    student.requires_grad_()
    teacher.requires_grad_()
    value = relation_loss(student, teacher, 0.2)
    value.backward()
    assert teacher.grad is None
    assert student.grad is not None
    assert bool((student.grad != 0).all())
    step = 0.01 * value.detach() / student.grad.square().sum()
    assert relation_loss(student.detach() - step * student.grad, teacher, 0.2) < value


def test_the_student_learns_that_distant_positions_are_alike() -> None:
    teacher, student = features((1, 4, 16, 16), (1, 4, 16, 16))
    teacher[..., 14, 14] = teacher[..., 1, 1] = 10.0
    near, far = 1 * 16 + 1, 14 * 16 + 14
    assert relations(teacher)[0, near, far].item() > 0.99
    assert relations(student)[0, near, far].item() < 0.1
    optimiser = torch.optim.Adam([student.requires_grad_()], lr=0.02)
    for _ in range(50):
        optimiser.zero_grad()
        relation_loss(student, teacher, 0.1).backward()
        optimiser.step()
    assert relations(student.detach())[0, near, far].item() > 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_empty_features_give_numbers(dtype: torch.dtype) -> None:
    student, teacher = features(STUDENT, TEACHER, dtype=dtype)
    for first, second in ((0 * student, 0 * teacher), (0 * student, teacher), (student, teacher)):
        first = first.requires_grad_()
        layer = projection().to(dtype)
        for loss in (relation_loss(first, 0 * second), feature_loss(*layer(first, 0 * second))):
            (slope,) = torch.autograd.grad(loss, first)
            assert math.isfinite(loss.item())
            assert bool(slope.isfinite().all())


def test_gradients_are_those_of_the_value() -> None:
    student, teacher = features((1, 2, 4, 3), (1, 3, 3, 3))
    student.requires_grad_()
    assert torch.autograd.gradcheck(lambda s: relation_loss(s, teacher, 0.3), student)
    given = teacher + 1
    assert torch.autograd.gradcheck(lambda s: feature_loss(s, teacher), given.requires_grad_())


def test_relations_stay_precise_when_the_rest_is_mixed() -> None:
    student, teacher = features(STUDENT, TEACHER, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = relation_loss(student, teacher)
    assert mixed.item() == relation_loss(student, teacher).item()


def test_what_cannot_be_compared_is_one_sentence() -> None:
    student, teacher = features(STUDENT, TEACHER)
    with pytest.raises(ShapeError, match="one batch"):
        relation_loss(student[:1], teacher)
    with pytest.raises(ShapeError, match="three positions"):
        relation_loss(student[..., :1, :2], teacher)
    with pytest.raises(UsageError, match="temperature"):
        relation_loss(student, teacher, 0)
    with pytest.raises(ShapeError, match="same axes"):
        feature_loss(student, teacher)
    with pytest.raises(UsageError, match="at least 1"):
        Projection(3, 5, 0)
