"""A worker's methods: made once, their networks loaded and folded once, then kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.acquisition.header_text import header_from_text
from feathermr.calibration import estimate_coil_maps
from feathermr.calibration.compression import compression_matrix
from feathermr.calibration.whitening import mixed
from feathermr.core.errors import FeatherError
from feathermr.core.progress import Progress, silent
from feathermr.core.settings import with_settings
from feathermr.deploy.runtime import Packaged, accelerate, is_package, packaged
from feathermr.deploy.server.jobs import Answer, Failure, Job
from feathermr.models.unrolled import frames_of
from feathermr.models.weights import Trained
from feathermr.recon import METHODS, Reconstruction, default_method, make_method
from feathermr.recon.learned import Learned
from feathermr.recon.methods import PLUS, for_series
from feathermr.recon.network_answer import ready
from feathermr.recon.problem import LARGEST_COILS
from feathermr.recon.runner import Method

#: takes the method that suits the scan
AUTO = "auto"
Solve = Callable[[Acquisition], Reconstruction]
#: name of a method, runtime, precision, and whether it is for parts of a film
Key = tuple[str, str, str, bool]
Maps = Mapping[str, npt.NDArray[np.generic]]


class Engine:
    """Reconstructs jobs."""

    def __init__(self) -> None:
        self._solvers: dict[Key, tuple[Method, Solve]] = {}

    def __call__(self, job: Job) -> Answer | Failure:
        """The images of a job, or why there are none; it never raises."""
        try:
            return self._solved(job)
        except FeatherError as error:
            return Failure(str(error), expected=True)
        except MemoryError:
            return Failure("there is not enough memory for this scan", expected=True)
        except Exception as error:  # whatever a client's data provoke, the worker goes on
            return Failure(f"unexpected {type(error).__name__}: {error}", expected=False)

    def _solved(self, job: Job) -> Answer:
        scan = _acquisition(job)
        name = default_method(scan) if job.method == AUTO else job.method
        method, solve = self._solver((name, job.runtime, job.precision, job.partial))
        maps = _maps_for(scan, method, job)
        made = solve(_with_maps(scan, maps))
        known = made.provenance
        return Answer(
            known.method,
            known.version,
            made.scale,
            made.seconds,
            known.weights,
            known.settings,
            known.notes,
            {"image": _array(made.image[0].to(torch.complex64)), **(maps if job.calibrate else {})},
        )

    def _solver(self, key: Key) -> tuple[Method, Solve]:
        if key not in self._solvers:
            name, runtime, precision, partial = key
            method = method_called(name)
            if partial and hasattr(method, "cyclic"):
                method = with_settings(method, {"cyclic": False}, name)
            solve: Solve = method
            if isinstance(method, Learned):
                kept = _Kept(method)
                solve = accelerate(kept, runtime, precision=precision) if runtime else kept
            self._solvers[key] = method, solve
        return self._solvers[key]


def method_called(name: str) -> Method:
    """A method of the table, of a training run, or of an exported package.

    Raises:
        UsageError: there is none.
        DataError: no weights where they should be.
    """
    return packaged(name, {}) if is_package(Path(name)) else make_method(name)


@lru_cache(maxsize=8)
def takes_films(name: str) -> bool:
    """Whether a method reconstructs the frames of a series together."""
    if name == AUTO or set(METHODS).issuperset(name.split(PLUS)):
        return for_series(name)
    method = method_called(name)
    trained = method.package().trained() if isinstance(method, Packaged) else None
    if isinstance(method, Learned):
        trained = method.trained()
    return trained is not None and frames_of(trained.network) != 1


class _Kept:
    """A learned method whose weights are read once, and whose network is folded once."""

    __dataclass_fields__: ClassVar[dict[str, Any]] = {}

    def __init__(self, method: Learned) -> None:
        self._method, self._trained = method, method.trained()
        self._network: nn.Module | None = None

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        if self._network is None:
            self._network = ready(self._trained, acquisition)
        return self.by(self._network, self._trained, acquisition, progress=progress)

    def trained(self) -> Trained:
        """The network and its parameters."""
        return self._trained

    def by(
        self,
        network: nn.Module,
        trained: Trained,
        acquisition: Acquisition,
        *,
        progress: Progress = silent,
    ) -> Reconstruction:
        """Reconstruct one scan by a network that does the same; see `Learned`."""
        return self._method.by(network, trained, acquisition, progress=progress)


def _acquisition(job: Job) -> Acquisition:
    """The scan of a job: one slice, its frames, without maps."""
    return Acquisition(
        kspace=_tensor(job, "kspace")[None],
        mask=_tensor(job, "mask")[None, :, None],
        header=header_from_text(job.header),
    )


def _maps_for(scan: Acquisition, method: Method, job: Job) -> Maps:
    """Maps that the job brings, or that are found from its calibration; else none.

    More than ``LARGEST_COILS`` coils are compressed first, and the matrix is part of the maps.
    """
    if "maps" in job.arrays:
        return {name: job.arrays[name] for name in ("mixing", "maps") if name in job.arrays}
    kind = getattr(method, "calibration", None)
    source = scan
    if "calibration" in job.arrays:
        mask = _tensor(job, "calibrated")[None, None, None]
        source = Acquisition(_tensor(job, "calibration")[None, None], mask)
    elif not job.calibrate:
        return {}
    if kind is None or scan.n_coils == 1:
        return {}
    found: dict[str, npt.NDArray[np.generic]] = {}
    if source.n_coils > LARGEST_COILS:
        mixing = compression_matrix(source.kspace, LARGEST_COILS)
        source = mixed(source, mixing)
        found["mixing"] = _array(mixing)
    found["maps"] = _array(estimate_coil_maps(source, kind).maps[0, 0])
    return found


def _with_maps(scan: Acquisition, maps: Maps) -> Acquisition:
    if "maps" not in maps:
        return scan
    if "mixing" in maps:
        scan = mixed(scan, torch.from_numpy(np.asarray(maps["mixing"])))
    return replace(scan, coil_maps=torch.from_numpy(np.asarray(maps["maps"]))[None, None])


def _tensor(job: Job, name: str) -> Tensor:
    return torch.from_numpy(np.asarray(job.arrays[name]))


def _array(tensor: Tensor) -> npt.NDArray[np.generic]:
    array: npt.NDArray[np.generic] = tensor.resolve_conj().resolve_neg().numpy()
    return array
