from dataclasses import replace
from pathlib import Path

import h5py
import ismrmrd
import numpy as np
import pytest
import torch

from feathermr.acquisition import Acquisition, load, save_acquisition, save_cine, undersample
from feathermr.core.errors import DataError, UsageError


def assert_same(a: Acquisition, b: Acquisition) -> None:
    for name in ("kspace", "coil_maps", "reference", "noise"):
        first, second = getattr(a, name), getattr(b, name)
        assert (first is None) == (second is None), name
        if first is not None:
            assert torch.equal(first, second), name
    shape = a.kspace.shape
    assert torch.equal(a.mask.expand(shape), b.mask.expand(shape))
    assert replace(a.header, source="") == replace(b.header, source="")


@pytest.mark.parametrize("ending", [".h5", ".mrd", ".npz"])
def test_a_scan_is_the_same_after_writing_and_reading(
    scan: Acquisition, tmp_path: Path, ending: str
) -> None:
    path = save_acquisition(scan, tmp_path / "new" / f"scan{ending}")
    back = load(path)
    assert_same(scan, back)
    assert back.header.source == path.name
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", [".h5", ".mrd", ".npz"])
def test_a_complete_single_coil_slice_with_a_shown_size_comes_back(
    scan: Acquisition, tmp_path: Path, ending: str
) -> None:
    header = replace(scan.header, image_shape=(11, 7), frame_times=())
    small = Acquisition(
        kspace=scan.kspace[:1, :1, :1] + 1,
        mask=torch.ones(1, 1, 1, 13, 10, dtype=torch.bool),
        header=header,
        reference=scan.kspace[:1, :1, 0],
    )
    assert_same(small, load(save_acquisition(small, tmp_path / f"scan{ending}")))


@pytest.mark.parametrize("ending", [".h5", ".npz"])
def test_scattered_points_survive(scan: Acquisition, tmp_path: Path, ending: str) -> None:
    points = torch.rand(2, 3, 1, 13, 10, generator=torch.Generator().manual_seed(1)) < 0.6
    sparse = undersample(scan, points)
    assert_same(sparse, load(save_acquisition(sparse, tmp_path / f"scan{ending}")))


def test_mrd_refuses_points_and_leaves_no_file(scan: Acquisition, tmp_path: Path) -> None:
    points = torch.rand(1, 1, 1, 13, 10, generator=torch.Generator().manual_seed(1)) < 0.6
    with pytest.raises(DataError, match="whole rows"):
        save_acquisition(undersample(scan, points), tmp_path / "scan.mrd")
    assert list(tmp_path.iterdir()) == []


def test_the_fastmri_file_holds_what_fastmri_reads(scan: Acquisition, tmp_path: Path) -> None:
    columns = torch.zeros(1, 1, 1, 1, 10, dtype=torch.bool)
    columns[..., ::2] = True
    one = replace(
        scan,
        kspace=scan.kspace[:, :1],
        mask=torch.ones(1, 1, 1, 13, 10, dtype=torch.bool),
        reference=scan.reference[:, :1],
    )
    path = save_acquisition(undersample(one, columns), tmp_path / "scan.h5")
    with h5py.File(path) as file:
        assert file["kspace"].shape == (2, 3, 13, 10)
        assert file["mask"].shape == (10,)
        assert file["reconstruction_rss"].shape == (2, 13, 10)
        assert file.attrs["patient_id"] == "someone"
        assert file.attrs["max"] == pytest.approx(float(one.reference.max()))
        assert file.attrs["norm"] == pytest.approx(float(one.reference.norm()))
        document = ismrmrd.xsd.CreateFromDocument(file["ismrmrd_header"][()])
    encoding = document.encoding[0]
    assert (encoding.encodedSpace.matrixSize.x, encoding.encodedSpace.matrixSize.y) == (13, 10)
    assert encoding.encodingLimits.kspace_encoding_step_1.center == 5
    assert encoding.encodingLimits.kspace_encoding_step_1.maximum == 9
    assert [pytest.approx(1.5)] == document.sequenceParameters.TE


def test_the_mrd_file_is_what_the_ismrmrd_library_reads(scan: Acquisition, tmp_path: Path) -> None:
    path = save_acquisition(scan, tmp_path / "scan.mrd")
    with ismrmrd.Dataset(path, mode="r") as dataset:
        document = ismrmrd.xsd.CreateFromDocument(dataset.read_xml_header())
        readouts = [dataset.read_acquisition(i) for i in range(dataset.number_of_acquisitions())]
    assert document.encoding[0].encodedSpace.matrixSize.x == 10
    assert document.encoding[0].encodedSpace.fieldOfView_mm.y == pytest.approx(26.0)
    assert document.subjectInformation.patientID == "someone"
    noise, *lines = readouts
    assert noise.is_flag_set(ismrmrd.ACQ_IS_NOISE_MEASUREMENT)
    assert np.array_equal(noise.data, scan.noise.numpy())
    assert len(lines) == 2 * int(scan.mask[0, :, 0, :, 0].sum())
    assert lines[-1].is_flag_set(ismrmrd.ACQ_LAST_IN_MEASUREMENT)
    for line in lines:
        counters = line.idx
        wanted = scan.kspace[counters.slice, counters.phase, :, counters.kspace_encode_step_1]
        assert np.array_equal(line.data, wanted.numpy())


def test_cine_arrays_are_samples_frames_x_y(f_image: torch.Tensor, tmp_path: Path) -> None:
    path = save_cine(f_image, tmp_path / "cine.npz")
    with np.load(path) as archive:
        assert archive["dataset"].shape == (2, 3, 10, 13)
    back = load(path)
    assert torch.equal(back.reference, f_image)
    assert back.header.origin == "image"


def test_another_ending_is_refused(scan: Acquisition, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ending"):
        save_acquisition(scan, tmp_path / "scan.txt")


def test_a_folder_that_cannot_be_made_is_one_sentence(scan: Acquisition, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="cannot write"):
        save_acquisition(scan, tmp_path / "file" / "scan.npz")


def test_a_failed_write_keeps_the_old_file(
    scan: Acquisition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_acquisition(scan, tmp_path / "scan.npz")
    before = path.read_bytes()

    def full_disk(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(DataError, match="No space left"):
        save_acquisition(scan, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["scan.npz"]


def test_a_part_of_the_slices_keeps_its_place(scan: Acquisition) -> None:
    part = np.array(scan.slices(1, 2).header.affine)
    assert part @ [3, 4, 0, 1] == pytest.approx(np.array(scan.header.affine) @ [3, 4, 1, 1])
