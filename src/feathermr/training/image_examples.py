"""Pictures as examples of super-resolution, or of k-space made from them."""

import math
from collections.abc import Sequence
from typing import final

import torch

from feathermr.acquisition import Acquisition, Header
from feathermr.core.seeding import generator
from feathermr.phantom import sample_noise
from feathermr.recon.problem import robust_scale
from feathermr.sampling import Undersampling
from feathermr.training.example import Example, LowResolution, join, pose_example
from feathermr.training.image_config import ImagesConfig
from feathermr.training.image_crops import Seen, complete_kspace, crop, drawn, seen, whole
from feathermr.training.image_files import Picture
from feathermr.training.lowering import joined, lowered, middle, plain

#: of an endless source
ENDLESS = 2**31
#: pixels around a crop that are degraded with it and cut off: a crop is no whole field of view, and
#: its opposite edges, which are neighbours to the Fourier transform, would ring
MARGIN = 24


@final
class ImageExamples:
    """Pictures as examples by index; each depends on ``(seed, index)`` alone.

    Args:
        pictures: that are used.
        config: how.
        seed: of order, crops, flips, phases, noise and masks.
        natural: others, mixed in when there is no end; without any the simulator draws some.
        endless: random crops in batches, in another order after the last; else whole pictures, one
            an example, and what is drawn belongs to the picture.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        config: ImagesConfig,
        seed: int,
        *,
        natural: Sequence[Picture] = (),
        endless: bool = False,
    ) -> None:
        self.pictures, self.natural = tuple(pictures), tuple(natural)
        self.config, self.seed, self.endless = config, seed, endless

    def __len__(self) -> int:
        """Number of examples."""
        return ENDLESS if self.endless else len(self.pictures)

    def __getitem__(self, index: int) -> Example | LowResolution:
        """The example at ``index``.

        Raises:
            DataError: a picture cannot be used; the sentence names it.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        config, multiple = self.config, self.config.multiple
        if not self.endless:
            picture = self.pictures[index]
            source = generator(self.seed, "picture", "fixed", picture.name)
            part = whole(seen(picture, config.scale), multiple, config.largest)
            return _example(part, config, source, is_whole=True)
        numbers = range(index * config.batch, (index + 1) * config.batch)
        chosen = [self._chosen(number) for number in numbers]
        read = [None if one is None else seen(one, config.scale) for one in chosen]
        sides = [min(one.image.shape) for one in read if one is not None]
        side = min([config.crop, *sides]) // multiple * multiple
        outer = side + 2 * MARGIN if config.task == "super-resolution" else side
        examples: list[Example | LowResolution] = []
        for number, one in zip(numbers, read, strict=True):
            source = generator(self.seed, "picture", "train", number)
            part = drawn(outer, source) if one is None else crop(one, outer, multiple, source)
            example = _example(part, config, source, is_whole=False)
            if isinstance(example, LowResolution):
                example = middle(example, side)
            examples.append(example)
        return _batch(examples)

    def _chosen(self, number: int) -> Picture | None:
        """The picture with this number of all that are trained with; none: it is simulated.

        Of any ``n`` numbers from the first on, ``floor(n share)`` are natural.
        """
        before, after = (math.floor(each * self.config.share) for each in (number, number + 1))
        if after > before:
            return self._in_order(self.natural, before, "natural") if self.natural else None
        return self._in_order(self.pictures, number - before, "order")

    def _in_order(self, pictures: tuple[Picture, ...], number: int, key: str) -> Picture:
        """Each comes once an epoch."""
        epoch, place = divmod(number, len(pictures))
        order = torch.randperm(len(pictures), generator=generator(self.seed, key, epoch))
        return pictures[int(order[place])]


def _example(
    part: Seen, config: ImagesConfig, source: torch.Generator, *, is_whole: bool
) -> Example | LowResolution:
    """What is measured of a picture or of a part; the brightness of a whole is its own."""
    if part.low is not None:
        bright = robust_scale(part.low) if is_whole else 1.0
        low, target = (plain(one[None, None] / bright) for one in (part.low, part.image))
        return LowResolution(low, target, config.scale, config.kernel)
    complete = complete_kspace(part, source)
    least, most = config.snr
    share = float(torch.rand((), generator=source))
    ratio = most if most == math.inf else least * (most / least) ** share
    noisy = complete + part.signal / ratio * sample_noise(tuple(complete.shape), source)
    if config.task == "super-resolution":
        bright = 0.0 if is_whole else 1.0
        return lowered(noisy, complete, config.scale, config.kernel, bright)
    scan = Acquisition(
        kspace=noisy,
        mask=torch.ones(noisy.shape, dtype=torch.bool),
        header=Header(
            source="pictures", origin="image", phase_axis=-1 if _integer(2, source) else -2
        ),
    )
    return pose_example(_undersampling(config, source)(scan), complete)


def _undersampling(config: ImagesConfig, source: torch.Generator) -> Undersampling:
    shares = torch.tensor(list(config.patterns.values()))
    chosen = int(torch.multinomial(shares, 1, generator=source))
    return Undersampling(
        acceleration=config.accelerations[_integer(len(config.accelerations), source)],
        pattern=list(config.patterns)[chosen],
        seed=_integer(2**62, source),
    )


def _batch(examples: list[Example | LowResolution]) -> Example | LowResolution:
    scans = [one for one in examples if isinstance(one, Example)]
    images = [one for one in examples if isinstance(one, LowResolution)]
    return join(scans) if scans else joined(images)


def _integer(count: int, source: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=source))
