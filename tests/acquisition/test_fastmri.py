from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from feathermr.acquisition import load
from feathermr.core.errors import DataError
from feathermr.core.seeding import generator

#: as fastMRI writes it: x is the readout (rows), y the lines (columns); 7 of 9 columns encoded
XML = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
 <acquisitionSystemInformation><systemFieldStrength_T>2.8936</systemFieldStrength_T>
 </acquisitionSystemInformation>
 <encoding>
  <trajectory>cartesian</trajectory>
  <encodedSpace><matrixSize><x>12</x><y>9</y><z>1</z></matrixSize>
   <fieldOfView_mm><x>24</x><y>27</y><z>4.5</z></fieldOfView_mm></encodedSpace>
  <reconSpace><matrixSize><x>6</x><y>6</y><z>1</z></matrixSize>
   <fieldOfView_mm><x>12</x><y>18</y><z>4.5</z></fieldOfView_mm></reconSpace>
  <encodingLimits><kspace_encoding_step_1><minimum>0</minimum><maximum>6</maximum>
   <center>3</center></kspace_encoding_step_1></encodingLimits>
 </encoding>
 <sequenceParameters><TR>2200</TR><TE>27.6</TE><flipAngle_deg>140</flipAngle_deg>
 </sequenceParameters>
</ismrmrdHeader>"""


def random_kspace(*shape: int) -> np.ndarray:
    return torch.randn(*shape, dtype=torch.complex64, generator=generator(6, "fastmri")).numpy()


def write(path: Path, **datasets: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
        file.attrs["patient_id"] = "0a1b"
        file.attrs["acquisition"] = "CORPD_FBK"
    return path


def test_multi_coil_with_mask_and_reference(tmp_path: Path) -> None:
    kspace = random_kspace(2, 3, 12, 9)
    mask = np.array([0, 1, 0, 1, 1, 1, 0, 1, 0], dtype=bool)
    target = np.abs(random_kspace(2, 6, 6))
    path = write(
        tmp_path / "scan.h5",
        kspace=kspace * mask,
        mask=mask.astype(np.float32),
        reconstruction_rss=target,
        ismrmrd_header=XML.encode(),
    )
    scan = load(path)
    assert torch.equal(scan.kspace[:, 0], torch.from_numpy(kspace * mask))
    assert scan.mask.shape == (1, 1, 1, 1, 9)
    assert scan.mask.flatten().tolist() == mask.tolist()
    assert torch.equal(scan.reference[:, 0], torch.from_numpy(target))
    header = scan.header
    assert (header.phase_axis, header.subject, header.anatomy) == (-1, "0a1b", "CORPD_FBK")
    assert header.image_shape == (6, 6)
    assert header.spacing == pytest.approx((0.0045, 0.002, 0.003))
    assert (header.repetition_time, header.echo_time) == pytest.approx((2.2, 0.0276))
    assert header.field_strength == 2.8936
    assert header.notes == ()


def test_a_file_with_a_mask_never_has_it_inferred(tmp_path: Path) -> None:
    kspace = random_kspace(1, 3, 12, 9)
    kspace[..., 2] = 0
    mask = np.ones(9)
    mask[5] = 0
    scan = load(write(tmp_path / "scan.h5", kspace=kspace, mask=mask))
    assert bool(scan.mask[..., 2].all())
    assert not bool(scan.kspace[..., 5].any())


def test_single_coil_takes_the_single_coil_reference(tmp_path: Path) -> None:
    kspace = random_kspace(2, 12, 9)
    path = write(
        tmp_path / "scan.h5",
        kspace=kspace,
        reconstruction_rss=np.ones((2, 6, 6), np.float32),
        reconstruction_esc=np.full((2, 6, 6), 2, np.float32),
    )
    scan = load(path)
    assert torch.equal(scan.kspace[:, 0, 0], torch.from_numpy(kspace))
    assert float(scan.reference.mean()) == 2
    assert scan.is_complete


def test_zero_padded_columns_are_not_sampled_and_named(tmp_path: Path) -> None:
    kspace = random_kspace(2, 3, 12, 9)
    kspace[..., [0, 8]] = 0
    scan = load(write(tmp_path / "scan.h5", kspace=kspace, ismrmrd_header=XML))
    assert scan.mask.flatten().tolist() == [False] + [True] * 7 + [False]
    (note,) = scan.header.notes
    assert "2 of 9 columns" in note
    assert "outside the encoded lines 1 to 7: zero padding" in note


def test_missing_columns_without_a_mask_are_named(tmp_path: Path) -> None:
    kspace = random_kspace(2, 3, 12, 9)
    kspace[..., 3] = 0
    scan = load(write(tmp_path / "scan.h5", kspace=kspace, ismrmrd_header=XML))
    assert "no mask; 1 of 9 columns" in scan.header.notes[0]
    assert "padding" not in scan.header.notes[0]


def test_an_image_larger_than_the_kspace_is_shown_at_what_there_is(tmp_path: Path) -> None:
    xml = XML.replace("<x>6</x><y>6</y>", "<x>6</x><y>20</y>")
    scan = load(write(tmp_path / "scan.h5", kspace=random_kspace(1, 3, 12, 9), ismrmrd_header=xml))
    assert scan.header.image_shape == (6, 9)
    assert "smaller than (6, 20)" in scan.header.notes[0]


@pytest.mark.parametrize(
    ("datasets", "message"),
    [
        ({"kspace": np.ones((2, 3, 12, 9), np.float32)}, "must be complex"),
        ({"kspace": random_kspace(12, 9)}, r"slice, coil, y, x"),
        ({"kspace": random_kspace(2, 2, 2, 12, 9)}, r"slice, coil, y, x"),
        ({"kspace": random_kspace(2, 3, 12, 9), "mask": np.ones(8)}, "has 8 columns"),
        ({"kspace": random_kspace(2, 3, 12, 9), "mask": np.full(9, 0.5)}, "only 0 and 1"),
        ({"kspace": random_kspace(2, 3, 12, 9), "ismrmrd_header": b"<a"}, "XML header is damaged"),
        (
            {"kspace": random_kspace(2, 3, 12, 9), "reconstruction_rss": np.ones((3, 6, 6))},
            "must be the same",
        ),
        ({"kspace": random_kspace(2, 3, 12, 9) * np.nan}, "NaN"),
        ({"kspace": np.zeros((2, 3, 12, 9), np.complex64)}, "not zero"),
        ({"image": np.ones((2, 3))}, "neither 'kspace'"),
    ],
)
def test_what_cannot_be_right_is_one_sentence(
    tmp_path: Path, datasets: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load(write(tmp_path / "wrong.h5", **datasets))
    assert "wrong.h5" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_file_is_closed_after_reading(tmp_path: Path) -> None:
    path = write(tmp_path / "scan.h5", kspace=random_kspace(1, 3, 12, 9))
    load(path)
    with h5py.File(path, "r+") as file:
        file.attrs["patient_id"] = "changed"
