import math

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from feathermr.core.errors import DataError, ShapeError, UsageError
from feathermr.core.seeding import generator
from feathermr.training.charbonnier import charbonnier
from feathermr.training.losses import LOSSES, CompositeConfig, CompositeLoss, make_loss
from feathermr.training.object_loss import object_errors, object_weights
from feathermr.training.perceptual import Perceptual
from feathermr.training.vgg import Vgg19Config, Vgg19Features

SHAPE = (2, 3, 19, 18)


def images(*shape: int, dtype: torch.dtype = torch.complex128) -> tuple[Tensor, Tensor]:
    random = generator(5, "losses", *shape)
    return tuple(torch.randn(shape, dtype=dtype, generator=random) for _ in range(2))  # type: ignore[return-value]


def waves(size: int) -> np.ndarray:
    """The matrix of the plain transform; the origin is a matter of phase, so it must be right."""
    places = np.arange(size) - size // 2
    return np.exp(-2j * np.pi * np.outer(places, places) / size)


def small_perceptual() -> Perceptual:
    features = Vgg19Features(Vgg19Config((8, 8, 8, 8, 8)))
    random = generator(1, "vgg")
    for weight in features.parameters():
        scale = (2 / weight[0].numel()) ** 0.5 if weight.ndim == 4 else 0.1
        weight.data = scale * torch.randn(weight.shape, generator=random)
    return Perceptual(features)


@pytest.fixture
def composite() -> CompositeLoss:
    return CompositeLoss(CompositeConfig(), small_perceptual())


def test_charbonnier_is_the_mean_over_both_parts() -> None:
    p, t = images(*SHAPE)
    d = (p - t).numpy()
    expected = (np.sqrt(d.real**2 + 0.3).mean() + np.sqrt(d.imag**2 + 0.3).mean()) / 2
    assert float(charbonnier(p, t, epsilon=0.3)) == pytest.approx(expected, rel=1e-12)


def test_composite_is_the_papers_sum(composite: CompositeLoss) -> None:
    p, t = images(*SHAPE)
    d = (p - t).numpy()
    spectrum = waves(SHAPE[-2]) @ d @ waves(SHAPE[-1]).T

    def mean(z: np.ndarray) -> float:
        return float(np.sqrt(np.stack([z.real, z.imag]) ** 2 + 1e-9).mean())

    loss = composite(p, t)
    assert list(loss.terms) == ["image", "fourier", "perceptual"]
    assert float(loss.terms["image"]) == pytest.approx(15 * mean(d), rel=1e-10)
    assert float(loss.terms["fourier"]) == pytest.approx(0.1 * mean(spectrum), rel=1e-8)
    assert composite.perceptual is not None
    distance = float(composite.perceptual(p, t))
    assert float(loss.terms["perceptual"]) == pytest.approx(0.0025 * distance, rel=1e-6)
    assert float(loss.total) == pytest.approx(sum(map(float, loss.terms.values())), rel=1e-6)


def test_an_orthonormal_transform_does_not_depend_on_the_size() -> None:
    p, t = images(1, 1, 9, 7)
    plain = CompositeLoss(CompositeConfig(perceptual=0.0))(p, t).terms["fourier"]
    config = CompositeConfig(perceptual=0.0, fourier_scale="orthonormal", epsilon=1e-9 / 63)
    assert float(plain) == pytest.approx(
        math.sqrt(63) * float(CompositeLoss(config)(p, t).terms["fourier"]), rel=1e-12
    )


@pytest.mark.parametrize("term", ["image", "fourier", "perceptual"])
def test_every_term_pulls_on_every_pixel_and_falls(composite: CompositeLoss, term: str) -> None:
    p, t = images(*SHAPE, dtype=torch.complex64)
    p.requires_grad_()
    value = composite(p, t).terms[term]
    (gradient,) = torch.autograd.grad(value, p)
    assert bool(torch.isfinite(torch.view_as_real(gradient)).all())
    assert bool((gradient.abs() > 0).all())
    before = float(value.detach())
    step = 0.01 * before / float(gradient.abs().square().sum())
    assert float(composite(p.detach() - step * gradient, t).terms[term]) < before


@pytest.mark.parametrize("name", LOSSES)
def test_equal_images_are_the_minimum_and_stay_there(name: str) -> None:
    p, t = images(*SHAPE)
    loss = make_loss(name)
    same = t.clone().requires_grad_()
    value = loss(same, t).total
    floor = {
        "composite": 15.1 * math.sqrt(1e-9),
        "charbonnier": math.sqrt(1e-9),
        "log-mse": math.log(1e-6),
        "object-log-mse": math.log(1e-7),
    }
    assert float(value.detach()) == pytest.approx(floor.get(name, 0.0), abs=1e-12)
    value.backward()
    assert same.grad is not None
    assert float(same.grad.abs().max()) < 1e-6
    assert float(loss(p, t).total) > float(loss(0.5 * p + 0.5 * t, t).total) > value.item()


def test_the_features_of_equal_images_are_equal() -> None:
    _, t = images(*SHAPE)
    assert float(small_perceptual()(t, t)) == 0


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_is_the_mean_of_its_slices_and_the_order_does_not_matter(name: str) -> None:
    p, t = images(*SHAPE)
    loss = make_loss(name)
    whole = float(loss(p, t).total)
    parts = [float(loss(p[i : i + 1], t[i : i + 1]).total) for i in range(2)]
    assert whole == pytest.approx(sum(parts) / 2, rel=1e-9)
    assert float(loss(p.flip(0), t.flip(0)).total) == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("name", ["l1", "mse", "l1-ssim"])
def test_a_common_phase_changes_nothing(name: str) -> None:
    p, t = images(*SHAPE)
    loss = make_loss(name)
    turned = loss(p * 1j**0.3, t * 1j**0.3).total
    assert float(turned) == pytest.approx(float(loss(p, t).total), rel=1e-10)


def test_the_object_counts_ten_times_as_much_as_the_air() -> None:
    t = torch.zeros(1, 1, 60, 60, dtype=torch.complex64)
    t[..., :30] = 1.0
    weights = object_weights(t)
    assert float(weights.mean()) == pytest.approx(1.0)
    assert float(weights[..., :20].min() / weights[..., 40:].max()) == pytest.approx(10.0)
    turned = t * torch.polar(torch.ones(()), torch.tensor(0.3))
    wrong, right = object_errors(turned, t)  # of the phase alone, which no magnitude shows
    assert float(right) == pytest.approx(0.0, abs=1e-10)
    assert float(wrong) == pytest.approx(
        float((weights * t.abs()).mean()) * abs(1 - complex(math.cos(0.3), math.sin(0.3))) ** 2,
        rel=1e-4,
    )


def test_simple_losses_in_closed_form() -> None:
    t = torch.zeros(1, 1, 8, 8, dtype=torch.complex64)
    p = t + (3 + 4j)
    assert float(make_loss("l1")(p, t).total) == pytest.approx(5)
    assert float(make_loss("mse")(p, t).total) == pytest.approx(25)
    assert float(make_loss("log-mse")(p, t).total) == pytest.approx(math.log(25))
    assert float(make_loss("charbonnier", {"epsilon": 1e-12})(p, t).total) == pytest.approx(3.5)


def test_the_dissimilarity_is_scikit_images() -> None:
    p, t = images(2, 1, 20, 17)
    wanted = [
        structural_similarity(
            a.abs().numpy(), b.abs().numpy(), data_range=float(b.abs().max()), win_size=7
        )
        for a, b in zip(p[:, 0], t[:, 0], strict=True)
    ]
    found = make_loss("l1-ssim", {"l1": 0.0, "ssim": 2.0})(p, t)
    assert list(found.terms) == ["ssim"]
    assert float(found.total) == pytest.approx(2 * (1 - np.mean(wanted)), rel=1e-9)


def test_an_empty_target_gives_a_number() -> None:
    p, t = images(1, 1, 9, 9)
    assert math.isfinite(float(make_loss("l1-ssim")(p, 0 * t).total))


def test_without_weights_the_loss_says_that_the_perceptual_term_is_off() -> None:
    loss = make_loss("composite")
    assert "perceptual term of the loss is off" in loss.note
    assert "vgg_weights" in loss.note
    assert list(loss(*images(*SHAPE)).terms) == ["image", "fourier"]


def test_a_term_of_weight_zero_is_absent_and_needs_no_note() -> None:
    loss = make_loss("composite", {"perceptual": 0, "fourier": 0, "vgg_weights": "no/such/file"})
    assert loss.note == ""
    assert list(loss(*images(*SHAPE)).terms) == ["image"]
    assert CompositeLoss(CompositeConfig(), small_perceptual()).note == ""


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("composite-loss", {}, "did you mean 'composite'"),
        ("composite", {"alpha": 1}, "the loss composite has no key 'alpha'"),
        ("composite", {"image": "much"}, "image must be a number"),
        ("composite", {"image": -1}, "zero or positive"),
        ("composite", {"fourier_scale": "other"}, "fourier_scale cannot be 'other'"),
        ("composite", {"vgg_weights": 3}, "vgg_weights must be a text"),
        ("composite", {"epsilon": 0}, "above zero"),
        ("composite", {"image": 0, "fourier": 0}, "every term"),
        ("charbonnier", {"epsilon": 0}, "above zero"),
        ("l1", {"weight": 1}, "the loss l1 has no key"),
        ("l1-ssim", {"l1": 0, "ssim": 0}, "both terms"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(
    name: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make_loss(name, settings)


@pytest.mark.parametrize("name", LOSSES)
def test_images_that_do_not_fit_are_refused(name: str) -> None:
    p, t = images(*SHAPE)
    loss = make_loss(name)
    with pytest.raises(ShapeError):
        loss(p[..., :-1], t)
    with pytest.raises(ShapeError):
        loss(p[0], t[0])
    with pytest.raises(DataError, match="complex"):
        loss(p.real, t.real)
