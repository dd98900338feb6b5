"""What is wrong is said in one line, early, and leaves nothing half-written."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from commands import Run


def refused(run: Run, folder: Path, *words: object) -> tuple[int, str]:
    """Exit code and the line; nothing but it was said, and nothing was written."""
    before = sorted(folder.rglob("*"))
    ran = run(*words)
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert ran.err.startswith(f"feathermr {words[0]}: ")
    assert "unexpected" not in ran.err
    assert sorted(folder.rglob("*")) == before
    return ran.code, ran.err


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1500])


def _with_nan(path: Path) -> None:
    kspace = np.load(path)
    kspace[0, 3, 4] = np.nan
    np.save(path, kspace)


def _gone(path: Path) -> None:
    path.unlink()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("no scan at all")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("command", ["reconstruct", "evaluate"])
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_gone, "there is no such file"),
        (_empty, "the file is empty"),
        (_text, "its format is not known"),
        (_cut, "damaged or cut off"),
        (_with_nan, "NaN or infinite"),
        (_folder, "the folder holds no file"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_spoiled_file_is_named(
    run: Run,
    scans: Path,
    tmp_path: Path,
    command: str,
    spoil: Callable[[Path], None],
    sentence: str,
) -> None:
    shutil.copy(scans / "complete.npy", tmp_path / "scan.npy")
    spoil(tmp_path / "scan.npy")
    code, line = refused(run, tmp_path, command, "scan.npy", "--layout", "coil,y,x")
    assert code == 1
    assert "scan.npy" in line
    assert sentence in line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-m", "l1-wavlet"], "did you mean 'l1-wavelet'"),
        (["-m", "tv,"], "names with commas between"),
        (["-m", "tv", "--set", "wieght=2"], "did you mean 'weight'"),
        (["-m", "tv", "--set", "weight=abc"], "must be of kind float, not 'abc'"),
        (["-m", "tv", "--set", "weight=-1"], "zero or positive"),
        (["-m", "tv", "--set", "weight=nan"], "zero or positive"),
        (["-m", "tv", "--set", "iterations=2.5"], "must be of kind int"),
        (["-m", "tv", "--set", "weight"], "key=value"),
        (["-m", "l1-wavelet", "--set", "wavelet=db5"], "did you mean 'db4'"),
        (["--acceleration", "0.5"], "below 1"),
        (["--acceleration", "fast"], "not a number"),
        (["--acceleration", "4", "--pattern", "posson"], "did you mean 'poisson'"),
        (["--acceleration", "4", "--center", "5.5"], "neither a number of lines"),
        (["--center", "5"], "give --acceleration too"),
        (["--acceleration", "4", "--seed", "-1"], "negative"),
        (["--acceleration", "4", "--mask", "mask.npy"], "not both"),
        (["--format", "tiff"], "no image format is called 'tiff'"),
        (["--format", "png,,npy"], "names with commas between"),
        (["--device", "tpu"], "there are: cpu, cuda"),
        (["--coils", "0"], "not at least 1"),
        (["--snr", "-3"], "not a positive number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_value_is_found_before_the_scan_is_looked_for(
    run: Run, tmp_path: Path, words: list[str], sentence: str
) -> None:
    code, line = refused(run, tmp_path, "reconstruct", "not-there.h5", *words)
    assert code == 2
    assert sentence in line


@pytest.mark.parametrize("command", [["reconstruct", "x.h5"], ["evaluate", "x.h5"], ["demo"]])
def test_a_device_that_is_not_there_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr("feathermr.core.environment.torch.cuda.is_available", lambda: False)
    code, line = refused(run, tmp_path, *command, "--device", "cuda")
    assert code == 2
    assert "use --device cpu" in line


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["demo", "brian"], "did you mean 'brain'"),
        (["simulate", "brian"], "did you mean 'brain'"),
        (["simulate", "heart", "--format", "h5"], "use --format mrd"),
        (["simulate", "--size", "8", "8"], "at least 16 x 16"),
        (["evaluate", "x.h5", "--acceleration", "4,4"], "twice"),
        (["evaluate", "x.h5", "--acceleration", "4,"], "not a number"),
        (["evaluate", "x.h5", "--method", "sense"], "did you mean 'cg-sense'"),
        (["evaluate", "x.h5", "--pattern", "rnd", "--acceleration", "4"], "random"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_value_of_another_command_is_usage(
    run: Run, tmp_path: Path, words: list[str], sentence: str
) -> None:
    code, line = refused(run, tmp_path, *words)
    assert code == 2
    assert sentence in line


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["brain.h5", "--acceleration", "30"], 2, "use at most 5.00"),
        (["brain.h5", "--layout", "coil,y,x"], 2, "says its own axes"),
        (["brain.h5", "-m", "tv,temporal-tv"], 1, "needs a time series"),
        (["complete.npy"], 1, "give a layout"),
        (["complete.npy", "--layout", "coil,y,z"], 1, "out of slice, frame, coil, y, x"),
        (["complete.npy", "--layout", "coil,x"], 1, "y and x among them"),
        (["complete.npy", "--layout", "slice,coil,y,x"], 1, "names 4 axes"),
        (["sparse.npy", "--layout", "coil,y,x", "--acceleration", "3"], 2, "already undersampled"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_suit_the_scan_is_said(
    run: Run, scans: Path, tmp_path: Path, words: list[str], code: int, sentence: str
) -> None:
    found, line = refused(run, tmp_path, "reconstruct", scans / words[0], *words[1:])
    assert found == code
    assert sentence in line


def test_a_mask_that_does_not_fit_names_the_shapes_that_do(
    run: Run, scans: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "mask.npy", np.ones((7, 9)))
    code, line = refused(run, tmp_path, "reconstruct", scans / "brain.h5", "--mask", "mask.npy")
    assert code == 1
    assert "(7, 9)" in line
    assert "(40, 48)" in line
    code, line = refused(run, tmp_path, "reconstruct", scans / "brain.h5", "--mask", "none.npy")
    assert code == 1
    assert "no such file" in line


@pytest.mark.parametrize("command", ["reconstruct", "evaluate", "demo", "simulate"])
def test_a_file_in_place_of_the_folder_is_found_first(
    run: Run, tmp_path: Path, command: str
) -> None:
    (tmp_path / "taken").write_text("mine")
    words = {"reconstruct": ["not-there.h5"], "evaluate": ["not-there.h5"]}.get(command, [])
    for out in ("taken", "taken/below"):
        code, line = refused(run, tmp_path, command, *words, "--out", out)
        assert code == 1
        assert "taken is a file" in line
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_folder_without_permission_is_found_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    code, line = refused(run, tmp_path, "demo", "--out", "locked/away")
    assert code == 1
    assert "read-only" in line


def test_the_input_is_never_overwritten(run: Run, scans: Path, tmp_path: Path) -> None:
    shutil.copy(scans / "picture.png", tmp_path / "image.png")
    code, line = refused(run, tmp_path, "reconstruct", "image.png", "--out", ".")
    assert code == 2
    assert "overwrite the input" in line
    code, line = refused(run, tmp_path, "reconstruct", ".", "--out", ".")
    assert code == 2


def test_a_full_disk_leaves_only_complete_files(
    run: Run, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    ran = run("reconstruct", scans / "brain.h5", "-m", "zero-filled", "--out", "here")
    assert ran.code == 1
    assert ran.err == (
        "feathermr reconstruct: cannot write here/report.html: No space left on device\n"
    )
    names = sorted(path.name for path in (tmp_path / "here").iterdir())
    assert names == ["image.npy", "image_000.png", "image_001.png"]
    assert np.load(tmp_path / "here/image.npy").shape == (2, 1, 40, 48)


def test_too_little_memory_is_no_unexpected_error(
    run: Run, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 51200000000")

    monkeypatch.setattr("feathermr.deploy.one_file.compare", short)
    code, line = refused(run, tmp_path, "reconstruct", scans / "brain.h5")
    assert code == 1
    assert "not enough memory" in line


def test_an_error_of_many_lines_becomes_one_and_debug_shows_where(
    run: Run, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("first\n  second\nthird")

    monkeypatch.setattr("feathermr.deploy.one_file.compare", broken)
    ran = run("reconstruct", scans / "brain.h5")
    assert ran.code == 1
    assert ran.err == (
        "feathermr reconstruct: unexpected RuntimeError: first second third "
        "(run with --debug to see where)\n"
    )
    ran = run("reconstruct", scans / "brain.h5", "--debug")
    assert "Traceback" in ran.err
    assert "in broken" in ran.err


def test_a_scan_is_given_once_and_needs_something_to_compare_with(
    run: Run, scans: Path, tmp_path: Path
) -> None:
    brain = scans / "brain.h5"
    code, line = refused(run, tmp_path, "evaluate", brain, brain, "--acceleration", "2")
    assert code == 1
    assert "given twice" in line
    # found before the first scan is reconstructed
    code, line = refused(run, tmp_path, "evaluate", brain, "gone.h5", "--acceleration", "30")
    assert code == 1
    assert "gone.h5: there is no such file" in line
    for name, sentence in (
        ("sparse.npy", "neither complete nor has a reference"),
        ("complete.npy", "its own reference"),
    ):
        code, line = refused(run, tmp_path, "evaluate", scans / name, "--layout", "coil,y,x")
        assert code == 1
        assert sentence in line
    code, line = refused(
        run, tmp_path, "evaluate", brain, "-m", "tv,temporal-tv", "--acceleration", "2"
    )
    assert code == 1
    assert "needs a time series" in line
