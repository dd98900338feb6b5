"""MP4 films, encoded by the program ffmpeg where there is one."""

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from feathermr.acquisition.animation import frame_delays
from feathermr.acquisition.pictures import grey_levels, numbered
from feathermr.acquisition.record import Header
from feathermr.core.atomic import written_file
from feathermr.core.errors import DataError, MissingExtraError, UsageError
from feathermr.core.optional import require

#: seconds a frame must be shown: screens are not faster
SHORTEST_DELAY = 1 / 120
#: seconds that a film lasts at least; a shorter one is repeated, because most players do not
SHORTEST_FILM = 5.0
#: H.264 with an error too small to see; two pixels share a colour, so that every player shows it
ENCODING = ("-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", "-movflags", "+faststart")


def ffmpeg_program() -> str:
    """The path of ffmpeg: that of the system, or the one that imageio-ffmpeg brings.

    Raises:
        UsageError: there is neither; the sentence says how to install one.
    """
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        return str(require("imageio_ffmpeg").get_ffmpeg_exe())
    except (MissingExtraError, RuntimeError) as error:
        raise UsageError(
            "mp4 needs the program ffmpeg; install it (Debian and Ubuntu: apt install ffmpeg) or "
            "run: pip install 'feathermr[video]'; gif needs nothing"
        ) from error


def write_mp4(image: Tensor, header: Header, path: Path) -> tuple[Path, ...]:
    """A film of each slice at the mean speed of the scan, repeated until it lasts 5 seconds.

    Raises:
        UsageError: there is no ffmpeg.
        DataError: ffmpeg could not encode the film; the sentence says why.
    """
    program = ffmpeg_program()
    delays = frame_delays(header, image.shape[1], SHORTEST_DELAY)
    seconds = sum(delays)
    repeats = math.ceil(SHORTEST_FILM / seconds - 1e-9) if len(delays) > 1 else 1
    rate = f"1000000/{round(1e6 * seconds / len(delays))}"
    films = _even(grey_levels(image))
    size = f"{films.shape[3]}x{films.shape[2]}"
    source = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", size, "-framerate", rate, "-i", "pipe:0")
    paths = numbered(path, len(films))
    for film, target in zip(films, paths, strict=True):
        with written_file(target) as beside:
            made = (*ENCODING, "-f", "mp4", f"file:{beside.absolute()}")
            words = [program, "-nostdin", "-loglevel", "error", "-y", *source, *made]
            _run(words, film.tobytes() * repeats, target)
    return paths


def _even(films: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """With a black row or column more where shared colours need an even size."""
    height, width = films.shape[-2:]
    return np.pad(films, ((0, 0), (0, 0), (0, height % 2), (0, width % 2)))


def _run(words: list[str], frames: bytes, target: Path) -> None:
    try:
        done = subprocess.run(words, input=frames, capture_output=True, check=False)
    except OSError as error:
        raise DataError(f"cannot write {target}: ffmpeg does not start ({error})") from error
    if done.returncode:
        reasons = done.stderr.decode(errors="replace").strip().splitlines()
        reason = reasons[0] if reasons else f"exit code {done.returncode}"
        raise DataError(f"cannot write {target}: ffmpeg says {reason}")
