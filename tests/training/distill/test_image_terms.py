"""Terms of images: response, trust, edges, mistakes and their correction."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import generator
from feathermr.training.distill import (
    correction_loss,
    edge_loss,
    laplacian_of_gaussian,
    mistakes,
    response,
    sobel_magnitude,
    trust,
)

SHAPE = (2, 1, 21, 18)
KINDS = [torch.complex64, torch.complex128, torch.float32, torch.float64]


def images(
    count: int, dtype: torch.dtype = torch.complex128, shape: tuple[int, ...] = SHAPE
) -> list[Tensor]:
    random = generator(3, "image terms", *shape)
    return [torch.randn(shape, dtype=dtype, generator=random) for _ in range(count)]


def as_correction(teacher: Tensor, target: Tensor) -> Tensor:
    return correction_loss(teacher, target, torch.ones(SHAPE[0], 1, 1, 1), edge=0.3)


TERMS = {"response": response, "edge": edge_loss, "correction": as_correction}
Term = Callable[[Tensor, Tensor], Tensor]


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("term", TERMS.values(), ids=TERMS)
def test_every_term_pulls_on_every_pixel_and_falls(term: Term, dtype: torch.dtype) -> None:
    first, second = images(2, dtype)
    first.requires_grad_()
    value = term(first, second)
    (slope,) = torch.autograd.grad(value, first)
    assert slope.dtype == dtype
    assert bool((slope.abs() > 0).all())
    step = 1e-3 * value.detach() / slope.abs().square().sum()
    assert 0 < term(first.detach() - step * slope, second) < value


@pytest.mark.parametrize("term", TERMS.values(), ids=TERMS)
def test_equal_images_cost_nothing_and_stay(term: Term) -> None:
    (first,) = images(1)
    same = first.clone().requires_grad_()
    value = term(same, first)
    (slope,) = torch.autograd.grad(value, same)
    assert abs(value.item()) < 1e-12
    assert float(slope.abs().max()) == 0


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("term", TERMS.values(), ids=TERMS)
def test_empty_images_give_numbers(term: Term, dtype: torch.dtype) -> None:
    empty = torch.zeros(SHAPE, dtype=dtype, requires_grad=True)
    for other in (torch.zeros(SHAPE, dtype=dtype), images(1, dtype)[0]):
        value = term(empty, other)
        (slope,) = torch.autograd.grad(value, empty)
        assert math.isfinite(value.item())
        assert bool(slope.abs().isfinite().all())


@pytest.mark.parametrize("term", TERMS.values(), ids=TERMS)
def test_gradients_are_those_of_the_value(term: Term) -> None:
    first, second = (image[..., :9, :8].clone() for image in images(2))
    assert torch.autograd.gradcheck(lambda x: term(x, second), first.requires_grad_())


def test_the_response_teaches_the_student_alone_by_its_weight() -> None:
    student, teacher = (image.requires_grad_() for image in images(2))
    weight = torch.tensor([0.0, 0.5]).reshape(2, 1, 1, 1).requires_grad_()
    response(student, teacher, weight).backward()
    assert teacher.grad is None
    assert weight.grad is None
    assert student.grad is not None
    assert float(student.grad[0].abs().max()) == 0
    assert float(student.grad[1].abs().min()) > 0


def test_the_response_is_a_weighted_absolute_difference() -> None:
    teacher = torch.zeros(2, 1, 3, 5, dtype=torch.complex128)
    student = teacher + (3 - 4j)
    assert response(student, teacher).item() == pytest.approx(3.5, rel=1e-4)
    by_pixel = torch.zeros(2, 1, 3, 5)
    by_pixel[1, 0, :, 2] = 0.5  # 3 of 30 pixels
    assert response(student, teacher, by_pixel).item() == pytest.approx(3.5 * 0.05, rel=1e-3)


def test_trust_is_one_half_or_nothing_as_the_teacher_errs() -> None:
    target = images(1, shape=(4, 2, 5, 6))[0].requires_grad_()
    own = torch.tensor([1.0, 2.0, 1.0, 0.0]).reshape(4, 1, 1, 1)
    other = torch.tensor([0.0, 2.0, 300.0, 0.0]).reshape(4, 1, 1, 1)
    found = trust(target + 1j * own, target - other, target)
    assert found.shape == (4, 1, 1, 1)
    assert not found.requires_grad
    assert found.flatten().tolist() == pytest.approx([1, 0.5, 1 / 90001, 0.5], rel=1e-9)


def coordinates(height: int = 31, width: int = 29) -> tuple[Tensor, Tensor]:
    y = torch.arange(height, dtype=torch.float64)[:, None] - height // 2
    x = torch.arange(width, dtype=torch.float64) - width // 2
    return y.expand(height, width), x.expand(height, width)


def inside(image: Tensor, border: int) -> Tensor:
    return image[..., border:-border, border:-border]


def test_sobel_gives_the_slope_of_a_ramp_and_spreads_a_step_over_two_pixels() -> None:
    y, x = coordinates()
    slope = inside(sobel_magnitude(3 * y - 4 * x + 100), 1)
    torch.testing.assert_close(slope, torch.full_like(slope, 5), rtol=1e-3, atol=0)
    step = sobel_magnitude((x > 0).double())[10]
    assert step.nonzero().flatten().tolist() == [14, 15]  # x of 0 and 1
    assert step[14].item() == pytest.approx(0.5, abs=2e-3)


@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.3])
def test_the_laplacian_is_exact_for_quadratics(sigma: float) -> None:
    y, x = coordinates()
    image = 0.7 * y**2 - 0.2 * x**2 + 3 * x * y + 5 * x - 2
    found = inside(laplacian_of_gaussian(image, sigma), math.ceil(4 * sigma))
    torch.testing.assert_close(found, torch.full_like(found, 1.0))


def test_the_laplacian_of_a_gaussian_is_that_of_a_wider_one() -> None:
    y, x = coordinates()
    wide = 2.5**2 + 1.5**2
    squares = y**2 + x**2
    wanted = 2.5**2 / wide * (squares / wide - 2) / wide * torch.exp(-squares / (2 * wide))
    found = laplacian_of_gaussian(torch.exp(-squares / (2 * 2.5**2)), 1.5)
    torch.testing.assert_close(found, wanted, rtol=0, atol=2e-3 * float(wanted.abs().max()))


@pytest.mark.parametrize("edges", [sobel_magnitude, laplacian_of_gaussian])
def test_a_border_is_no_edge_and_maps_turn_with_the_image(
    edges: Callable[[Tensor], Tensor],
) -> None:
    assert float(edges(torch.full((9, 11), 7.0, dtype=torch.float64)).abs().max()) < 1e-12
    image = images(1, torch.float64)[0]
    torch.testing.assert_close(edges(image.mT), edges(image).mT)
    torch.testing.assert_close(edges(image.flip(-1)), edges(image).flip(-1))


def test_edges_see_detail_not_brightness_or_phase() -> None:
    image = images(1)[0].abs()
    assert edge_loss(image, image + 0.4).item() < 1e-9
    assert edge_loss(image * 1j**0.3, image).item() < 1e-9
    one = torch.zeros(1, 1, 1, 18, dtype=torch.float64)
    one[..., 9] = 1
    ramp = torch.arange(18.0, dtype=torch.float64).expand(1, 1, 20, 18)
    loss = edge_loss(ramp, 2 * ramp, one)  # slopes 1 and 2 in one column of 18, no curvature
    assert loss.item() == pytest.approx(1 / 18, rel=1e-2)
    y, _ = coordinates()
    bowl, summit = (3 * y**2)[None, None], (y == 0).double()[None, None]
    loss = edge_loss(bowl, 0 * bowl, summit, sigma=2)  # no slope, a Laplacian of 6, in one row
    assert loss.item() == pytest.approx(4 * 6 / 31, rel=1e-3)


PLANTED = (slice(None), slice(None), slice(6, 13), slice(5, 12))


def planted() -> tuple[Tensor, Tensor, Tensor]:
    """A student and a teacher that err alike, but for a block that the teacher alone gets wrong."""
    target, noise, more = images(3)
    student, teacher = target + 0.02 * noise, target + 0.02 * more
    teacher[PLANTED] += 1 - 1j
    return student, teacher, target


def test_a_planted_mistake_has_weight_there_and_nowhere_else() -> None:
    student, teacher, target = (image.requires_grad_() for image in planted())
    weight = mistakes(student, teacher, target)
    assert not weight.requires_grad
    assert weight.shape == SHAPE
    assert weight.min() >= 0
    assert weight.max() <= 1
    core = weight[..., 8:11, 7:10]
    assert float(core.min()) > 0.9
    away = torch.ones(SHAPE, dtype=torch.bool)
    away[..., 4:15, 3:14] = False
    assert float(weight[away].max()) < 0.5
    assert float(weight[away].mean()) < 0.05
    student, teacher, target = (image.detach() for image in (student, teacher, target))
    better = (teacher - target).abs() <= (student - target).abs()
    assert float(weight[better].max()) == 0


def test_mistakes_where_nobody_errs_or_the_student_does_are_none() -> None:
    _, teacher, target = planted()
    assert float(mistakes(target, target, target).max()) == 0
    assert float(mistakes(teacher, target, target).max()) == 0
    exact = torch.zeros(1, 1, 9, 9)
    weight = mistakes(exact, exact + 3, exact)
    torch.testing.assert_close(weight, torch.full_like(weight, 3 / 3.001))


def test_a_single_noisy_pixel_does_not_decide() -> None:
    target = torch.zeros(1, 1, 9, 9)
    teacher = target.clone()
    teacher[..., 4, 4] = 1
    weight = mistakes(target, teacher, target, window=3)
    assert weight.nonzero().tolist() == [[0, 0, 4, 4]]
    assert weight.max().item() == pytest.approx(1 / 9, rel=2e-3)


def test_the_correction_reaches_the_teacher_alone_and_only_its_mistakes() -> None:
    student, teacher, target = (image.requires_grad_() for image in planted())
    weight = mistakes(student, teacher, target)
    correction_loss(teacher, target, weight).backward()
    assert student.grad is None
    assert target.grad is None
    assert teacher.grad is not None
    pulled = teacher.grad.abs() > 0
    assert torch.equal(pulled, weight > 0)


@pytest.mark.parametrize("edge", [0.0, 0.5])
def test_a_teacher_trained_on_its_planted_mistake_errs_less_there(edge: float) -> None:
    target, noise = images(2, torch.complex64)
    student = target + 0.05 * noise
    place = torch.zeros_like(target.real)
    place[PLANTED] = 1.0
    given = torch.cat([target.real, target.imag, place], 1)
    teacher = nn.Conv2d(3, 2, 3, padding=1, bias=False)
    with torch.no_grad():  # the image, and 0.8 too much at one place
        teacher.weight.zero_()
        teacher.weight[0, 0, 1, 1] = teacher.weight[1, 1, 1, 1] = 1.0
        teacher.weight[0, 2, 1, 1] = 0.8

    def answer() -> Tensor:
        return torch.complex(*teacher(given).split(1, 1))

    def errors() -> tuple[float, float]:
        squares = (answer() - target).detach().abs().square()
        return float(squares[PLANTED].mean()), float((squares * (1 - place)).mean())

    assert errors() == (pytest.approx(0.64, rel=1e-3), pytest.approx(0, abs=1e-9))
    optimiser = torch.optim.Adam(teacher.parameters(), lr=0.01)
    for _ in range(80):
        image = answer()
        loss = correction_loss(image, target, mistakes(student, image, target), edge)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    there, elsewhere = errors()
    assert there < 0.05
    assert elsewhere < 0.05


def test_what_cannot_be_computed_is_one_sentence() -> None:
    first, second = images(2)
    with pytest.raises(ShapeError):
        response(first, second[..., 1:])
    with pytest.raises(ShapeError, match="needs images of more than 6"):
        edge_loss(first[..., :6], second[..., :6])
    with pytest.raises(UsageError, match="sigma"):
        edge_loss(first, second, sigma=0)
    with pytest.raises(UsageError, match="odd"):
        mistakes(first, first, second, window=4)
    with pytest.raises(UsageError, match="edge term"):
        correction_loss(first, second, first.abs(), edge=-1)
