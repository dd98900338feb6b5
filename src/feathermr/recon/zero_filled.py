"""Zero filling: the adjoint of the encoding, or the root-sum-of-squares of the coil images."""

import time
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from feathermr.acquisition import Acquisition
from feathermr.calibration import whiten
from feathermr.core.errors import UsageError
from feathermr.core.fft import ifft
from feathermr.core.progress import Progress, silent
from feathermr.recon.problem import Problem, check_samples, robust_scale
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import finish, run

Combination = Literal["auto", "rss", "maps"]
COMBINATIONS = get_args(Combination)


@dataclass(frozen=True)
class ZeroFilled:
    """Zero filling: inverse Fourier transform of what was sampled, coils combined.

    ``A^H y`` with coil maps, complex; or ``sqrt(sum_c |F^H y_c|^2)``, without phase.

    Attributes:
        combine: ``maps``, ``rss``, or ``auto``: maps when the scan has them or has one coil.
    """

    combine: Combination = "auto"

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        if self.combine not in COMBINATIONS:
            raise UsageError(
                f"combine must be one of {', '.join(COMBINATIONS)}, not '{self.combine}'"
            )
        mapped = acquisition.n_coils == 1 or acquisition.coil_maps is not None
        if self.combine == "maps" or (self.combine == "auto" and mapped):
            return run(
                "zero-filled",
                self,
                acquisition,
                lambda p, _: p.encoding.H(p.acquisition.kspace),
                progress=progress,
            )
        start = time.perf_counter()
        check_samples(acquisition.kspace)
        scan = whiten(acquisition)
        images = []
        for index, part in enumerate(torch.split(scan.kspace, 1)):
            images.append(ifft(part).abs().square().sum(2).sqrt())
            progress(index + 1, scan.n_slices)
        image = torch.cat(images)
        problem = Problem(scan, robust_scale(image), ("coils combined by root-sum-of-squares",))
        return finish("zero-filled", self, acquisition, image.to(scan.kspace.dtype), start, problem)
