from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from feathermr.acquisition import load
from feathermr.acquisition.matlab5 import read_numeric_arrays
from feathermr.core.errors import DataError
from feathermr.core.seeding import generator

RECORD = np.dtype([("real", "<f8"), ("imag", "<f8")])


def random_values(*shape: int) -> np.ndarray:
    return torch.randn(*shape, dtype=torch.complex64, generator=generator(9, "matlab")).numpy()


def write73(path: Path, **arrays: np.ndarray) -> Path:
    """A version 7.3 file: HDF5 behind 512 bytes of text, axes reversed, complex as records."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            stored = np.ascontiguousarray(array.transpose())
            if np.iscomplexobj(stored):
                stored = stored.astype(np.complex128).view(RECORD)
            file[name] = stored
        file.create_group("#refs#")
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM")
    return path


def write5(path: Path, **arrays: np.ndarray) -> Path:
    savemat(path, arrays)
    return path


def write7(path: Path, **arrays: np.ndarray) -> Path:
    savemat(path, arrays, do_compression=True)
    return path


@pytest.mark.parametrize("kind", ["f8", "f4", "i2", "u1", "u2", "i8", "c16", "c8"])
@pytest.mark.parametrize("write", [write5, write7])
def test_numbers_of_every_kind_are_those_that_scipy_wrote(tmp_path: Path, write, kind) -> None:
    values = (np.arange(30) * (1 + 2j if kind[0] == "c" else 1)).reshape(2, 5, 3).astype(kind)
    path = write(tmp_path / "a.mat", abc=values, a_long_name=np.ones((1, 1)), text="x")
    found = read_numeric_arrays(path.read_bytes())
    assert found["abc"].dtype.kind in (kind[0], "c")
    assert np.array_equal(found["abc"], values)
    assert found["a_long_name"] == 1


@pytest.mark.parametrize("write", [write5, write7, write73])
def test_rows_are_y(tmp_path: Path, write) -> None:
    image = np.arange(35.0).reshape(7, 5)
    scan = load(write(tmp_path / "a.mat", im_ori=image))
    assert torch.equal(scan.reference[0, 0], torch.from_numpy(image).float())


@pytest.mark.parametrize("write", [write5, write73])
def test_complex_arrays_need_the_axes_as_matlab_shows_them(tmp_path: Path, write) -> None:
    values = random_values(7, 5, 3)
    path = write(tmp_path / "a.mat", data=values)
    with pytest.raises(DataError, match=r"'data' has the shape \(7, 5, 3\).*layout"):
        load(path)
    scan = load(path, layout=("y", "x", "coil"))
    assert torch.equal(scan.kspace[0, 0], torch.from_numpy(values.transpose(2, 0, 1).copy()))


@pytest.mark.parametrize("write", [write5, write73])
def test_cmrxrecon_is_recognised_by_its_names(tmp_path: Path, write) -> None:
    values = random_values(7, 5, 3, 2, 4)
    values[:, 1] = 0
    scan = load(write(tmp_path / "a.mat", kspace_sub04=values))
    wanted = values.transpose(3, 4, 2, 1, 0)
    assert torch.equal(scan.kspace, torch.from_numpy(wanted.copy()))
    assert scan.header.phase_axis == -2
    assert scan.mask[0, 0, 0, :, 0].tolist() == [True, False, True, True, True]
    single = load(write(tmp_path / "b.mat", kspace_single_full=values[:, :, 0]))
    assert torch.equal(single.kspace, torch.from_numpy(wanted[:, :, :1].copy()))


def test_cells_are_left_out_and_their_absence_is_said(tmp_path: Path) -> None:
    cell = np.empty((1, 2), dtype=object)
    cell[0, 0], cell[0, 1] = "a", np.ones(3)
    savemat(tmp_path / "a.mat", {"cells": cell, "name": "text", "image": np.eye(4)})
    assert load(tmp_path / "a.mat").shape == (4, 4)
    savemat(tmp_path / "b.mat", {"cells": cell})
    with pytest.raises(DataError, match="no numeric array"):
        load(tmp_path / "b.mat")


def test_several_scans_are_named(tmp_path: Path) -> None:
    values = random_values(7, 5, 3, 2)
    path = write73(tmp_path / "a.mat", kspace_full=values, kspace_sub04=values)
    with pytest.raises(DataError, match="kspace_full, kspace_sub04"):
        load(path)
