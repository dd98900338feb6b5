"""Values of the methods for time series that can be worked out by hand."""

import pytest
import torch

import synthetic
from feathermr.recon import reconstruct
from feathermr.recon.view_sharing import share_views


def shared(values: list[float], **options: bool | int) -> list[float]:
    """Views of one position of k-space; zero means not sampled."""
    kspace = torch.tensor(values).reshape(1, -1, 1, 1, 1)
    result: list[float] = share_views(kspace, kspace != 0, **options).flatten().tolist()  # type: ignore[arg-type]
    return result


def test_a_gap_takes_the_nearest_frame_and_the_mean_of_two_equally_near() -> None:
    assert shared([8, 0, 0, 2, 0, 4], cyclic=False) == [8, 8, 2, 2, 3, 4]


def test_a_cyclic_series_looks_across_its_ends_and_another_does_not() -> None:
    assert shared([0, 2, 0, 0, 0, 6]) == [4, 2, 2, 4, 6, 6]
    assert shared([0, 2, 0, 0, 0, 6], cyclic=False) == [2, 2, 2, 4, 6, 6]


def test_nothing_comes_from_farther_than_allowed_or_from_nowhere() -> None:
    assert shared([5, 0, 0, 0, 0], farthest=1) == [5, 5, 0, 0, 5]
    assert shared([0, 0, 0]) == [0, 0, 0]


@pytest.mark.parametrize("method", ["view-sharing", "kt-l1", "kt-tv"])
def test_a_still_object_without_noise_comes_back_from_its_shared_views(method: str) -> None:
    still = synthetic.scan(1, 1, 1, (33, 26))
    assert still.reference is not None
    kspace = still.kspace.expand(1, 4, *still.kspace.shape[2:])
    mask = (torch.arange(33) % 4 == torch.arange(4)[:, None]).reshape(1, 4, 1, 33, 1)
    mask[..., 10:23, :] = True
    scan = synthetic.Acquisition(kspace * mask, mask, still.header)
    found = reconstruct(scan, method).image
    limit = 1e-10 if method == "view-sharing" else 1e-3
    assert synthetic.nmse(found, still.reference.expand_as(found)) < limit
