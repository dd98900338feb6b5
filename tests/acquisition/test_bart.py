from pathlib import Path

import numpy as np
import pytest
import torch

from feathermr.acquisition import load
from feathermr.core.errors import DataError
from feathermr.core.fft import ifft
from feathermr.core.seeding import generator


def write(path: Path, values: np.ndarray, sizes: tuple[int, ...] | None = None) -> Path:
    """``values`` with BART's axes; the pair of files as BART writes it."""
    sizes = values.shape if sizes is None else sizes
    text = "# Dimensions\n" + " ".join(map(str, sizes)) + " \n# Command\nphantom -k x\n"
    path.with_name(path.name + ".hdr").write_text(text)
    values.astype("<c8").ravel(order="F").tofile(path.with_name(path.name + ".cfl"))
    return path


def random_values(*shape: int) -> np.ndarray:
    return torch.randn(*shape, dtype=torch.complex64, generator=generator(7, "bart")).numpy()


@pytest.mark.parametrize("ending", ["", ".cfl", ".hdr"])
def test_read_is_y_and_phs1_is_x(tmp_path: Path, ending: str) -> None:
    values = random_values(7, 5, 1, 3)
    values[:, 1] = 0
    path = write(tmp_path / "scan", values)
    scan = load(path.with_name(path.name + ending))
    assert torch.equal(scan.kspace[0, 0], torch.from_numpy(values[:, :, 0].transpose(2, 0, 1)))
    assert scan.mask[0, 0, 0, 0].tolist() == [True, False, True, True, True]
    assert scan.header.phase_axis == -1
    assert any("inferred from zeros" in note for note in scan.header.notes)


def test_time_is_frames_and_slice_is_slices(tmp_path: Path) -> None:
    values = random_values(7, 5, 1, 3, 1, 1, 1, 1, 1, 1, 4, 1, 1, 2, 1, 1)
    scan = load(write(tmp_path / "scan", values))
    wanted = values.reshape(7, 5, 3, 4, 2).transpose(4, 3, 2, 0, 1)
    assert torch.equal(scan.kspace, torch.from_numpy(wanted.copy()))


def test_complete_partitions_become_slices(tmp_path: Path) -> None:
    values = random_values(7, 5, 4, 3)
    scan = load(write(tmp_path / "scan", values))
    moved = ifft(torch.from_numpy(values.transpose(2, 3, 0, 1).copy()), axes=(-4,))
    assert torch.allclose(scan.kspace[:, 0], moved, atol=1e-6)


def test_a_name_with_dots_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "scan.v1", random_values(7, 5, 1, 3))
    assert load(path.with_name("scan.v1.cfl")).n_coils == 3
    assert load(path).n_coils == 3


def test_what_cannot_be_right_is_one_sentence(tmp_path: Path) -> None:
    maps = write(tmp_path / "maps", random_values(7, 5, 1, 3, 2))
    with pytest.raises(DataError, match=r"MAPS \(2\)"):
        load(maps)
    short = write(tmp_path / "short", random_values(7, 5), (7, 6))
    with pytest.raises(DataError, match=r"need 336 bytes, but short\.cfl has 280"):
        load(short)
    huge = write(tmp_path / "huge", random_values(7, 5), (10**9, 10**9, 10**9))
    with pytest.raises(DataError, match="need"):
        load(huge)
    for sizes in ((0, 5), (-7, 5)):
        with pytest.raises(DataError, match="positive sizes"):
            load(write(tmp_path / "sizes", random_values(7, 5), sizes))
    (tmp_path / "alone.cfl").write_bytes(b"12345678")
    with pytest.raises(DataError, match=r"pair of \.cfl and \.hdr"):
        load(tmp_path / "alone.cfl")
