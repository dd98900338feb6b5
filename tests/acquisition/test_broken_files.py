from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from feathermr.acquisition import Acquisition, load, save_acquisition, save_image
from feathermr.core.errors import DataError


def write_all(scan: Acquisition, folder: Path) -> dict[str, Path]:
    """A sound file of every format."""
    image = scan.reference
    paths = {ending: save_acquisition(scan, folder / f"a{ending}") for ending in (".h5", ".mrd")}
    paths[".npz"] = save_acquisition(scan, folder / "b.npz")
    for name in ("nifti", "png", "gif", "dicom"):
        paths[name] = save_image(image[:1, :1], scan.header, folder / "one", name)[0]
    paths[".nii"] = save_image(image[:1, :1], scan.header, folder / "one.nii", "nifti")[0]
    plane = image[0, 0].numpy()
    paths[".npy"], paths[".mat"] = folder / "a.npy", folder / "a.mat"
    paths[".jpg"] = folder / "a.jpg"
    np.save(paths[".npy"], plane)
    savemat(paths[".mat"], {"image": plane})
    Image.fromarray((plane * 60).astype(np.uint8)).resize((64, 64)).save(paths[".jpg"])
    return paths


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    return sentence


def test_sound_files_are_read(scan: Acquisition, tmp_path: Path) -> None:
    for path in write_all(scan, tmp_path).values():
        assert load(path).shape[0] in (13, 64), path


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_files_that_were_cut_off_are_refused(
    scan: Acquisition, tmp_path: Path, share: float
) -> None:
    for path in write_all(scan, tmp_path).values():
        content = path.read_bytes()
        path.write_bytes(content[: max(1, int(share * len(content)))])
        refused(path)


def test_empty_files_are_refused(scan: Acquisition, tmp_path: Path) -> None:
    for path in write_all(scan, tmp_path).values():
        path.write_bytes(b"")
        assert "empty" in refused(path)


def test_foreign_files_are_refused_whatever_their_name(scan: Acquisition, tmp_path: Path) -> None:
    for path in write_all(scan, tmp_path).values():
        path.write_bytes(b"Dear diary, today I measured a phantom. " * 40)
        assert "not known" in refused(path)


def test_damage_behind_the_first_bytes_never_escapes_as_another_error(
    scan: Acquisition, tmp_path: Path
) -> None:
    """Random bytes in the file's first half: refused or read, but nothing else happens.

    HDF5 files are left out: that library may search a damaged heap without end.
    """
    random = torch.Generator().manual_seed(4)
    paths = write_all(scan, tmp_path)
    del paths[".mrd"], paths[".h5"]
    for path in paths.values():
        content = bytearray(path.read_bytes())
        for _ in range(12):
            damaged = bytearray(content)
            for place in torch.randint(8, len(content) // 2 + 8, (6,), generator=random).tolist():
                damaged[min(place, len(damaged) - 1)] ^= 0x5A
            path.write_bytes(damaged)
            with suppress(DataError):
                load(path)


def test_the_content_decides_and_not_the_name(scan: Acquisition, tmp_path: Path) -> None:
    for ending, path in write_all(scan, tmp_path).items():
        renamed = path.rename(tmp_path / f"renamed-{ending.strip('.')}.dat")
        assert load(renamed).shape[0] in (13, 64)


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "missing.h5")


def test_an_image_of_zeros_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((7, 5)))
    assert "not zero" in refused(tmp_path / "a.npy")
