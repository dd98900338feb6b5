"""What ffmpeg makes of a film, for the tests."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

NEEDS_FFMPEG = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg is absent (Debian: apt install ffmpeg)"
)


def decoded(path: Path, height: int, width: int) -> np.ndarray:
    """All frames of a film (frame, y, x), grey, 0 to 255."""
    words = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run(words, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width)


def probed(path: Path) -> dict[str, str]:
    """Facts of the first stream, as ffprobe states them."""
    words = ["ffprobe", "-v", "error", "-show_streams", "-of", "default=nw=1", str(path)]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    return dict(line.partition("=")[::2] for line in done.stdout.splitlines())
