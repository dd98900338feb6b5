"""Worker processes, here and on a cluster: work, death and replacement, restart."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path

import pytest
from distributed import LocalCluster

import feathermr
from faults import CannotBegin, EndsItself
from feathermr.cli.main import main
from feathermr.core.errors import DataError
from feathermr.deploy.many.archive import Archive
from feathermr.deploy.many.local_pool import LocalPool
from feathermr.deploy.request import Request

FAST = ["-m", "zero-filled", "--format", "npy"]
COMMAND = [sys.executable, "-m", "feathermr.cli.main", "reconstruct-many"]


def write_scans(folder: Path, count: int) -> Path:
    """So many small scans in three folders, and a broken one."""
    scan = feathermr.simulate("brain", slices=1, shape=(16, 20), coils=2)
    for index in range(count):
        given = feathermr.Undersampling(2, seed=index)(scan)
        feathermr.save_acquisition(given, folder / f"day{index % 3}" / f"scan{index:03d}.h5")
    (folder / "day1" / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\nno more")
    return folder


def state(out: Path) -> dict[str, str]:
    scans = json.loads((out / "manifest.json").read_text())["scans"]
    return {name: one["state"] for name, one in scans.items()}


def test_an_archive_survives_a_broken_file_and_a_killed_worker(tmp_path: Path) -> None:
    archive = Archive(write_scans(tmp_path / "scans", 12), tmp_path / "out")
    killed = []

    def kill_one(done: int, total: int) -> None:
        assert total == 13
        if not killed:
            workers = active_children()
            assert len(workers) == 2
            killed.append(workers[0].pid)
            os.kill(workers[0].pid or 0, signal.SIGKILL)

    request = Request(("zero-filled",), formats=("npy",), page=False)
    done = feathermr.reconstruct_many(archive, request, LocalPool(2), progress=kill_one)
    assert killed
    assert (done.done, list(done.failures)) == (12, ["day1/broken.h5"])
    assert len(list(archive.out.rglob("image.npy"))) == 12
    assert not list(archive.out.rglob(".*-*"))
    assert not active_children()


def test_a_scan_whose_worker_is_killed_goes_to_another_once(tmp_path: Path) -> None:
    work = EndsItself(tmp_path / "mark")
    found = list(LocalPool(1).results(work, ["a", "once", "b", "fatal", "c"]))
    assert work.mark.exists()
    assert [(one.source, one.record) for one in found] == [
        ("a", {}), ("once", {}), ("b", {}), ("fatal", None), ("c", {}),
    ]  # fmt: skip
    assert "killed by signal 9, 2 times" in found[3].reason


def test_workers_that_cannot_begin_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feathermr.deploy.many.local_pool.FALSE_STARTS", 1)
    with pytest.raises(DataError, match="ended with exit code 3 before they began"):
        list(LocalPool(1).results(CannotBegin(), ["a", "b"]))
    assert not active_children()


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> Iterator[LocalCluster]:
    """A scheduler at a real address with so many worker processes."""
    with LocalCluster(
        n_workers=request.param, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.mark.parametrize("cluster", [1], indirect=True)
def test_a_cluster_does_the_same(
    cluster: LocalCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_scans(tmp_path / "scans", 5)
    address = cluster.scheduler_address
    assert address.startswith("tcp://127.0.0.1:")
    words = ["reconstruct-many", str(folder), "-o", str(tmp_path / "out"), *FAST]
    assert main([*words, "--cluster", address]) == 1
    ran = capsys.readouterr()
    assert "failed: day1/broken.h5: the file is damaged or cut off" in ran.out
    assert "1 of 6 scans failed" in ran.err
    states = state(tmp_path / "out")
    assert [name for name, one in states.items() if one != "done"] == ["day1/broken.h5"]
    (folder / "day1" / "broken.h5").unlink()
    assert main([*words, "--cluster", address]) == 0
    assert "5 scans had their results already" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [2], indirect=True)
def test_a_cluster_goes_on_when_a_worker_is_killed(cluster: LocalCluster, tmp_path: Path) -> None:
    archive = Archive(write_scans(tmp_path / "scans", 40), tmp_path / "out")
    pool = feathermr.DaskCluster(cluster.scheduler_address)
    killed = []

    def kill_one(done: int, total: int) -> None:
        if not killed:
            killed.append(cluster.workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    request = Request(("zero-filled",), formats=("npy",), page=False)
    done = feathermr.reconstruct_many(archive, request, pool, progress=kill_one)
    assert killed
    assert (done.done, list(done.failures)) == (40, ["day1/broken.h5"])


@pytest.mark.slow
def test_five_hundred_scans_with_a_kill_of_the_run_a_restart_and_a_kill_of_a_worker(
    tmp_path: Path,
) -> None:
    folder, out = write_scans(tmp_path / "scans", 500), tmp_path / "out"
    words = [*COMMAND, str(folder), "-o", str(out), *FAST]
    first = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(out, 50)
    first.kill()
    first.wait()
    time.sleep(3)  # its workers see that it is gone
    before = {one: one.stat().st_mtime_ns for one in out.rglob("image.npy")}
    assert 50 <= len(before) < 500
    second = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(out, len(before) + 50)
    workers = worker_ids(second.pid)
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    printed, error = second.communicate(timeout=300)
    assert second.returncode == 1
    assert f"{len(before)} scans had their results already" in printed
    assert "failed: day1/broken.h5: the file is damaged" in printed
    assert "1 of 501 scans failed" in error
    states = state(out)
    assert len(states) == 501
    assert [name for name, one in states.items() if one != "done"] == ["day1/broken.h5"]
    assert all(one.stat().st_mtime_ns == then for one, then in before.items())
    assert len(list(out.rglob("image.npy"))) == 500
    assert not list(out.rglob(".*-*"))


@pytest.mark.slow
def test_an_interruption_leaves_what_is_done_and_nothing_half_done(tmp_path: Path) -> None:
    folder, out = write_scans(tmp_path / "scans", 60), tmp_path / "out"
    words = [*COMMAND, str(folder), "-o", str(out), *FAST]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(out, 5)
    workers = worker_ids(run.pid)
    run.send_signal(signal.SIGINT)
    _, error = run.communicate(timeout=60)
    assert run.returncode == 1
    assert error.endswith("interrupted; files already written are complete\n")
    assert not [one for one in workers if Path(f"/proc/{one}").exists()]
    assert not list(out.rglob(".*-*"))
    done = [name for name, one in state(out).items() if one == "done"]
    assert 5 <= len(done) < 60
    assert sum(one == "waiting" for one in state(out).values()) >= 60 - len(done)


def wait_for(out: Path, count: int) -> None:
    """Wait until so many scans have their images."""
    end = time.monotonic() + 240
    while len(list(out.rglob("record.json"))) < count:
        assert time.monotonic() < end, "nothing goes on"
        time.sleep(0.05)


def worker_ids(parent: int) -> list[int]:
    """The processes that work for a run, as Linux lists them."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    lines = {int(one): Path(f"/proc/{one}/cmdline").read_text() for one in children}
    return [number for number, line in lines.items() if "spawn_main" in line]
