from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from feathermr.acquisition import Acquisition, load, save_acquisition
from feathermr.acquisition.fastmri_slices import load_fastmri_slices, look_into_fastmri
from feathermr.core.errors import DataError
from feathermr.core.seeding import generator


def write(path: Path, *shape: int, mask: bool = False) -> Path:
    random = generator(0, "slices", *shape)
    kspace = torch.randn(shape, dtype=torch.complex64, generator=random).numpy()
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
        file["reconstruction_rss"] = np.arange(36.0 * shape[0]).reshape(-1, 6, 6)
        if mask:
            file["mask"] = (np.arange(shape[-1]) % 2).astype(np.float32)
        file.attrs["patient_id"] = "someone"
    return path


@pytest.mark.parametrize("shape", [(5, 12, 9), (5, 3, 12, 9)])
def test_slices_are_those_of_the_whole_scan(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = write(tmp_path / "scan.h5", *shape)
    part, whole = load_fastmri_slices(path, 2, 4), load(path).slices(2, 4)
    assert torch.equal(part.kspace, whole.kspace)
    assert torch.equal(part.mask, whole.mask)
    assert part.reference is not None
    assert whole.reference is not None
    assert torch.equal(part.reference, whole.reference)
    assert part.header == whole.header


def test_own_files_keep_maps_noise_and_position(tmp_path: Path, scan: Acquisition) -> None:
    one_map = replace(scan, coil_maps=scan.coil_maps[:1])  # type: ignore[index]
    for index, given in enumerate((scan, one_map)):
        path = save_acquisition(given, tmp_path / f"{index}.h5")
        part, whole = load_fastmri_slices(path, 1, 2), load(path).slices(1, 2)
        for name in ("kspace", "mask", "coil_maps", "reference", "noise"):
            assert torch.equal(getattr(part, name), getattr(whole, name)), name
        assert part.header == whole.header


def test_only_the_slices_asked_for_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "scan.h5", 5, 3, 12, 9)
    read = []
    inner = h5py.Dataset.__getitem__

    def counted(dataset: h5py.Dataset, key: object) -> object:
        values = inner(dataset, key)
        read.append(np.size(values))
        return values

    monkeypatch.setattr(h5py.Dataset, "__getitem__", counted)
    load_fastmri_slices(path, 1, 2)
    assert sorted(read) == [6 * 6, 3 * 12 * 9]


def test_a_look_reads_no_kspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [
        write(tmp_path / "a.h5", 5, 3, 12, 9, mask=True), write(tmp_path / "b.h5", 4, 12, 9)
    ]  # fmt: skip

    inner = h5py.Dataset.__getitem__

    def refused(dataset: h5py.Dataset, key: object) -> object:
        assert dataset.name == "/mask"
        return inner(dataset, key)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", refused)
    many, single = (look_into_fastmri(path) for path in paths)
    assert (many.n_slices, many.n_coils, many.shape, many.has_gaps) == (5, 3, (12, 9), True)
    assert (single.n_slices, single.n_coils, single.shape, single.has_gaps) == (
        4, 1, (12, 9), False,
    )  # fmt: skip
    assert many.subject == "someone"


def test_a_mask_of_padding_leaves_no_gap(tmp_path: Path, scan: Acquisition) -> None:
    padded = torch.zeros(1, 1, 1, 13, 1, dtype=torch.bool)
    padded[..., 2:11, :] = True
    for mask, gaps in ((padded, False), (padded.roll(4, -2), True)):
        kspace = torch.where(mask, scan.kspace, torch.zeros_like(scan.kspace))
        path = save_acquisition(replace(scan, kspace=kspace, mask=mask), tmp_path / f"{gaps}.h5")
        assert look_into_fastmri(path).has_gaps is gaps


def test_the_file_is_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "scan.h5", 2, 12, 9)
    look_into_fastmri(path)
    load_fastmri_slices(path, 0, 1)
    with h5py.File(path, "r+") as file:
        del file.attrs["patient_id"]
    assert look_into_fastmri(path).subject == "scan"


def test_what_is_no_such_file_is_one_sentence(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.h5", 2, 12, 9).read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.h5").write_text("k-space")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["image"] = np.ones((2, 3))
    write(tmp_path / "flat.h5", 12, 9)
    for name, message in {
        "cut.h5": "damaged or cut off",
        "text.h5": "damaged or cut off",
        "other.h5": "holds no 'kspace'",
        "flat.h5": "must have the axes",
        "absent.h5": "No such file",
    }.items():
        with pytest.raises(DataError, match=message) as caught:
            look_into_fastmri(tmp_path / name)
        assert name in str(caught.value)
    with pytest.raises(DataError, match="axes"):
        load_fastmri_slices(tmp_path / "whole.h5", 2, 3)
