"""How long each frame of a film is shown, and GIF animations."""

from itertools import accumulate, pairwise
from pathlib import Path

from PIL import Image
from torch import Tensor

from feathermr.acquisition.geometry import frame_interval
from feathermr.acquisition.pictures import grey_levels, numbered
from feathermr.acquisition.record import Header
from feathermr.core.atomic import written_file

#: seconds a frame is shown when its time is unknown; the longest that anybody wants to wait
UNKNOWN_DELAY, LONGEST_DELAY = 0.1, 1.0
#: the shortest delay of a GIF that players respect
SHORTEST_GIF_DELAY = 0.02


def frame_delays(header: Header, n_frames: int, shortest: float) -> tuple[float, ...]:
    """Seconds that each frame is shown: until the next one was taken, the last one as the mean.

    A film whose mean is below ``shortest`` runs evenly and slower than the scan.

    Args:
        header: its ``frame_times`` count when they are those of all frames.
        n_frames: frames of the film.
        shortest: seconds that a frame must be shown.
    """
    mean = frame_interval(header, n_frames)
    if mean is None or mean < shortest:
        return (UNKNOWN_DELAY if mean is None else shortest,) * n_frames
    steps = [later - earlier for earlier, later in pairwise(header.frame_times)]
    return tuple(min(max(step, shortest), LONGEST_DELAY) for step in (*steps, mean))


def write_gif(image: Tensor, header: Header, path: Path) -> tuple[Path, ...]:
    """An endless animation over the frames of each slice, in real time where players can."""
    durations = gif_durations(frame_delays(header, image.shape[1], SHORTEST_GIF_DELAY))
    films = grey_levels(image)
    paths = numbered(path, len(films))
    for film, target in zip(films, paths, strict=True):
        first, *others = [Image.fromarray(frame) for frame in film]
        with written_file(target) as beside:
            first.save(
                beside,
                format="GIF",
                save_all=True,
                append_images=others,
                duration=durations,
                loop=0,
            )
    return paths


def gif_durations(delays: tuple[float, ...]) -> list[int]:
    """Milliseconds in steps of 10, as a GIF counts, whose sums stay those of ``delays``.

    Example:
        >>> gif_durations((0.032, 0.032, 0.032, 0.032, 0.032))
        [30, 30, 40, 30, 30]
    """
    ends = [10 * round(100 * end) for end in accumulate(delays)]
    return [end - start for start, end in pairwise([0, *ends])]
