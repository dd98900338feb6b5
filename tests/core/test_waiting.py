"""Threads of one operation do not burn the cores that other processes need."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feathermr.core.waiting import BOUNDS, CHOICES, bound_waiting

WAITING = "[os.environ.get(name) for name in ('GOMP_SPINCOUNT', 'KMP_BLOCKTIME')]"
BUSY = "while True: pass"


def unset() -> dict[str, str]:
    """This environment, in which nobody has chosen."""
    return {name: value for name, value in os.environ.items() if name not in CHOICES}


def printed(code: str, environment: dict[str, str]) -> str:
    words = [sys.executable, "-c", f"import os, sys; {code}"]
    return subprocess.run(
        words, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize("module", ["feathermr", "feathermr.cli.main", "feathermr.core.seeding"])
def test_the_bound_is_set_before_the_array_library_is_loaded(module: str) -> None:
    code = (
        "import importlib.abc\n"
        "class Watch(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'torch': print({WAITING}); sys.exit()\n"
        "sys.meta_path.insert(0, Watch())\n"
        f"import {module}\n"
        "import torch"
    )
    assert printed(code, unset()) == "['10000', '1']"


def test_processes_that_are_started_inherit_it() -> None:
    child = f"import os; print({WAITING})"
    code = f"import feathermr, subprocess; subprocess.run([sys.executable, '-c', {child!r}])"
    assert printed(code, unset()) == "['10000', '1']"


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_of_the_user_is_left_alone(name: str) -> None:
    chosen = {name: "7"}
    bound_waiting(chosen)
    assert chosen == {name: "7"}
    free: dict[str, str] = {}
    bound_waiting(free)
    assert free == BOUNDS


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Beside processes that never rest."""
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(processes)]
    try:
        yield
    finally:
        for one in others:
            one.kill()
            one.wait()


def processor_seconds(folder: Path) -> float:
    """Of ``feathermr demo`` with two threads, in user and system mode."""
    words = ["-m", "feathermr.cli.main", "demo", "--size", "96", "--slices", "1"]
    environment = unset() | {"OMP_NUM_THREADS": "2"}
    child = subprocess.Popen(
        [sys.executable, *words, "--out", str(folder)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_utime + used.ru_stime


@pytest.mark.slow
def test_a_command_beside_busy_processes_takes_no_more_of_the_processor(tmp_path: Path) -> None:
    alone = processor_seconds(tmp_path / "alone")
    with busy(len(os.sched_getaffinity(0))):
        beside = processor_seconds(tmp_path / "beside")
    assert beside < 2 * alone, f"{beside:.1f} s of the processor beside others, {alone:.1f} s alone"
