"""Which scans are complete up to their border, and what is said of a full disk."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from feathermr.acquisition import Header, save_image
from feathermr.acquisition.sampled import fills_a_box
from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError


def box(rows: slice, columns: slice) -> torch.Tensor:
    mask = torch.zeros(1, 1, 1, 9, 7, dtype=torch.bool)
    mask[..., rows, columns] = True
    return mask


@pytest.mark.parametrize(
    ("mask", "filled"),
    [
        (box(slice(None), slice(None)), True),
        (box(slice(2, 8), slice(0, 5)), True),
        (torch.ones(1, 1, 1, 1, 1, dtype=torch.bool), True),
        (box(slice(2, 8), slice(None))[..., :1], True),
        (box(slice(0, 9, 2), slice(None)), False),
        (box(slice(None), slice(1, 7, 3)), False),
        (box(slice(2, 4), slice(2, 4)) | box(slice(4, 5), slice(2, 3)), False),
        (torch.zeros(1, 1, 1, 9, 7, dtype=torch.bool), False),
    ],
)
def test_a_block_without_holes_fills_a_box(mask: torch.Tensor, filled: bool) -> None:
    assert fills_a_box(mask) is filled


def test_frames_that_sample_different_blocks_leave_gaps() -> None:
    mask = torch.cat([box(slice(0, 5), slice(None)), box(slice(4, 9), slice(None))], dim=1)
    assert not fills_a_box(mask)


@pytest.mark.parametrize(
    "message",
    [
        "15360 requested and 8176 written",
        "Can't close file (time = now, errno = 28, error message = 'No space left on device')",
    ],
)
def test_a_full_disk_is_named_whoever_wrote(tmp_path: Path, message: str) -> None:
    def write() -> None:
        with written_file(tmp_path / "a.npy") as beside:
            beside.write_bytes(b"half")
            raise OSError(message)

    with pytest.raises(DataError, match=r"cannot write .*a\.npy: No space left on device$"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("seconds", "shown"), [(2000.0, 1000), (0.05, 50), (0.001, 20)])
def test_an_animation_can_be_watched_whatever_the_times(
    tmp_path: Path, seconds: float, shown: int
) -> None:
    image = torch.rand(1, 3, 9, 7, generator=torch.Generator().manual_seed(0))
    header = Header(frame_times=(0.0, seconds, 2 * seconds))
    (path,) = save_image(image, header, tmp_path / "film", "gif")
    with Image.open(path) as film:
        assert film.info["duration"] == shown
