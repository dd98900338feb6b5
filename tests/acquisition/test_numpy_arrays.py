from pathlib import Path

import numpy as np
import pytest
import torch

from feathermr.acquisition import load
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft
from feathermr.core.seeding import generator


def random_values(*shape: int) -> np.ndarray:
    return torch.randn(*shape, dtype=torch.complex64, generator=generator(8, "numpy")).numpy()


def npy(path: Path, values: np.ndarray) -> Path:
    np.save(path, values)
    return path


def test_a_plane_of_complex_numbers_is_kspace(tmp_path: Path) -> None:
    values = random_values(7, 5)
    values[2] = 0
    scan = load(npy(tmp_path / "a.npy", values))
    assert torch.equal(scan.kspace, torch.from_numpy(values)[None, None, None])
    assert scan.mask[0, 0, 0, :, 0].tolist() == [True, True, False, True, True, True, True]
    assert scan.header.phase_axis == -2
    assert "inferred from zeros" in scan.header.notes[0]
    assert scan.header.origin == "measured"


def test_a_plane_of_real_numbers_is_an_image(tmp_path: Path) -> None:
    values = np.arange(35, dtype=np.uint16).reshape(7, 5)
    scan = load(npy(tmp_path / "a.npy", values))
    image = torch.from_numpy(values.astype(np.float32))[None, None]
    assert torch.equal(scan.reference, image)
    assert torch.allclose(scan.kspace[:, :, 0], fft(image))
    assert scan.is_complete
    assert scan.header.origin == "image"
    assert "transform of the image itself" in scan.header.notes[0]


def test_named_axes_come_in_any_order(tmp_path: Path) -> None:
    values = random_values(3, 7, 2, 5)
    path = npy(tmp_path / "a.npy", values)
    scan = load(path, layout=("coil", "x", "frame", "y"))
    assert torch.equal(scan.kspace[0], torch.from_numpy(values.transpose(2, 0, 3, 1).copy()))


def test_doubles_become_single_precision(tmp_path: Path) -> None:
    path = npy(tmp_path / "a.npy", random_values(7, 5).astype(np.complex128))
    assert load(path).kspace.dtype == torch.complex64
    with pytest.raises(DataError, match="infinite"):
        load(npy(tmp_path / "b.npy", np.full((7, 5), 1e300 + 0j)))


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        (None, r"--layout coil,y,x"),
        (("coil", "y"), "must name each axis once"),
        (("coil", "y", "z"), "must name each axis once"),
        (("y", "y", "x"), "must name each axis once"),
        (("slice", "coil", "y", "x"), "names 4 axes"),
    ],
)
def test_axes_that_are_not_known_are_asked_for(
    tmp_path: Path, layout: tuple[str, ...] | None, message: str
) -> None:
    path = npy(tmp_path / "brain.npy", random_values(3, 7, 5))
    with pytest.raises(DataError, match=message) as caught:
        load(path, layout=layout)
    assert "brain.npy" in str(caught.value)


def test_images_have_no_coils(tmp_path: Path) -> None:
    path = npy(tmp_path / "a.npy", np.ones((3, 7, 5)))
    with pytest.raises(DataError, match="cannot have an axis 'coil'"):
        load(path, layout=("coil", "y", "x"))


def test_companions_follow_the_layout(tmp_path: Path) -> None:
    kspace, maps = random_values(3, 7, 5), random_values(3, 7, 5)
    mask = np.zeros((7, 5), dtype=np.uint8)
    mask[:, ::2] = 1
    reference = np.arange(35.0).reshape(7, 5)
    path = tmp_path / "a.npz"
    np.savez(path, kspace=kspace, mask=mask, reference=reference, coil_maps=maps)
    scan = load(path, layout=("coil", "y", "x"))
    assert torch.equal(scan.mask[0, 0, 0], torch.from_numpy(mask).bool())
    assert torch.equal(scan.kspace[0, 0], torch.from_numpy(kspace * mask))
    assert torch.equal(scan.coil_maps[0, 0], torch.from_numpy(maps))
    assert torch.equal(scan.reference[0, 0], torch.from_numpy(reference).float())
    assert scan.header.phase_axis == -1
    assert scan.header.notes == ()


def test_a_cine_comes_with_times_and_pixels(tmp_path: Path) -> None:
    cine = np.arange(3 * 7 * 5, dtype=np.uint16).reshape(3, 7, 5)
    path = tmp_path / "a.npz"
    np.savez(path, cine=cine, trigger_ms=[10.0, 42.0, 75.0], pixel_spacing_mm=0.8)
    scan = load(path)
    assert torch.equal(scan.reference[0], torch.from_numpy(cine.astype(np.float32)))
    assert scan.header.frame_times == pytest.approx((0.010, 0.042, 0.075))
    assert scan.header.spacing == pytest.approx((8e-4, 8e-4, 8e-4))
    for wrong in ([10.0, 42.0], [10.0, 75.0, 42.0], [10.0, 42.0, np.nan]):
        np.savez(path, cine=cine, trigger_ms=wrong)
        with pytest.raises(DataError, match="trigger_ms"):
            load(path)


def test_a_dataset_is_samples_of_frames_with_rows_along_its_last_axis(tmp_path: Path) -> None:
    dataset = np.arange(2 * 3 * 5 * 7, dtype=np.float32).reshape(2, 3, 5, 7)
    path = tmp_path / "a.npz"
    np.savez(path, dataset=dataset, trigger_ms=[0.0, 40.0, 80.0], pixel_spacing_mm=[2.0, 1.0])
    scan = load(path)
    assert torch.equal(scan.reference, torch.from_numpy(dataset.transpose(0, 1, 3, 2).copy()))
    assert scan.header.frame_times == pytest.approx((0.0, 0.040, 0.080))
    assert scan.header.spacing == pytest.approx((2e-3, 2e-3, 1e-3))
    np.savez(path, dataset=dataset + 1j)
    with pytest.raises(DataError, match="must hold magnitudes"):
        load(path)
    np.savez(path, dataset=dataset[:, :, :0])
    with pytest.raises(DataError, match="is empty"):
        load(path)


def test_archives_that_cannot_be_right_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.ones((7, 5)), b=np.ones((7, 5)))
    with pytest.raises(DataError, match=r"'a' \(7, 5\), 'b' \(7, 5\)"):
        load(path)
    np.savez(path, kspace=np.ones((7, 5), complex), mask=np.ones((6, 5)))
    with pytest.raises(DataError, match="does not broadcast"):
        load(path)
    np.savez(path, kspace=np.ones((7, 5), complex), header=np.array("{]"))
    with pytest.raises(DataError, match="not JSON"):
        load(path)
    np.savez(path, kspace=np.ones((7, 5), complex), header=np.array('{"spacing": [1, 2]}'))
    with pytest.raises(DataError, match="2 numbers where 3 belong"):
        load(path)
    np.savez(path, kspace=np.ones((7, 0), complex))
    with pytest.raises(DataError, match="empty"):
        load(path)
    np.savez(path, kspace=np.array(["a", "b"]))
    with pytest.raises(DataError, match="must hold numbers"):
        load(path)


def test_pickles_are_never_opened(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit('opened')",)

    path = tmp_path / "a.npy"
    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="pickle"):
        load(path)
    np.savez(tmp_path / "a.npz", kspace=np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="pickle"):
        load(tmp_path / "a.npz")


def test_a_layout_for_a_format_that_says_its_axes_is_refused(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    image.fromarray(np.ones((7, 5), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match="leave the layout out"):
        load(tmp_path / "a.png", layout=("y", "x"))
