"""Simulate, reconstruct, evaluate: the files that come out, and what they hold."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

import feathermr
from commands import Run
from feathermr.core.fft import ifft

STRICT = {"parse_constant": lambda name: pytest.fail(f"the JSON holds {name}")}


@pytest.mark.parametrize("anatomy", ["brain", "knee", "abdomen", "heart", "texture"])
def test_the_demo_writes_a_report_and_a_table(run: Run, tmp_path: Path, anatomy: str) -> None:
    ran = run("demo", anatomy, "--size", 32, "--slices", 1, "--coils", 3)
    assert (ran.code, ran.err) == (0, "")
    assert "psnr" in ran.out
    assert ("low-rank-sparse" if anatomy == "heart" else "l1-wavelet") in ran.out
    lines = [line for line in ran.out.splitlines() if not line.startswith("report: ")]
    assert max(map(len, lines)) <= 80
    page = (tmp_path / "out/demo/report.html").read_text()
    assert anatomy in page
    assert "simulat" in page


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("h5", ["knee-0003.h5", "knee-0004.h5"]),
        ("mrd", ["knee-0003.mrd", "knee-0004.mrd"]),
        ("npz", ["knee-0003.npz", "knee-0004.npz"]),
        ("cine", ["cine.npz"]),
    ],
)
def test_what_simulate_writes_can_be_reconstructed_and_evaluated(
    run: Run, tmp_path: Path, kind: str, names: list[str]
) -> None:
    size = ("--size", 36, 33, "--coils", 4, "--slices", 2)
    ran = run("simulate", "knee", "--cases", 2, "--seed", 3, *size, "--format", kind, "--out", "s")
    assert ran.code == 0
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == names
    ran = run("reconstruct", Path("s") / names[0], "-m", "cg-sense", "--acceleration", 2)
    assert (ran.code, ran.err) == (0, "")
    image = np.load(tmp_path / "out" / Path(names[0]).stem / "image.npy")
    assert image.shape == (4 if kind == "cine" else 2, 1, 36, 33)
    assert np.iscomplexobj(image)
    ran = run("evaluate", "s", "-m", "cg-sense", "--acceleration", "2,3", "--center", 8)
    assert (ran.code, ran.err) == (0, "")
    assert "random 2x, center 8" in ran.out
    assert "random 3x, center 8" in ran.out
    entries = json.loads((tmp_path / "out/evaluate/scores.json").read_text(), **STRICT)["entries"]
    assert len(entries) == 2 * len(names)
    assert {entry["undersampling"]["pattern"] for entry in entries} == {"random"}
    table = (tmp_path / "out/evaluate/table.md").read_text()
    assert table.count("| cg-sense |") == 2


def test_a_simulated_heart_is_a_film_by_default(run: Run, tmp_path: Path) -> None:
    assert run("simulate", "heart", "--size", 32, 32, "--coils", 2, "--frames", 5).code == 0
    path = tmp_path / "out/simulated/heart-0000.mrd"
    assert feathermr.load(path).kspace.shape == (1, 5, 2, 32, 32)
    ran = run("simulate", "heart", "--size", 32, 32, "--frames", 5, "--format", "cine")
    assert ran.code == 0
    with np.load(tmp_path / "out/simulated/cine.npz") as archive:
        assert archive["dataset"].shape == (1, 5, 32, 32)


def test_every_image_format_holds_the_same_image(run: Run, scans: Path, tmp_path: Path) -> None:
    ran = run(
        *("reconstruct", scans / "brain.h5", "-m", "cg-sense", "--acceleration", 2),
        *("--format", "npy,png,nifti,dicom,h5,gif", "--out", "o"),
    )
    assert (ran.code, ran.err) == (0, "")
    names = sorted(path.name for path in (tmp_path / "o").iterdir())
    assert names == sorted(
        ["image.npy", "image.nii.gz", "image.h5", "image", "report.html"]
        + [f"image_00{index}.{kind}" for index in (0, 1) for kind in ("png", "gif")]
    )
    magnitude = np.abs(np.load(tmp_path / "o/image.npy"))[:, 0]
    with h5py.File(tmp_path / "o/image.h5") as file:
        assert np.allclose(file["reconstruction"][()], magnitude, rtol=1e-5)
    for name, tolerance in (("image.nii.gz", 1e-3), ("image", 2e-3)):
        read = feathermr.load(tmp_path / "o" / name).reference
        assert read is not None
        error = np.abs(read[:, 0].numpy() - magnitude).max()
        assert error < tolerance * magnitude.max(), name
    grey = np.asarray(Image.open(tmp_path / "o/image_000.png")).astype(float)
    white = np.quantile(magnitude, 0.995)
    assert np.abs(grey / 255 - np.clip(magnitude[0] / white, 0, 1)).max() < 0.02


def test_a_film_is_an_animation_and_an_array(run: Run, scans: Path, tmp_path: Path) -> None:
    ran = run("reconstruct", scans / "heart.mrd", "--acceleration", 3)
    assert ran.code == 0
    assert "kronecker-cine" in ran.out
    folder = tmp_path / "out/heart"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["image.gif", "image.npy", "report.html"]
    with Image.open(folder / "image.gif") as film:
        assert getattr(film, "n_frames", 1) == 6


def test_several_methods_leave_an_image_each(run: Run, scans: Path, tmp_path: Path) -> None:
    ran = run(
        *("reconstruct", scans / "brain.h5", "-m", "cg-sense,tv", "--set", "iterations=3"),
        *("--acceleration", 2, "--format", "npy"),
    )
    assert ran.code == 0
    names = sorted(path.name for path in (tmp_path / "out/brain").iterdir())
    assert names == ["image-cg-sense.npy", "image.npy", "report.html"]


def test_a_mask_from_a_file_is_the_one_used(run: Run, scans: Path, tmp_path: Path) -> None:
    lines = np.arange(40) % 2 == 0
    lines[16:24] = True
    np.save(tmp_path / "mask.npy", lines)
    ran = run("reconstruct", scans / "brain.h5", "-m", "zero-filled", "--mask", "mask.npy")
    assert ran.code == 0
    scan = feathermr.load(scans / "brain.h5")
    kept = scan.kspace * torch.from_numpy(lines)[:, None]
    assert scan.noise is not None  # zero filling whitens by it
    image = np.abs(np.load(tmp_path / "out/brain/image.npy"))
    plain = ifft(kept).abs().square().sum(2).sqrt().numpy()
    assert np.corrcoef(image.ravel(), plain.ravel())[0, 1] > 0.99


def test_a_complete_scan_gives_its_coil_combined_image_and_no_scores(
    run: Run, scans: Path, tmp_path: Path
) -> None:
    ran = run("reconstruct", scans / "complete.npy", "--layout", "coil,y,x")
    assert (ran.code, ran.err) == (0, "")
    assert "nothing to score" in ran.out
    assert not {"psnr", "inf", "nan"} & set(ran.out.lower().split())
    kspace = torch.from_numpy(np.load(scans / "complete.npy"))
    expected = ifft(kspace).abs().square().sum(0).sqrt().numpy()
    image = np.load(tmp_path / "out/complete/image.npy")[0, 0]
    assert np.allclose(np.abs(image), expected, rtol=1e-4, atol=1e-5 * expected.max())
    page = (tmp_path / "out/complete/report.html").read_text()
    assert "There is no reference image" in page


def test_zero_padding_is_not_taken_for_undersampling(run: Run, tmp_path: Path) -> None:
    scan = feathermr.simulate("brain", shape=(40, 36), coils=3)
    kspace = scan.kspace[:, 0].numpy().copy()
    kspace[..., :4] = 0
    kspace[..., 33:] = 0
    with h5py.File(tmp_path / "padded.h5", "w") as file:
        file["kspace"] = kspace
    ran = run("reconstruct", "padded.h5")
    assert ran.code == 0
    assert "zero-filled, the default" in ran.out
    assert "kronecker-cascade" not in ran.out
    ran = run("reconstruct", "padded.h5", "--acceleration", 2)
    assert ran.code == 0
    assert "kronecker-cascade, the default" in ran.out


def test_files_of_one_name_in_two_folders_are_two_scans(
    run: Run, scans: Path, tmp_path: Path
) -> None:
    for index, folder in enumerate(("a", "b")):
        words = ("--size", 32, 32, "--coils", 3, "--out", folder, "--seed", index)
        assert run("simulate", "texture", *words).code == 0
        written = next((tmp_path / folder).iterdir())
        written.rename(written.with_name("scan.h5"))
    (tmp_path / "b/notes.txt").write_text("no scan")
    ran = run("evaluate", "a/scan.h5", "b", "-m", "cg-sense", "--acceleration", 2)
    assert (ran.code, ran.err) == (0, "")
    assert "over 2 subjects" in " ".join(ran.out.split())


def test_the_folder_is_named_after_the_file_without_its_ending_only(
    run: Run, scans: Path, tmp_path: Path
) -> None:
    for name in ("slice+01.55.png", "scan:heart:[b].v2.png"):
        (tmp_path / name).write_bytes((scans / "picture.png").read_bytes())
        assert run("reconstruct", name, "--format", "npy").code == 0
        assert (tmp_path / "out" / name.removesuffix(".png") / "image.npy").is_file()


def test_notes_stay_on_one_line_when_they_are_piped(run: Run, scans: Path) -> None:
    ran = run("reconstruct", scans / "sparse.npy", "--layout", "coil,y,x", "-m", "zero-filled")
    notes = [line for line in ran.out.splitlines() if line.startswith("note: ")]
    assert any("mask was inferred from zeros" in line and "not sampled" in line for line in notes)
