"""The command as the shell sees it: help, exit codes, pipes, interruptions."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from commands import Run
from feathermr.cli.main import COMMANDS

COMMAND = [sys.executable, "-m", "feathermr.cli.main"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "80"}


def shell(
    *words: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [*COMMAND, *words], cwd=cwd, env={**ENVIRONMENT, **(environment or {})}, capture_output=True
    )


def test_help_takes_less_than_half_a_second(tmp_path: Path) -> None:
    seconds = []
    for words in (["--help"], ["reconstruct", "--help"], ["evaluate", "--help"]):
        start = time.perf_counter()
        assert shell(*words, cwd=tmp_path).returncode == 0
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.5  # the machine may be busy with something else once


def test_no_help_loads_the_array_library(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom feathermr.cli.main import COMMANDS, main\n"
        "for words in ([], *([name] for name in COMMANDS)):\n"
        "    try: main([*words, '--help'])\n"
        "    except SystemExit as left: assert left.code == 0\n"
        "heavy = {'torch', 'numpy', 'h5py', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_terminal_and_says_what_every_argument_is(run: Run, name: str) -> None:
    ran = run(name, "--help")
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 100
    arguments = ran.out.partition("options:")[2].splitlines()
    alone = [
        line
        for line, below in zip(arguments, [*arguments[1:], ""], strict=True)
        if line.startswith("  -") and "  " not in line.strip() and not below.startswith("    ")
    ]
    assert alone == []


def test_without_a_command_the_commands_are_listed(run: Run) -> None:
    ran = run()
    assert ran.code == 2
    assert all(name in ran.err for name in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["reconstruct"],
        ["reconstruct", "scan.h5", "--nonsense"],
        ["simulate", "--format", "tiff"],
        ["evaluate", "scan.h5", "--policy", "nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_one_line_and_exit_code_two(run: Run, words: list[str]) -> None:
    ran = run(*words)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "--help" in ran.err


def test_the_version_is_the_package_s(run: Run) -> None:
    assert run("--version").out == "feathermr 0.1.0\n"


def test_methods_lists_what_there_is_in_80_columns(run: Run) -> None:
    ran = run("methods")
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= 80
    assert all(word in ran.out for word in ("cg-sense", "iterations=", "kt-random", "ssim"))
    assert "``" not in ran.out


def test_methods_as_json_can_be_read_by_a_program(run: Run) -> None:
    listing = json.loads(run("methods", "--json").out)
    assert set(listing) == {"methods", "super-resolution", "networks", "patterns", "metrics"}
    settings = {entry["name"]: entry["settings"] for entry in listing["methods"]}
    assert settings["l1-wavelet"]["wavelet"] == "db4"


def test_methods_measures_what_networks_cost(run: Run) -> None:
    words = ("methods", "--cost", "kronecker-unet", "--size", 32)
    found = json.loads(run(*words, "--coils", 2, "--json").out)
    assert set(found) == {"kronecker-unet"}
    assert found["kronecker-unet"]["parameters"] > 1e6
    assert found["kronecker-unet"]["training_memory"] > found["kronecker-unet"]["inference_memory"]
    ran = run(*words)
    assert ran.code == 0
    assert "32 x 32, 1 coil" in ran.out
    assert all(word in ran.out for word in ("kronecker-unet", "parameters", "MiB", "ms"))
    assert max(map(len, ran.out.partition("note:")[0].splitlines())) <= 80


def test_an_unknown_network_costs_nothing(run: Run) -> None:
    ran = run("methods", "--cost", "unett")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'unet'?" in ran.err


def test_doctor_names_versions_and_devices(run: Run) -> None:
    ran = run("doctor")
    assert ran.code == 0
    assert all(word in ran.out for word in ("feathermr", "python", "torch", "cuda", "threads"))


def test_a_reader_that_leaves_early_brings_no_error(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "methods"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() in (0, 1)


def test_a_terminal_without_arrows_gets_question_marks(tmp_path: Path) -> None:
    ran = shell(
        *("demo", "texture", "--size", "32", "--slices", "1", "--coils", "1"),
        cwd=tmp_path,
        environment={"PYTHONIOENCODING": "ascii"},
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"psnr" in ran.stdout
    assert (tmp_path / "out/demo/report.html").is_file()


def _heed_interrupts() -> None:
    """A shell's background jobs, and what they start, ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupted_run_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo", "brain", "--slices", "8"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_interrupts,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("simulating brain")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors == "feathermr demo: interrupted; files already written are complete\n"
    assert list(tmp_path.iterdir()) == []
