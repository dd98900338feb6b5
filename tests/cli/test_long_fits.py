"""Fits as a user sees them: a bar on a terminal, an interrupt, the memory of a large film."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import feathermr
import synthetic

COMMAND = [sys.executable, "-m", "feathermr.cli.main"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100", "TERM": "xterm"}
LARGEST = 4 * 2**30
#: a small process that starts the command and tells its largest resident size in KiB
LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _heed_interrupts() -> None:
    """A shell's background jobs, and what they start, ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def read_until(terminal: int, words: str, seconds: float = 300) -> str:
    """What is written to a terminal until these words are."""
    seen, end = "", time.monotonic() + seconds
    while words not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.5)[0]:
            seen += os.read(terminal, 4096).decode(errors="replace")
    return seen


@pytest.mark.parametrize("method", ["inr", "inr-lambda"])
def test_an_interrupted_fit_is_written_says_so_and_can_be_asked(
    method: str, scans: Path, tmp_path: Path
) -> None:
    terminal, errors = pty.openpty()
    long = ("--acceleration", "2", "--center", "6", "--set", "steps=100000")
    process = subprocess.Popen(
        [*COMMAND, "reconstruct", scans / "heart.mrd", "-m", method, *long, "--out", "o"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        preexec_fn=_heed_interrupts,
    )
    os.close(errors)
    try:
        assert "residual" in read_until(terminal, "held out")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=300)
    finally:
        process.kill()
        os.close(terminal)
    assert process.returncode == 0
    assert "interrupted: the best fit so far was kept" in said
    image = np.load(tmp_path / "o/image.npy")
    field = feathermr.load_field(tmp_path / "o/field.safetensors")
    found, _ = field.image()
    np.testing.assert_allclose(found.numpy(), image, atol=1e-5 * np.abs(image).max())
    asked, _ = field.image(field.domain.equal_times(11))
    assert asked.shape == (1, 11, 40, 48)
    assert float(asked.abs().max()) > 0


def peak(*words: object, cwd: Path) -> int:
    """Largest resident size of a command in bytes."""
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", LAUNCHER, *COMMAND, *map(str, words)],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "coils"), [("inr", 1), ("inr", 4), ("inr-lambda", 1), ("inr-lambda", 4)]
)
def test_a_film_of_25_frames_of_256_pixels_fits_in_4_gib(
    method: str, coils: int, tmp_path: Path
) -> None:
    """More steps than L-BFGS remembers, so that the peak is that of any number of them."""
    complete = synthetic.scan(1, 25, coils, (256, 256), noise=0.01, known_maps=False)
    scan = synthetic.accelerated(complete, center=16)
    feathermr.save_acquisition(scan, tmp_path / "film.npz")
    fit = peak(
        "reconstruct", "film.npz", "-m", method, "--set", "steps=12", "--out", "o", cwd=tmp_path
    )
    query = peak("query", "o/field.safetensors", "--times", 64, "--out", "q", cwd=tmp_path)
    told = f"{method}, {coils} coils: fit {fit / 2**30:.2f} GiB, query {query / 2**30:.2f} GiB"
    sys.stdout.write(f"{told}\n")  # pytest -m slow -s shows it
    assert fit < LARGEST
    assert query < LARGEST
