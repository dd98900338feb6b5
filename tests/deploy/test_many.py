"""An archive of scans: what is reconstructed, left, made anew, refused; in this process."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

import feathermr
from feathermr.cli.main import main
from feathermr.core.errors import DataError, UsageError
from feathermr.deploy.many.archive import Archive
from feathermr.deploy.many.result import Result
from feathermr.deploy.many.run import Summary, _alone
from feathermr.deploy.request import Request
from feathermr.models.weights import SHIPPED

SEEDS = range(4)


class Here:
    """One worker, in this process."""

    threads = 1

    def results(self, work: Callable[[str], Result], sources: Sequence[str]) -> Iterator[Result]:
        return map(work, sources)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """``a/0.h5`` to ``b/c/3.h5``, each of one small slice, and a note beside them."""
    folder = tmp_path / "scans"
    for seed in SEEDS:
        scan = feathermr.simulate("brain", slices=1, shape=(20, 24), coils=2, seed=seed)
        given = feathermr.Undersampling(2, seed=seed)(scan)
        feathermr.save_acquisition(given, folder / ("a" if seed < 2 else "b/c") / f"{seed}.h5")
    (folder / "a" / "readme.txt").write_text("no scan")
    return Archive(folder, tmp_path / "out")


FAST = Request(("zero-filled",), formats=("npy",), page=False)


def go(archive: Archive, request: Request = FAST, **options: bool) -> Summary:
    return feathermr.reconstruct_many(archive, request, Here(), **options)


def images(archive: Archive) -> dict[str, int]:
    """When each image was written."""
    found = sorted(archive.out.rglob("image.npy"))
    return {one.relative_to(archive.out).as_posix(): one.stat().st_mtime_ns for one in found}


def manifest(archive: Archive) -> dict[str, dict[str, str]]:
    scans = json.loads((archive.out / "manifest.json").read_text())["scans"]
    assert isinstance(scans, dict)
    return scans


def test_the_tree_of_images_is_that_of_scans_and_each_is_what_reconstruct_gives(
    archive: Archive,
) -> None:
    done = go(archive)
    assert (done.done, done.kept, done.failures) == (4, 0, {})
    assert list(images(archive)) == [
        "a/0.h5/image.npy", "a/1.h5/image.npy", "b/c/2.h5/image.npy", "b/c/3.h5/image.npy",
    ]  # fmt: skip
    scan = feathermr.read_scan(archive.source("b/c/3.h5"))
    alone = feathermr.reconstruct(scan, "zero-filled")
    stored = np.load(archive.out / "b/c/3.h5/image.npy")
    assert torch.equal(torch.from_numpy(stored), alone.image)
    record = json.loads((archive.out / "b/c/3.h5/record.json").read_text())
    digest = hashlib.sha256(archive.source("b/c/3.h5").read_bytes()).hexdigest()
    assert record["sha256"] == digest == manifest(archive)["b/c/3.h5"]["sha256"]
    assert record["methods"]["zero-filled"]["name"] == "zero-filled"


def test_what_is_done_is_left_and_what_is_new_or_changed_is_reconstructed(
    archive: Archive,
) -> None:
    go(archive)
    before = images(archive)
    shutil.copy(archive.source("a/0.h5"), archive.source("b/new.h5"))
    shutil.copy(archive.source("a/0.h5"), archive.source("a/1.h5"))
    os.utime(archive.source("b/c/2.h5"), (1, 1))  # copied elsewhere, say: the same bytes
    (archive.out / "b/c/3.h5/image.npy").unlink()
    again = go(archive)
    assert (again.done, again.kept) == (3, 2)
    after = images(archive)
    assert {name for name in before if after[name] == before[name]} == {
        "a/0.h5/image.npy",
        "b/c/2.h5/image.npy",
    }


def test_only_verify_sees_a_change_that_keeps_size_and_time(archive: Archive) -> None:
    go(archive)
    path = archive.source("a/0.h5")
    state, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert go(archive).done == 0
    assert go(archive, verify=True).done == 1


def test_a_broken_scan_is_listed_with_its_reason_and_tried_again(archive: Archive) -> None:
    archive.source("a/broken.h5").write_bytes(b"\x89HDF\r\n\x1a\nno more")
    first = go(archive)
    assert first.done == 4
    assert list(first.failures) == ["a/broken.h5"]
    assert "damaged or cut off" in first.failures["a/broken.h5"]
    assert manifest(archive)["a/broken.h5"]["state"] == "failed"
    assert not (archive.out / "a/broken.h5").exists()
    shutil.copy(archive.source("a/0.h5"), archive.source("a/broken.h5"))
    second = go(archive)
    assert (second.done, second.kept, second.failures) == (1, 4, {})


def test_other_settings_are_refused_until_they_are_to_replace(archive: Archive) -> None:
    go(archive)
    other = Request(("cg-sense",), {"iterations": "2"}, formats=("npy",), page=False)
    with pytest.raises(UsageError, match="holds results of other settings"):
        go(archive, other)
    assert images(archive)
    assert go(archive, other, replace_others=True).done == 4
    assert go(archive, other).kept == 4
    record = json.loads((archive.out / "a/0.h5/record.json").read_text())
    assert record["methods"]["cg-sense"]["settings"]["iterations"] == 2


def test_settings_by_which_all_failed_bind_nobody(archive: Archive) -> None:
    wrong = Request(("temporal-tv",), formats=("npy",), page=False)  # needs films
    assert len(go(archive, wrong).failures) == 4
    assert go(archive).done == 4


def test_other_weights_under_the_same_name_are_other_settings(
    archive: Archive, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(SHIPPED["kronecker-unet"], run / "model.safetensors")
    request = Request((str(run),), formats=("npy",), page=False)
    few = Archive(archive.folder, archive.out, ("0.h5",))
    assert go(few, request).done == 1
    assert go(few, request).kept == 1
    shutil.copy(SHIPPED["kronecker-cascade"], run / "model.safetensors")
    with pytest.raises(UsageError, match="other settings"):
        go(few, request)


def test_what_another_program_wrote_is_never_replaced(archive: Archive) -> None:
    (archive.out / "a/0.h5").mkdir(parents=True)
    (archive.out / "a/0.h5/thesis.txt").write_text("four years")
    done = go(archive)
    assert "did not write" in done.failures["a/0.h5"]
    assert (archive.out / "a/0.h5/thesis.txt").read_text() == "four years"


def test_what_killed_processes_left_half_written_is_removed(archive: Archive) -> None:
    left = archive.out / "a" / ".123-0123abcd-0.h5"
    left.mkdir(parents=True)
    (left / "image.npy").write_bytes(b"half")
    go(archive)
    assert not left.exists()


def test_two_runs_do_not_share_a_folder(archive: Archive) -> None:
    with _alone(archive.out), pytest.raises(DataError, match="another run"):
        go(archive)
    assert go(archive).done == 4


def test_patterns_choose_files_and_folders(archive: Archive) -> None:
    np.save(archive.folder / "a" / "bare.npy", np.ones((2, 4, 4), np.complex64))
    series = archive.folder / "series_1"
    series.mkdir()
    brain = feathermr.simulate("brain", slices=2, shape=(20, 24))
    assert brain.reference is not None
    feathermr.save_image(brain.reference, brain.header, series / "slice", "png")
    assert Archive(archive.folder, archive.out, ("*.npy", "c/*.h5", "series_*")).sources() == [
        "a/bare.npy", "b/c/2.h5", "b/c/3.h5", "series_1",
    ]  # fmt: skip
    done = go(Archive(archive.folder, archive.out, ("series_*",)))
    assert (done.done, done.failures) == (1, {})
    assert np.load(archive.out / "series_1/image.npy").shape == (2, 1, 20, 24)


def test_results_inside_the_archive_are_no_scans(archive: Archive) -> None:
    inside = Archive(archive.folder, archive.folder / "results")
    request = Request(("zero-filled",), formats=("h5",), page=False)
    assert go(inside, request).done == 4
    assert go(inside, request).kept == 4


def test_a_report_comes_where_it_is_asked_for(archive: Archive) -> None:
    few = Archive(archive.folder, archive.out, ("0.h5",))
    go(few, Request(("zero-filled", "cg-sense"), formats=("png",)))
    there = {one.name for one in (archive.out / "a/0.h5").iterdir()}
    assert there == {"image.png", "image-zero-filled.png", "report.html", "record.json"}


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["scans", "-o", "scans"], 2, "could overwrite"),
        (["scans", "-o", "."], 2, "could overwrite"),
        (["nowhere", "-o", "out"], 1, "no such folder"),
        (["scans", "-o", "out", "--match", "*.tif"], 1, "nothing fits *.tif"),
        (["scans", "-o", "out", "-m", "tw"], 2, "no method is called 'tw'"),
        (["scans", "-o", "out", "--cluster", "tcp://h:1", "--workers", "3"], 2, "--workers"),
        (["scans", "-o", "out", "--cluster", "nonsense"], 1, "no Dask scheduler answers"),
    ],
)
def test_what_cannot_be_is_refused_before_a_scan_is_read(
    words: list[str],
    code: int,
    expected: str,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(archive.folder.parent)
    monkeypatch.setattr("feathermr.deploy.many.dask_cluster.ANSWER", 1)
    assert main(["reconstruct-many", *words]) == code
    error = capsys.readouterr().err
    assert error.startswith("feathermr reconstruct-many: ")
    assert error.count("\n") == 1
    assert expected in error
    assert not list(archive.folder.rglob("image.npy"))
