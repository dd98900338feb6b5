"""The light residual U-Net."""

import pytest
import torch

import laws
from feathermr.core.errors import ShapeError, UsageError
from feathermr.core.seeding import seeded
from feathermr.models.residual_unet import ResidualUnet, ResidualUnetConfig
from feathermr.nn.components import concatenate

SMALL = {"width": 4, "depth": 2, "groups": 2}


@pytest.mark.parametrize("patch", [1, 2, 3])
def test_it_starts_near_the_image_it_gets(patch: int) -> None:
    with seeded(0, "near"):
        network = ResidualUnet(ResidualUnetConfig(**SMALL, patch=patch))  # type: ignore[arg-type]
    image = laws.random_array((2, 2, 24, 48), "image", dtype=torch.float32)
    change = network(image).detach() - image
    assert change.shape == image.shape
    assert 1e-3 < float(change.square().mean().sqrt()) < 0.3


def test_it_learns_to_remove_noise_within_a_few_steps() -> None:
    with seeded(0, "noise"):
        network = ResidualUnet(ResidualUnetConfig(**SMALL))  # type: ignore[arg-type]
    clean = laws.random_array((4, 2, 4, 4), "clean", dtype=torch.float32)
    clean = clean.repeat_interleave(8, -1).repeat_interleave(8, -2)
    noisy = clean + 0.5 * laws.random_array(clean.shape, "noise", dtype=torch.float32)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(30):
        loss = (network(noisy) - clean).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.5 * 0.25


@pytest.mark.parametrize(
    "settings", [{"width": 12, "groups": 8}, {"depth": 0}, {"patch": 0}, {"groups": 0}]
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="a width that its groups divide"):
        ResidualUnet(ResidualUnetConfig(**settings))


def test_a_size_that_cannot_be_halved_is_refused() -> None:
    network = ResidualUnet(ResidualUnetConfig(**SMALL))  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="widths that 8 divides, not 24 x 20"):
        network(torch.zeros(1, 2, 24, 20))


def test_components_stay_together_side_by_side() -> None:
    first, second = torch.arange(4)[None, :, None, None], 10 + torch.arange(2)[None, :, None, None]
    both = concatenate([first, second], 2)[0, :, 0, 0]
    assert both.tolist() == [0, 1, 10, 2, 3, 11]
    assert concatenate([first, second], 4)[0, :, 0, 0].tolist() == [0, 1, 2, 3, 10, 11]
    assert concatenate([first, second], 1)[0, :, 0, 0].tolist() == [0, 1, 2, 3, 10, 11]
