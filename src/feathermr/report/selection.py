"""Which slices and frames go into a page, so that its size stays that of a mail attachment."""

from dataclasses import dataclass

MAX_SLICES = 8
MAX_FRAMES = 64
PIXELS = 11_000_000  # all pictures of a page together; about 0.7 bytes each in the file
FEWEST_STOPS = 5  # of a slider through a family of images


@dataclass(frozen=True)
class Selection:
    """Indices of what is shown, increasing.

    Attributes:
        slices: shown slices.
        frames: shown frames.
        n_slices: slices that there are.
        n_frames: frames that there are.
    """

    slices: tuple[int, ...]
    frames: tuple[int, ...]
    n_slices: int
    n_frames: int

    @property
    def note(self) -> str:
        """What was left out, or nothing."""
        parts = [
            f"{len(shown)} of {total} {unit}"
            for shown, total, unit in (
                (self.slices, self.n_slices, "slices"),
                (self.frames, self.n_frames, "frames"),
            )
            if len(shown) < total
        ]
        if not parts:
            return ""
        return f"To keep the file small this page shows {' and '.join(parts)}, evenly spaced."


def evenly(total: int, count: int) -> tuple[int, ...]:
    """``count`` indices spread evenly over ``total``; the middle one when it is one."""
    if count >= total:
        return tuple(range(total))
    if count == 1:
        return (total // 2,)
    return tuple(round(index * (total - 1) / (count - 1)) for index in range(count))


def stops(count: int, own: int, most: int) -> tuple[int, ...]:
    """Indices of a slider's stops, evenly over ``count``, ``own`` in place of the nearest.

    Args:
        count: stops that there could be.
        own: one that must be there.
        most: how many there may be; at least ``FEWEST_STOPS`` are taken.
    """
    chosen = list(evenly(count, max(FEWEST_STOPS, most)))
    nearest = min(range(len(chosen)), key=lambda place: abs(chosen[place] - own))
    chosen[nearest] = own
    return tuple(chosen)


def select(
    n_slices: int, n_frames: int, *, pixels: int, pictures: int, budget: int = PIXELS
) -> Selection:
    """As many slices as fit the budget, at most 8; fewer frames only when one slice is too much.

    Args:
        n_slices: slices that there are.
        n_frames: frames that there are.
        pixels: of one image.
        pictures: images and error maps shown of each slice and frame.
        budget: pixels of all pictures together.
    """
    fitting = max(1, budget // (pixels * pictures))
    frames = evenly(n_frames, min(MAX_FRAMES, fitting))
    slices = evenly(n_slices, max(1, min(MAX_SLICES, fitting // len(frames))))
    return Selection(slices, frames, n_slices, n_frames)
