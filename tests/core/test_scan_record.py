"""The record of a scan refuses what it is not, and says so in one sentence."""

from dataclasses import FrozenInstanceError, replace

import pytest
import torch

import laws
from feathermr.acquisition import Acquisition, Header, undersample
from feathermr.acquisition.record import check_finite
from feathermr.core.errors import DataError

SLICES, FRAMES, COILS, HEIGHT, WIDTH = 3, 2, 4, 7, 6


def scan() -> Acquisition:
    shape = (SLICES, FRAMES, COILS, HEIGHT, WIDTH)
    mask = torch.ones(SLICES, 1, 1, HEIGHT, 1, dtype=torch.bool)
    mask[:, :, :, 1] = False
    kspace = laws.random_array(shape, "kspace", dtype=torch.complex64)
    return Acquisition(
        kspace=torch.where(mask, kspace, 0),
        mask=mask,
        header=Header(source="here", notes=("read",)),
        coil_maps=laws.random_array((SLICES, 1, *shape[2:]), "maps", dtype=torch.complex64),
        reference=laws.random_array((SLICES, FRAMES, HEIGHT, WIDTH), "truth").abs(),
        noise=laws.random_array((COILS, 50), "noise", dtype=torch.complex64),
    )


BROKEN = {
    "kspace without a coil axis": ({"kspace": torch.ones(3, 2, 7, 6) + 0j}, "slice, frame, coil"),
    "an empty kspace": ({"kspace": torch.ones(0, 2, 4, 7, 6) + 0j}, "slice, frame, coil"),
    "real kspace": ({"kspace": torch.ones(3, 2, 4, 7, 6)}, "must be complex"),
    "a mask of numbers": ({"mask": torch.ones(1, 1, 1, 7, 1)}, "boolean"),
    "a mask of another size": ({"mask": torch.ones(1, 1, 1, 5, 1) > 0}, "does not broadcast"),
    "a mask of two axes": ({"mask": torch.ones(7, 6) > 0}, "does not broadcast"),
    "maps with frames": ({"coil_maps": torch.ones(3, 2, 4, 7, 6) + 0j}, "coil_maps"),
    "maps of other coils": ({"coil_maps": torch.ones(3, 1, 5, 7, 6) + 0j}, "coil_maps"),
    "real maps": ({"coil_maps": torch.ones(3, 1, 4, 7, 6)}, "coil_maps must be complex"),
    "a reference of other frames": ({"reference": torch.ones(3, 5, 7, 6)}, "(3, 5)"),
    "a reference of another size": ({"reference": torch.ones(3, 2, 9, 9)}, "9 x 9"),
    "a reference with coils": ({"reference": torch.ones(3, 2, 4, 7, 6)}, "reference"),
    "noise of other coils": ({"noise": torch.ones(3, 50) + 0j}, "noise"),
    "noise of one axis": ({"noise": torch.ones(200) + 0j}, "noise"),
    "real noise": ({"noise": torch.ones(4, 50)}, "noise"),
    "lines along an unknown axis": ({"header": Header(phase_axis=0)}, "phase_axis"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_record_is_refused_in_one_sentence(fault: str) -> None:
    change, words = BROKEN[fault]
    with pytest.raises(DataError) as caught:
        replace(scan(), **change)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message


def test_a_reference_may_have_the_size_of_the_shown_image() -> None:
    header = Header(image_shape=(5, 4))
    one = replace(scan(), header=header, reference=torch.ones(SLICES, FRAMES, 5, 4))
    assert one.reference is not None


def test_it_knows_its_sizes() -> None:
    one = scan()
    assert (one.n_slices, one.n_frames, one.n_coils) == (SLICES, FRAMES, COILS)
    assert one.shape == (HEIGHT, WIDTH)
    assert one.image_shape == (SLICES, FRAMES, HEIGHT, WIDTH)


def test_acceleration_counts_positions_over_samples() -> None:
    assert scan().acceleration == pytest.approx(7 / 6)
    assert not scan().is_complete
    assert replace(scan(), mask=torch.ones(1, 1, 1, 1, 1, dtype=torch.bool)).is_complete


def test_slices_are_scans_of_their_own() -> None:
    one, part = scan(), scan().slices(1, 3)
    assert part.n_slices == 2
    assert torch.equal(part.kspace, one.kspace[1:3])
    assert torch.equal(part.mask, one.mask[1:3])
    assert part.coil_maps is not None
    assert one.coil_maps is not None
    assert torch.equal(part.coil_maps, one.coil_maps[1:3])
    assert part.reference is not None
    assert one.reference is not None
    assert torch.equal(part.reference, one.reference[1:3])
    assert part.header == one.header


def test_what_the_slices_share_is_kept_whole() -> None:
    one = scan()
    assert one.coil_maps is not None
    shared = replace(one, mask=one.mask[:1], coil_maps=one.coil_maps[:1])
    part = shared.slices(2, 3)
    assert part.mask.shape[0] == 1
    assert part.coil_maps is not None
    assert torch.equal(part.coil_maps, one.coil_maps[:1])


def test_moving_moves_every_array() -> None:
    moved = scan().to("meta")
    arrays = (moved.kspace, moved.mask, moved.coil_maps, moved.reference, moved.noise)
    assert all(array is not None and array.device.type == "meta" for array in arrays)


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        scan().kspace = torch.ones(1)  # type: ignore[misc]


def test_notes_are_added_to_a_copy() -> None:
    one = scan()
    assert one.with_notes("a", "b").header.notes == ("read", "a", "b")
    assert one.header.notes == ("read",)


def test_undersampling_leaves_plus_zero_and_says_so() -> None:
    one = scan()
    mask = torch.zeros(1, 1, 1, HEIGHT, 1, dtype=torch.bool)
    mask[..., ::2, :] = True
    less = undersample(replace(one, kspace=-one.kspace.abs() * (1 + 1j)), mask)
    missing = torch.view_as_real(less.kspace[..., 1::2, :])
    assert (missing == 0).all()
    assert not torch.signbit(missing).any()
    assert (less.kspace[..., ::2, :] != 0).all()
    assert less.header.notes[0] == "read"
    assert "undersampled" in less.header.notes[-1]
    assert less.reference is one.reference


def test_undersampling_never_claims_what_the_scan_lacks() -> None:
    one = scan()
    less = undersample(one, torch.ones(1, 1, 1, 1, WIDTH, dtype=torch.bool))
    assert not less.mask[..., 1, :].any()
    assert less.acceleration == pytest.approx(7 / 6)


def test_undersampling_to_nothing_is_refused() -> None:
    mask = torch.zeros(1, 1, 1, HEIGHT, 1, dtype=torch.bool)
    mask[..., 1, :] = True  # the one line that the scan lacks
    with pytest.raises(DataError, match="share no sample"):
        undersample(scan(), mask)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), complex(0, float("nan"))])
def test_values_that_are_not_finite_are_counted(bad: complex) -> None:
    array = torch.ones(5, 4, dtype=torch.complex64)
    check_finite(array, "k-space")
    array[2, 1] = bad
    with pytest.raises(DataError, match="k-space holds 1 values"):
        check_finite(array, "k-space")
