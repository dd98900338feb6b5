import pickle
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import synthetic
from feathermr.acquisition import Acquisition, load
from feathermr.core.crop import center_crop
from feathermr.core.errors import DataError, UsageError
from feathermr.core.fft import fft, ifft
from feathermr.recon.problem import pose
from feathermr.training.example import Example, LowResolution
from feathermr.training.fastmri_data import FastmriConfig, cropped, open_fastmri

SMALL = FastmriConfig(
    central_slices=2, validation=1, crop=(32, 32), accelerations=(2.0, 3.0), batch=2
)


def write(
    path: Path,
    *,
    slices: int = 4,
    coils: int = 1,
    shape: tuple[int, int] = (48, 36),
    patient: str = "",
    mask: bool = False,
) -> Path:
    """As fastMRI writes them: k-space (slice, y, x) or (slice, coil, y, x), nothing else needed."""
    path.parent.mkdir(exist_ok=True)
    kspace = synthetic.scan(slices, 1, coils, shape, noise=0.002).kspace[:, 0]
    scale = 1e-4 * (1 + sum(path.stem.encode()) % 7)
    with h5py.File(path, "w") as file:
        file["kspace"] = (scale * (kspace[:, 0] if coils == 1 else kspace)).numpy()
        if mask:
            file["mask"] = (np.arange(shape[1]) % 2).astype(np.float32)
        if patient:
            file.attrs["patient_id"] = patient
    return path


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """Six files of five patients."""
    for number in range(6):
        write(tmp_path / "flat" / f"file{number}.h5", patient=f"patient{min(number, 4)}")
    return tmp_path / "flat"


def tensors(example: Example) -> tuple[torch.Tensor, ...]:
    return example.kspace, example.mask, example.coil_maps, example.target


def same(a: Example, b: Example) -> bool:
    return all(torch.equal(x, y) for x, y in zip(tensors(a), tensors(b), strict=True))


def test_an_example_is_what_the_reconstruction_will_see(flat: Path) -> None:
    data = open_fastmri(flat, SMALL, seed=1)
    example = data.train[0]
    assert [tuple(part.shape) for part in tensors(example)] == [
        (2, 1, 1, 32, 32), (2, 1, 1, 32, 32), (2, 1, 1, 32, 32), (2, 1, 32, 32),
    ]  # fmt: skip
    assert example.kspace.dtype == torch.complex64
    assert not bool(example.kspace[~example.mask].any())
    number, index = data.train._order[1][0][0]  # the first slice of this example
    whole = load(data.train.files[number].path).slices(index, index + 1)
    image = center_crop(ifft(whole.kspace[:, :, 0]), (32, 32))
    problem = pose(
        Acquisition(
            kspace=torch.where(
                example.mask[:1], cropped(whole, (32, 32)).kspace, torch.zeros(())
            ).to(torch.complex64),
            mask=example.mask[:1],
        )
    )
    torch.testing.assert_close(example.target[:1], image / problem.scale)
    torch.testing.assert_close(example.kspace[:1], problem.acquisition.kspace)
    assert 0.7 < float(example.target.abs().max()) < 3


def test_masks_have_the_patterns_and_accelerations_asked_for(flat: Path) -> None:
    data = open_fastmri(flat, SMALL, seed=1)
    achieved = set()
    for index in range(8):
        mask = data.train[index].mask
        assert bool((mask == mask[..., :1, :]).all()), "lines are skipped along x"
        lines = mask[:, 0, 0, 0]
        assert bool(lines[:, 12:20].all()), "the center is there"
        achieved |= {round(32 / int(one.sum()), 1) for one in lines}
    assert achieved == {2.0, 2.9}  # 16 and 11 of 32 lines


def test_central_slices_are_used_once_an_epoch(tmp_path: Path) -> None:
    for number, slices in enumerate((5, 1, 8)):
        write(tmp_path / f"{number}.h5", slices=slices)
    data = open_fastmri(tmp_path, SMALL, seed=0)
    used = [one for source in (data.train, data.validation) for one in used_slices(source)]
    assert sorted(used) == [("0", 1), ("0", 2), ("1", 0), ("2", 3), ("2", 4)]


def used_slices(source: object) -> list[tuple[str, int]]:
    order = source._batches(3)  # type: ignore[attr-defined]
    return [
        (source.files[number].path.stem, index)  # type: ignore[attr-defined]
        for batch in order
        for number, index in batch
    ]


def test_an_index_gives_the_same_example_anywhere_and_another_next_epoch(flat: Path) -> None:
    first, second = (open_fastmri(flat, SMALL, seed=1) for _ in range(2))
    worker = pickle.loads(pickle.dumps(second.train))
    length = first.train.epoch_length
    indices = (0, length, 5 * length + 1)
    examples = {index: first.train[index] for index in indices}
    for index in reversed(indices):
        assert same(examples[index], worker[index])
    masks = [example.mask for example in examples.values()]
    assert not torch.equal(masks[0], masks[1])
    assert len({tuple(used_slices(first.train)), tuple(used_slices(worker))}) == 1
    assert not same(open_fastmri(flat, SMALL, seed=2).train[0], examples[0])
    assert len(first.train) > 10**9


def as_it_is(example: Example) -> Example:
    return example


def test_workers_give_what_the_process_itself_gives(flat: Path) -> None:
    train = open_fastmri(flat, SMALL, seed=1).train
    loader = torch.utils.data.DataLoader(
        train,  # type: ignore[arg-type]
        batch_size=None, sampler=range(3), num_workers=2, collate_fn=as_it_is,
    )  # fmt: skip
    for index, example in enumerate(loader):
        assert same(example, train[index])


def test_a_case_keeps_its_validation_mask(flat: Path) -> None:
    config = replace(SMALL, batch=1, validation=3)
    validation = open_fastmri(flat, config, seed=1).validation
    assert len(validation) == validation.epoch_length
    with pytest.raises(IndexError):
        validation[len(validation)]
    by_file: dict[str, list[torch.Tensor]] = {}
    for index, (file, _) in enumerate(used_slices(validation)):
        by_file.setdefault(file, []).append(validation[index].mask)
    assert all(torch.equal(*masks) for masks in by_file.values())
    first, second, *_ = (masks[0] for masks in by_file.values())
    assert not torch.equal(first, second)


def test_splits_go_by_patient(flat: Path) -> None:
    for seed in range(6):
        config = replace(SMALL, validation=1, test=2)
        files = open_fastmri(flat, config, seed=seed).files
        names = {use: {path.stem for path in paths} for use, paths in files.items()}
        assert sum(map(len, names.values())) == 6
        together = [{"file4", "file5"} & part for part in names.values()]
        assert {"file4", "file5"} in together


def test_fractions_are_nested_and_leave_the_validation_alone(tmp_path: Path) -> None:
    for number in range(11):
        write(tmp_path / f"{number}.h5", slices=1)
    files = {
        fraction: open_fastmri(tmp_path, replace(SMALL, fraction=fraction), seed=0).files
        for fraction in (0.1, 0.5, 1.0)
    }
    few, half, whole = (set(files[fraction]["train"]) for fraction in (0.1, 0.5, 1.0))
    assert few < half < whole
    assert (len(few), len(half), len(whole)) == (1, 5, 10)
    assert len({files[fraction]["validation"] for fraction in files}) == 1


def test_folders_of_fastmri_are_used_as_they_are_named(tmp_path: Path) -> None:
    for part, names in {
        "singlecoil_train": ("a", "b", "c"),
        "singlecoil_val": ("d", "e"),
        "singlecoil_test": ("f",),
    }.items():
        for name in names:
            write(tmp_path / part / f"{name}.h5", slices=1, patient="z" if name in "ce" else name)
    data = open_fastmri(tmp_path, SMALL, seed=0)
    assert [path.stem for path in data.files["train"]] == ["a", "b"]
    assert [path.stem for path in data.files["validation"]] == ["d", "e"]
    assert data.notes == (
        "1 case(s) of the validation left out of the training",
        "cases: 2 to train, 2 to validation",
    )
    alone = open_fastmri(tmp_path / "singlecoil_train", SMALL, seed=0)
    assert sum(map(len, alone.files.values())) == 3


def test_several_coils_keep_their_lines_and_get_estimated_maps(tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / f"{number}.h5", slices=1, coils=4)
    example = open_fastmri(tmp_path, SMALL, seed=0).train[0]
    assert tuple(example.kspace.shape) == (1, 1, 4, 32, 36)
    strength = example.coil_maps.abs().square().sum(2)
    assert float((strength.where(strength > 0.5, 1.0) - 1).abs().max()) < 1e-3
    assert float((strength > 0.5).float().mean()) > 0.6
    explained = example.encoding(example.target) - example.kspace
    assert float(explained.norm() / example.kspace.norm()) < 0.15


def test_many_coils_are_compressed_as_the_reconstruction_does(tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / f"{number}.h5", slices=1, coils=14, shape=(32, 36))
    data = open_fastmri(tmp_path, SMALL, seed=0)
    example = data.train[0]
    assert example.kspace.shape[2] == 12
    whole = load(data.files["train"][0])
    lines = torch.where(example.mask[..., :1, :], whole.kspace, torch.zeros(()))
    given = Acquisition(lines.to(torch.complex64), example.mask[:, :, :, :1])
    posed = pose(given).acquisition
    torch.testing.assert_close(example.kspace, posed.kspace, rtol=1e-3, atol=1e-3)


def test_undersampled_files_are_left_out_and_counted(flat: Path) -> None:
    write(flat / "test.h5", mask=True)
    notes = open_fastmri(flat, SMALL, seed=0).notes
    assert notes[0] == "1 undersampled file(s) left out"


@pytest.mark.parametrize("found", ["a file", "nothing", "an empty folder"])
def test_no_files_is_one_sentence(tmp_path: Path, found: str) -> None:
    folder = tmp_path / "folder"
    if found == "a file":
        folder.write_text("")
    elif found == "an empty folder":
        (folder / "singlecoil_train").mkdir(parents=True)
    with pytest.raises(DataError, match=r"is no folder|holds no \.h5 files") as caught:
        open_fastmri(folder, SMALL, seed=0)
    assert str(folder) in str(caught.value)


def test_a_broken_file_is_found_before_anything_is_trained(flat: Path) -> None:
    content = (flat / "file2.h5").read_bytes()
    (flat / "file2.h5").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"file2\.h5: the file is damaged or cut off"):
        open_fastmri(flat, SMALL, seed=0)


def test_what_cannot_be_trained_on_is_one_sentence(flat: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "image.h5", "w") as file:
        file["image"] = np.ones((2, 3))
    with pytest.raises(DataError, match=r"image\.h5: it holds no 'kspace'"):
        open_fastmri(tmp_path, SMALL, seed=0)
    write(tmp_path / "one" / "case.h5")
    with pytest.raises(UsageError, match=r"1 case\(s\) cannot give 1 to validation"):
        open_fastmri(tmp_path / "one", SMALL, seed=0)
    with pytest.raises(UsageError, match="leaves none; use at least"):
        open_fastmri(flat, replace(SMALL, fraction=0.01), seed=0)
    with pytest.raises(DataError, match=r"no complete \.h5 files of several coils"):
        open_fastmri(flat, replace(SMALL, coils="multi"), seed=0)
    write(flat / "multi.h5", coils=3)
    with pytest.raises(UsageError, match="choose with coils: single or multi"):
        open_fastmri(flat, SMALL, seed=0)


def test_a_slice_that_cannot_be_used_names_its_file(tmp_path: Path) -> None:
    for number in range(2):
        path = write(tmp_path / f"{number}.h5", slices=1)
        with h5py.File(path, "r+") as file:
            file["kspace"][:] = np.where(np.arange(36) % 2, file["kspace"][:], 0)
    with pytest.raises(DataError, match=r"\d\.h5, slice 0: lines are missing"):
        open_fastmri(tmp_path, SMALL, seed=0).train[0]
    for path in tmp_path.glob("*.h5"):
        with h5py.File(path, "r+") as file:
            file["kspace"][:] = 0
    with pytest.raises(DataError, match=r"\d\.h5, slice 0: it holds no sample") as caught:
        open_fastmri(tmp_path, SMALL, seed=0).train[0]
    assert str(caught.value).count(".h5") == 1


def test_files_are_closed_after_every_slice(flat: Path) -> None:
    data = open_fastmri(flat, SMALL, seed=0)
    data.train[0]
    for path in flat.glob("*.h5"):
        with h5py.File(path, "r+") as file:
            file.attrs["seen"] = True


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"patterns": {"rando": 1.0}}, "did you mean 'random'"),
        ({"patterns": {"random": 0.0}}, "at least one"),
        ({"patterns": {"random": -1.0}}, "must be positive"),
        ({"accelerations": ()}, "at least 1"),
        ({"accelerations": (0.5,)}, "at least 1"),
        ({"batch": 0}, "at least 1"),
        ({"crop": (8, 320)}, "crop at least 16"),
    ],
)
def test_settings_out_of_range_are_one_sentence(setting: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(SMALL, **setting)  # type: ignore[arg-type]


@pytest.mark.parametrize("coils", [1, 3])
def test_slices_become_images_of_low_resolution(tmp_path: Path, coils: int) -> None:
    for number in range(3):
        write(tmp_path / "scans" / f"file{number}.h5", coils=coils)
    config = replace(SMALL, magnify=3, batch=1)
    data = open_fastmri(tmp_path / "scans", config, seed=1)
    example = data.validation[0]
    assert isinstance(example, LowResolution)
    assert (example.low.shape, example.target.shape) == ((1, 1, 10, 10), (1, 1, 30, 30))
    whole = load(data.files["validation"][0]).slices(1, 2)
    image = center_crop(ifft(whole.kspace), (30, 30))
    low = ifft(center_crop(fft(image), (10, 10))) / 3
    for found, expected in ((example.target, image), (example.low, low)):
        magnitude = expected.abs().square().sum(2).sqrt()
        unit = magnitude / low.abs().square().sum(2).sqrt().flatten().kthvalue(100).values
        assert torch.allclose(found.real, unit, atol=1e-4)
    pairs = open_fastmri(tmp_path / "scans", replace(config, batch=2), seed=1)
    assert pairs.train[0].target.shape == (2, 1, 30, 30)
    with pytest.raises(UsageError, match="magnify must be 1, 2, 3 or 4, not 5"):
        replace(config, magnify=5)
