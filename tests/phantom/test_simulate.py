import pytest
import torch

from feathermr.acquisition import Acquisition, Header
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft, ifft
from feathermr.core.seeding import generator
from feathermr.phantom import (
    ANATOMIES,
    draw_motion,
    from_image,
    random_contrast,
    scene,
    simulate,
)

#: share of the pixels below a twentieth of the 99th percentile
BACKGROUND = {
    "brain": (0.3, 0.8),
    "knee": (0.05, 0.6),
    "abdomen": (0.25, 0.8),
    "heart": (0.2, 0.9),
    "texture": (0.0, 0.8),
    "natural": (0.0, 0.25),
}


@pytest.mark.parametrize("anatomy", ANATOMIES)
@pytest.mark.parametrize("shape", [(64, 79), (101, 66)])
def test_every_anatomy_fills_the_record_at_odd_and_oblong_sizes(anatomy, shape):
    scan = simulate(anatomy, slices=2, coils=3, shape=shape, seed=5)
    assert scan.kspace.shape == (2, 1, 3, *shape)
    assert scan.reference.shape == (2, 1, *shape)
    assert scan.coil_maps.shape == (2, 1, 3, *shape)
    assert scan.kspace.dtype == scan.reference.dtype == scan.coil_maps.dtype == torch.complex64
    assert scan.is_complete
    assert bool(torch.isfinite(scan.kspace.abs()).all())
    assert scan.header.origin == "simulated"
    assert scan.header.subject == f"{anatomy}-5"
    assert scan.noise.shape[0] == 3


@pytest.mark.parametrize("anatomy", ANATOMIES)
def test_background_share_and_brightness_are_plausible(anatomy):
    bodies = scene(anatomy, 8, (80, 80), generator(1))
    assert bodies.min() >= 0
    limit = 0.05 * bodies.flatten(1).quantile(0.99, dim=1)[:, None, None, None]
    low, high = BACKGROUND[anatomy]
    assert low < float((bodies < limit).float().mean()) < high
    assert (bodies[0] - bodies[1]).abs().mean() > 0.02


def test_the_same_seed_gives_the_same_scan_and_another_seed_another():
    first, again, other = (simulate("knee", shape=(48, 50), seed=s) for s in (1, 1, 2))
    assert torch.equal(first.kspace, again.kspace)
    assert (first.reference - other.reference).abs().mean() > 0.01


def test_a_slice_does_not_depend_on_how_many_there_are():
    one = simulate("brain", slices=1, shape=(48, 50), seed=3)
    three = simulate("brain", slices=3, shape=(48, 50), seed=3)
    assert torch.equal(one.reference, three.reference[:1])
    assert (three.reference[0] - three.reference[1]).abs().mean() > 0.01


def test_kspace_is_close_to_but_not_the_transform_of_maps_times_reference():
    scan = simulate("brain", coils=6, shape=(96, 81), seed=1, snr=1e7)
    modelled = fft(scan.reference[:, :, None] * scan.coil_maps)
    error = float((modelled - scan.kspace).norm() / scan.kspace.norm())
    assert 1e-3 < error < 0.1


def test_without_noise_a_single_coil_gives_the_reference():
    scan = simulate("abdomen", shape=(64, 72), seed=1, snr=1e7)
    torch.testing.assert_close(ifft(scan.kspace)[:, :, 0], scan.reference, atol=1e-5, rtol=1e-3)


def test_the_reference_rings_at_edges_as_a_truncated_transform_does():
    body = scene("brain", 1, (64, 64), generator(2))
    scan = simulate("brain", shape=(64, 64), seed=2)
    assert body.min() == 0
    corner = scan.reference[0, 0, :6, :6].abs()
    assert 0 < corner.max() < 0.1


def test_frames_of_a_heart_differ_and_return_after_a_beat_when_the_breath_is_held():
    motion = draw_motion(2, generator(4), breathing=0.0)
    contrast = random_contrast("heart", 1, generator(5))
    period = float(motion.period[0])
    motion = type(motion)(**{**motion.__dict__, "period": torch.full_like(motion.period, period)})
    times = (0.1, 0.1 + 0.4 * period, 0.1 + period)
    frames = scene(
        "heart", 2, (64, 60), generator(6), times=times, contrast=contrast, motion=motion
    )
    assert frames.shape == (2, 3, 128, 120)
    assert (frames[:, 0] - frames[:, 1]).abs().mean() > 5e-3
    torch.testing.assert_close(frames[:, 0], frames[:, 2], atol=2e-3, rtol=0.0)
    still = (frames[:, 0] == frames[:, 1]).float().mean()
    assert still > 0.5


def test_breathing_moves_the_heart():
    held = draw_motion(1, generator(4), breathing=0.0)
    free = draw_motion(1, generator(4), breathing=1.0)
    times = torch.linspace(0, 4, 9)[:, None, None]
    assert float(held.breath(times).abs().max()) == 0
    assert 0 < float(free.breath(times).max()) <= 0.010


def test_a_heart_empties_and_fills_once_a_beat():
    motion = draw_motion(3, generator(1))
    times = torch.linspace(0, 1, 200)[:, None, None] * 1.3
    contraction = motion.contraction(times)
    assert contraction.shape == (3, 200, 1, 1)
    assert 0 <= float(contraction.min()) < 0.01
    assert 0.99 < float(contraction.max()) <= 1.0
    assert float(contraction.diff(dim=1).abs().max()) < 0.2


def test_other_anatomies_stand_still():
    scan = simulate("knee", frames=3, shape=(40, 44))
    assert torch.equal(scan.reference[:, 0], scan.reference[:, 2])
    assert len(scan.header.frame_times) == 3


@pytest.mark.parametrize(
    "arguments",
    [{"anatomy": "brian"}, {"slices": 0}, {"coils": 0}, {"snr": 0.0}, {"shape": (8, 9)}],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(UsageError):
        simulate(**{"shape": (40, 40), **arguments})


def _image_scan(origin="image"):
    image = torch.zeros(2, 3, 24, 31)
    image[:, :, 5:20, 8:25] = 1.5
    kspace = fft(image.to(torch.complex64))[:, :, None]
    mask = torch.ones(kspace.shape, dtype=torch.bool)
    return Acquisition(kspace, mask, Header(origin=origin, subject="s"), reference=image)


def test_from_image_keeps_the_magnitude_and_says_what_was_added():
    scan = from_image(_image_scan(), coils=4, snr=25.0, seed=2)
    torch.testing.assert_close(scan.reference.abs(), _image_scan().reference)
    assert scan.reference.angle().abs().max() > 0.1
    assert scan.kspace.shape == (2, 3, 4, 24, 31)
    combined = (ifft(scan.kspace) * scan.coil_maps.conj()).sum(2)
    error = (combined - scan.reference).real.std()
    assert float(error) == pytest.approx(1.5 / 25, rel=0.1)
    assert "inverse crime" in scan.header.notes[-1]
    assert scan.header.subject == "s"


def test_from_image_refuses_a_measured_scan():
    with pytest.raises(DataError, match="measured"):
        from_image(_image_scan("measured"))


def test_a_scene_follows_from_the_state_of_its_generator():
    first, again = (scene("texture", 3, (40, 33), generator(8, "t")) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (3, 1, 80, 66)


def test_all_slices_share_one_noise_level():
    scan = simulate("abdomen", slices=2, coils=2, shape=(48, 56), snr=10.0, seed=1)
    corner = scan.kspace[:, 0, :, :6, :6]
    alone = scan.noise.real.std(1)
    assert float(alone[0] / alone[1]) == pytest.approx(1.0, abs=0.06)
    ratio = corner.real.std((1, 2, 3)) / alone.mean()
    assert 0.8 < float(ratio.min()) <= float(ratio.max()) < 2.0
