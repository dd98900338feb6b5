import pytest
import torch

from feathermr.acquisition import Acquisition, Header
from feathermr.core.fft import fft
from feathermr.core.seeding import generator


def letter_f(height: int, width: int) -> torch.Tensor:
    """An F: no flip, rotation or transposition maps it to itself."""
    image = torch.zeros(height, width)
    image[1 : height - 2, 2] = 3.0
    image[1, 2 : width - 1] = 2.0
    image[height // 2, 2 : width // 2 + 1] = 1.0
    return image


@pytest.fixture
def f_image() -> torch.Tensor:
    """Two slices, three frames of an F (13 x 10) whose brightness tells slice and frame."""
    brightness = 1 + torch.arange(6.0).reshape(2, 3, 1, 1) / 10
    return brightness * letter_f(13, 10)


@pytest.fixture
def f_header() -> Header:
    """A tilted slab, in metres, with a right-handed set of axes."""
    c, s = 0.8, 0.6
    return Header(
        source="f",
        subject="someone",
        anatomy="heart",
        spacing=(0.008, 0.002, 0.0015),
        frame_times=(0.0, 0.04, 0.08),
        affine=(
            (-0.0015, 0.0, 0.0, 0.02),
            (0.0, -0.002 * c, 0.008 * s, -0.03),
            (0.0, -0.002 * s * -1, 0.008 * c, 0.05),
            (0.0, 0.0, 0.0, 1.0),
        ),
        echo_time=0.0015,
        repetition_time=0.003,
        flip_angle=0.5,
        field_strength=1.5,
    )


@pytest.fixture
def scan(f_image: torch.Tensor, f_header: Header) -> Acquisition:
    """Three coils, lines along y skipped differently in each frame, everything known."""
    random = generator(3, "scan")
    maps = torch.randn(2, 1, 3, 13, 10, dtype=torch.complex64, generator=random)
    lines = torch.rand(1, 3, 1, 13, 1, generator=random) < 0.5
    lines[:, :, :, 5:8] = True
    mask = lines.expand(1, 3, 1, 13, 10)
    zero = torch.zeros((), dtype=torch.complex64)
    return Acquisition(
        kspace=torch.where(mask, fft(maps * f_image[:, :, None]), zero),
        mask=mask.contiguous(),
        header=f_header,
        coil_maps=maps,
        reference=f_image,
        noise=torch.randn(3, 50, dtype=torch.complex64, generator=random),
    )
