"""The layouts of the CMRxRecon challenges, in files of version 7.3 as h5py writes them."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from feathermr.acquisition import load
from feathermr.core.errors import DataError
from feathermr.core.seeding import generator
from feathermr.sampling import read_mask

#: kx, ky, coils, slices, frames as MATLAB shows them
SHAPE = (8, 7, 3, 2, 4)
RECORD = np.dtype([("real", "<f4"), ("imag", "<f4")])


def kspace(*shape: int) -> np.ndarray:
    drawn = torch.randn(*(shape or SHAPE), dtype=torch.complex64, generator=generator(4, "cmrx"))
    return drawn.numpy()


def lines(frames: int = 1) -> np.ndarray:
    """(kx, ky, frame): the center and one more line, another in every frame."""
    mask = np.zeros((SHAPE[0], SHAPE[1], frames))
    mask[:, 2:5] = 1
    for frame in range(frames):
        mask[:, (5 + frame) % SHAPE[1], frame] = 1
    return mask


def write(path: Path, **arrays: np.ndarray) -> Path:
    """As MATLAB stores them: axes reversed, complex numbers as records, text before the HDF5."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            stored = np.ascontiguousarray(array.transpose())
            if np.iscomplexobj(stored):
                stored = stored.astype(np.complex64).view(RECORD)
            file[name] = stored
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
    return path


def wanted(values: np.ndarray) -> torch.Tensor:
    """(kx, ky, coil, slice, frame) as (slice, frame, coil, y, x)."""
    return torch.from_numpy(values.transpose(3, 4, 2, 1, 0).copy())


@pytest.mark.parametrize("name", ["kspace_full", "kspace_sub08", "kus", "kspace"])
def test_every_year_has_the_same_axes_and_a_note_says_so(tmp_path: Path, name: str) -> None:
    values = kspace()
    path = write(tmp_path / "cine_sax.mat", **{name: values})
    with h5py.File(path) as file:
        assert file[name].shape == (4, 2, 3, 7, 8)
    scan = load(path)
    assert torch.equal(scan.kspace, wanted(values))
    assert scan.header.phase_axis == -2
    assert scan.header.frame_times == ()
    assert any("kx, ky, coil, slice, time" in note for note in scan.header.notes)


def test_a_single_coil_and_a_single_frame_have_fewer_axes(tmp_path: Path) -> None:
    values = kspace()
    scan = load(write(tmp_path / "a.mat", kspace_single_sub04=values[:, :, 0]))
    assert torch.equal(scan.kspace, wanted(values[:, :, :1]))
    assert any("kx, ky, slice, time" in note for note in scan.header.notes)
    scan = load(write(tmp_path / "b.mat", kspace_full=values[..., 0]))
    assert torch.equal(scan.kspace, wanted(values[..., :1]))


def test_four_axes_without_a_name_of_the_challenge_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mat", kspace=kspace()[..., 0])
    with pytest.raises(DataError, match="give a layout"):
        load(path)
    scan = load(path, layout=("x", "y", "coil", "slice"))
    assert torch.equal(scan.kspace, wanted(kspace()[..., :1]))


@pytest.mark.parametrize(
    ("scan_name", "mask_name", "key", "mask_key", "frames"),
    [
        ("cine_lax.mat", "cine_lax_mask.mat", "kspace_sub04", "mask04", 1),
        ("cine_lax.mat", "cine_lax_mask.mat", "kspace_single_sub04", "mask04", 1),
        ("a_kus_Uniform4.mat", "a_mask_Uniform4.mat", "kus", "mask", 1),
        ("UnderSample_Task2/P1/a_kus_G4.mat", "Mask_Task2/P1/a_mask_G4.mat", "kus", "mask", 4),
        ("UnderSample_Task2/P1/a_kus_G4.mat", "Mask_TaskAll/P1/a_mask_G4.mat", "kus", "mask", 4),
        ("UnderSample_Task2/a_kus_G4.mat", "Mask_Task2/a_mask_G4.mat", "kus", "mask", 4),
    ],
)
def test_the_mask_in_the_file_beside_is_used_and_not_inferred(
    tmp_path: Path, scan_name: str, mask_name: str, key: str, mask_key: str, frames: int
) -> None:
    mask = lines(frames)
    values = kspace() * mask[:, :, None, None]
    values[:, 3] = 0  # sampled, but zero: only the mask can tell
    if "single" in key:
        values = values[:, :, 0]
    write(tmp_path / mask_name, **{mask_key: mask if frames > 1 else mask[..., 0]})
    scan = load(write(tmp_path / scan_name, **{key: values}))
    assert scan.mask.shape[:3] == (1, frames, 1)
    assert torch.equal(scan.mask[0, :, 0], torch.from_numpy(mask.transpose(2, 1, 0).copy()).bool())
    notes = " ".join(scan.header.notes)
    assert Path(mask_name).name in notes
    assert "inferred" not in notes


def test_without_a_mask_zeros_tell_and_a_complete_scan_takes_none(tmp_path: Path) -> None:
    mask = lines(4)
    values = kspace()
    scan = load(write(tmp_path / "a.mat", kus=values * mask[:, :, None, None]))
    assert torch.equal(scan.mask[0, :, 0, :, 0], torch.from_numpy(mask[0].T.copy()).bool())
    assert any("inferred" in note for note in scan.header.notes)
    write(tmp_path / "b_mask.mat", mask04=mask[..., 0])
    assert load(write(tmp_path / "b.mat", kspace_full=values)).is_complete


def test_a_mask_in_the_same_file_is_used(tmp_path: Path) -> None:
    mask = lines(4)
    scan = load(write(tmp_path / "a.mat", kus=kspace(), mask=mask))
    assert torch.equal(scan.mask[0, :, 0, :, 0], torch.from_numpy(mask[0].T.copy()).bool())


def test_a_mask_beside_that_cannot_be_right_is_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mat", kspace_sub04=kspace())
    beside = write(tmp_path / "a_mask.mat", mask04=np.ones((7, 8)))
    with pytest.raises(DataError, match=r"a_mask\.mat has the shape \(7, 8\)"):
        load(path)
    write(beside, usmask=np.ones((8, 7)))
    with pytest.raises(DataError, match="must hold one array 'mask'"):
        load(path)
    write(beside, mask04=np.full((8, 7), 0.5))
    with pytest.raises(DataError, match="only 0 and 1"):
        load(path)
    beside.write_bytes(beside.read_bytes()[:700])
    with pytest.raises(DataError, match=r"a_mask\.mat is damaged") as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_a_mask_in_place_of_a_scan_is_said(tmp_path: Path) -> None:
    for name in ("mask", "mask08"):
        with pytest.raises(DataError, match="holds a mask and no scan"):
            load(write(tmp_path / "cine_sax_mask.mat", **{name: lines()[..., 0]}))


@pytest.mark.parametrize("shape", [(8, 7), (7, 7)])
@pytest.mark.parametrize("frames", [1, 4])
def test_a_mask_of_the_challenge_can_be_given_for_another_scan(
    tmp_path: Path, shape: tuple[int, int], frames: int
) -> None:
    mask = lines(frames)[: shape[0]]
    path = write(tmp_path / "m.mat", mask=mask if frames > 1 else mask[..., 0])
    read = read_mask(path, (2, 4, 3, shape[1], shape[0]), -2)
    assert read.shape == (1, frames, 1, shape[1], shape[0])
    assert torch.equal(read[0, :, 0], torch.from_numpy(mask.transpose(2, 1, 0).copy()).bool())


def test_a_square_mask_of_rows_stays_and_bad_files_are_named(tmp_path: Path) -> None:
    rows = np.zeros((7, 7))
    rows[2:5] = 1
    read = read_mask(write(tmp_path / "m.mat", mask=rows), (1, 1, 1, 7, 7), -2)
    assert read[0, 0, 0, :, 0].tolist() == [False, False, True, True, True, False, False]
    one = read_mask(write(tmp_path / "l.mat", mask=rows[:, :1]), (1, 1, 1, 7, 7), -2)
    assert torch.equal(one.expand_as(read), read)
    with pytest.raises(DataError, match="one called 'mask'"):
        read_mask(write(tmp_path / "n.mat", a=rows, b=rows), (1, 1, 1, 7, 7), -2)
    (tmp_path / "o.mat").write_bytes(b"MATLAB 7.3 and nothing more")
    with pytest.raises(DataError, match="not a readable MATLAB file"):
        read_mask(tmp_path / "o.mat", (1, 1, 1, 7, 7), -2)
    with pytest.raises(DataError, match="no such file"):
        read_mask(tmp_path / "p.mat", (1, 1, 1, 7, 7), -2)
