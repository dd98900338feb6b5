"""What policy, data range and alignment do to a score."""

import math

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from feathermr.core.errors import DataError, ShapeError, UsageError
from feathermr.core.seeding import generator
from feathermr.metrics import METRICS, score, score_all


@pytest.fixture
def target():
    brightness = torch.tensor([1.0, 0.5, 0.1, 0.7, 0.3, 0.2]).reshape(3, 2, 1, 1)
    return brightness * torch.rand(3, 2, 17, 21, generator=generator(0))


@pytest.fixture
def prediction(target):
    return (target + 0.05 * torch.randn(target.shape, generator=generator(1))).abs()


def rate(prediction, target, metric="nmse", policy="slice", alignment="none"):
    return score(
        prediction,
        target,
        metric=metric,
        policy=policy,
        alignment=alignment,
        method="zero-filled",
        scan="scan-1",
        subject="subject-1",
    )


def moving(images):
    """The images with the first frame throughout, but in a corner."""
    still = images[:, :1].repeat(1, images.shape[1], 1, 1)
    still[..., :5, :6] = images[..., :5, :6]
    return still


@pytest.mark.parametrize("metric", sorted(METRICS))
@pytest.mark.parametrize("policy", ["slice", "volume"])
@pytest.mark.parametrize("alignment", ["none", "least-squares"])
def test_every_metric_is_scored_under_every_policy(prediction, target, metric, policy, alignment):
    phase = torch.polar(torch.ones(()), torch.tensor(0.4))
    if METRICS[metric].film:
        prediction, target = moving(prediction), moving(target)
    made = rate(prediction * phase, target * phase, metric, policy, alignment)
    expected = 3 if METRICS[metric].film else 6
    assert len(made.values) == len(made.data_range) == (expected if policy == "slice" else 1)
    assert all(math.isfinite(value) for value in made.values)
    assert (made.method, made.scan, made.subject) == ("zero-filled", "scan-1", "subject-1")
    assert (made.metric, made.policy, made.alignment) == (metric, policy, alignment)
    assert (made.factor == 1) == (alignment == "none")


def test_slice_policy_scores_each_image_with_its_own_range(prediction, target):
    made = rate(prediction, target, "psnr")
    p, t = prediction.double().numpy(), target.double().numpy()
    expected = [
        10 * np.log10(t[s, f].max() ** 2 / np.mean((p[s, f] - t[s, f]) ** 2))
        for s in range(3)
        for f in range(2)
    ]
    assert made.values == pytest.approx(expected)
    assert made.data_range == pytest.approx(t.max(axis=(2, 3)).ravel())
    assert made.mean == pytest.approx(np.mean(expected))


def test_volume_policy_takes_nmse_and_psnr_over_all_pixels(prediction, target):
    p, t = prediction.double().numpy(), target.double().numpy()
    assert rate(prediction, target, "nmse", "volume").values == pytest.approx(
        (np.sum((p - t) ** 2) / np.sum(t**2),)
    )
    made = rate(prediction, target, "psnr", "volume")
    assert made.values == pytest.approx((10 * np.log10(t.max() ** 2 / np.mean((p - t) ** 2)),))
    assert made.data_range == (pytest.approx(t.max()),)


def test_volume_policy_averages_ssim_with_the_range_of_the_scan(prediction, target):
    p, t = prediction.double().numpy(), target.double().numpy()
    expected = np.mean(
        [
            structural_similarity(t[s, f], p[s, f], win_size=7, data_range=t.max())
            for s in range(3)
            for f in range(2)
        ]
    )
    assert rate(prediction, target, "ssim", "volume").mean == pytest.approx(expected, abs=1e-6)


def test_policies_differ_when_slices_differ_in_brightness(prediction, target):
    by_slice, by_volume = (rate(prediction, target, "psnr", p).mean for p in ("slice", "volume"))
    assert by_volume > by_slice + 3


def test_policies_agree_on_one_image(prediction, target):
    for metric in ("nmse", "psnr", "ssim", "hfen"):
        pair = prediction[:1, :1], target[:1, :1]
        by_slice, by_volume = (rate(*pair, metric, policy) for policy in ("slice", "volume"))
        assert by_slice.values == pytest.approx(by_volume.values)


def test_least_squares_undoes_one_factor_and_states_it(target):
    made = rate(2.5 * target, target, "nmse", alignment="least-squares")
    assert made.factor == pytest.approx(0.4)
    assert made.mean == pytest.approx(0, abs=1e-12)
    assert rate(2.5 * target, target, "nmse").mean == pytest.approx(1.5**2)


def test_least_squares_fits_one_factor_for_the_whole_scan(target):
    uneven = target.clone()
    uneven[0] *= 2
    made = rate(uneven, target, "nmse", alignment="least-squares")
    assert min(made.values) > 1e-3


def test_least_squares_leaves_the_phase_of_a_complex_image_alone(target):
    target = target * torch.polar(torch.ones(()), torch.tensor(0.9))
    turned = target * torch.polar(torch.ones(()), torch.tensor(0.3))
    made = rate(turned, target, "complex-nmse", alignment="least-squares")
    assert made.factor == pytest.approx(math.cos(0.3))
    assert made.mean == pytest.approx(math.sin(0.3) ** 2)


def test_magnitude_metrics_take_the_magnitude_of_complex_images(prediction, target):
    phase = torch.polar(torch.ones(()), torch.tensor(1.1))
    turned = rate(prediction * phase, target, "ssim")
    assert turned.values == pytest.approx(rate(prediction, target, "ssim").values, abs=1e-5)


def test_score_all_leaves_out_complex_metrics_for_magnitudes(prediction, target):
    names = {"policy": "slice", "alignment": "none", "method": "m", "scan": "s", "subject": "p"}
    magnitudes = score_all(prediction, target, **names)
    images = [name for name, entry in METRICS.items() if not entry.film]
    assert [one.metric for one in magnitudes] == [n for n in images if n != "complex-nmse"]
    assert magnitudes[1] == score(prediction, target, metric="psnr", **names)
    both = score_all(prediction.to(torch.complex64), target.to(torch.complex64), **names)
    assert [one.metric for one in both] == images
    chosen = score_all(prediction, target, metrics=["hfen", "nmse"], **names)
    assert [one.metric for one in chosen] == ["hfen", "nmse"]


def test_a_target_without_signal_is_refused_by_its_number(prediction, target):
    target[1, 1] = 0
    for metric in ("psnr", "ssim", "nmse", "hfen"):
        with pytest.raises(DataError, match="image 3 of the target of scan 'scan-1' is zero"):
            rate(prediction, target, metric)
    assert math.isfinite(rate(prediction, target, "psnr", "volume").mean)
    with pytest.raises(DataError, match="zero everywhere"):
        rate(prediction, torch.zeros_like(target), "psnr", "volume")


def test_a_prediction_of_nothing_cannot_be_aligned(target):
    with pytest.raises(DataError, match="prediction is zero everywhere"):
        rate(torch.zeros_like(target), target, alignment="least-squares")


def test_values_that_are_not_finite_are_refused(prediction, target):
    prediction[0, 0, 3, 4] = math.nan
    with pytest.raises(DataError, match="the prediction holds 1 values"):
        rate(prediction, target)


def test_wrong_axes_and_shapes_are_refused(prediction, target):
    with pytest.raises(ShapeError, match="target must have the axes"):
        rate(prediction[0], target[0])
    with pytest.raises(ShapeError, match="of one shape"):
        rate(prediction[:1], target)


def test_a_complex_metric_refuses_a_magnitude_reference(prediction, target):
    with pytest.raises(DataError, match="complex target"):
        rate(prediction.to(torch.complex64), target, "complex-nmse")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"metric": "pnsr"}, "did you mean 'psnr'"),
        ({"policy": "image"}, "policy must be one of slice, volume"),
        ({"alignment": "yes"}, "alignment must be one of none, least-squares"),
    ],
)
def test_unknown_names_are_refused(prediction, target, changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        rate(prediction, target, **changes)


def test_metrics_of_films_are_scored_where_something_moves_and_left_out_elsewhere(
    prediction, target
):
    names = {"policy": "slice", "alignment": "none", "method": "m", "scan": "s", "subject": "p"}
    films = {name for name, entry in METRICS.items() if entry.film}
    film = moving(target)
    film[1] = target[1, :1]  # a slice that stands still
    scored = {one.metric: one for one in score_all(prediction, film, **names)}
    assert films < set(scored)
    assert len(scored["wall-motion"].values) == 2
    assert scored["psnr-still"].data_range == pytest.approx(film[[0, 2]].amax((1, 2, 3)).tolist())
    for still in (film[1:2], film[:, :1]):
        kept = {one.metric for one in score_all(still + 0.1, still, **names)}
        assert kept.isdisjoint(films)
        with pytest.raises(DataError, match="moving region"):
            rate(still, still, "wall-motion")
