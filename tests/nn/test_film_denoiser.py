"""The denoiser of films: what scales, what sees what, any number of frames, any size."""

import pytest
import torch
from torch import Tensor

import laws
from feathermr.core.seeding import seeded
from feathermr.nn.denoiser import Denoiser
from feathermr.nn.fold import fold
from feathermr.nn.kronecker import KroneckerLayer

WIDTH, LEVELS = 8, 2


def denoiser() -> Denoiser:
    """As if trained: its own answer and its opinions are as large as its input."""
    with seeded(0, "denoiser"):
        network = Denoiser(WIDTH, LEVELS, 2).double().requires_grad_(False)
    for name, parameter in network.unet.tail.named_parameters():
        if name == "factors":
            parameter.mul_(30)
    return network


def film(slices: int, frames: int, shape: tuple[int, int] = (16, 12)) -> Tensor:
    return laws.random_array((slices * frames, 2, *shape), "film", dtype=torch.float64)


def levels(count: int) -> Tensor:
    return torch.linspace(0.1, 0.4, count, dtype=torch.float64)


def test_it_treats_all_intensities_alike() -> None:
    network, images, other = denoiser(), film(2, 3), film(2, 3).flip(0)
    once = network(images, levels(6), 3, other)
    laws.assert_equal(network(5 * images, 5 * levels(6), 3, 5 * other), 5 * once, 1e-9)


def test_slices_of_a_batch_do_not_influence_each_other() -> None:
    network, images, other = denoiser(), film(2, 4), film(2, 4).flip(0)
    both = network(images, levels(8), 4, other)
    for part in (slice(0, 4), slice(4, 8)):
        alone = network(images[part], levels(8)[part], 4, other[part])
        laws.assert_equal(both[part], alone, 1e-9)


def test_it_sees_another_estimate_which_is_the_image_itself_by_default() -> None:
    network, images = denoiser(), film(1, 3)
    alone = network(images, levels(3), 3)
    assert torch.equal(alone, network(images, levels(3), 3, images))
    changed = network(images, levels(3), 3, images.flip(0)) - alone
    assert changed.norm() > 0.01 * alone.norm()


def test_every_frame_influences_every_other_and_its_neighbours_most() -> None:
    network, images = denoiser(), film(1, 7)
    changed = images.clone()
    changed[1] += film(1, 8)[7]
    reach = (network(changed, levels(7), 7) - network(images, levels(7), 7)).flatten(1).norm(dim=1)
    assert float(reach.min()) > 1e-3 * float(reach.max())
    assert int(reach.argmax()) == 1
    assert min(reach[0], reach[2]) > reach[4:].max()


def test_a_film_that_stands_still_stays_so() -> None:
    network, image = denoiser(), film(1, 1)
    level = torch.tensor([0.2], dtype=torch.float64)
    found = network(image.repeat(5, 1, 1, 1), level.repeat(5), 5)
    laws.assert_equal(found, network(image, level, 1).repeat(5, 1, 1, 1), 1e-9)
    assert (found[:1] - image).norm() > 0.01 * image.norm()


@pytest.mark.parametrize("frames", [1, 8, 13, 50])
@pytest.mark.parametrize("shape", [(9, 14)])
def test_it_takes_any_number_of_frames_and_any_size(frames: int, shape: tuple[int, int]) -> None:
    network, images = denoiser(), film(1, frames, shape)
    found = network(images, levels(frames), frames)
    assert found.shape == images.shape
    assert torch.isfinite(found).all()
    assert not torch.equal(found, images)


def test_it_folds_to_plain_layers_of_the_same_function() -> None:
    network, images = denoiser(), film(1, 4)
    folded = fold(network)
    assert not any(isinstance(layer, KroneckerLayer) for layer in folded.modules())
    laws.assert_equal(folded(images, levels(4), 4), network(images, levels(4), 4), 1e-9)
