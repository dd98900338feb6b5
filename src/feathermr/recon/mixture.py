"""Any two methods in one, mixed as the scan supports them: ``-m kronecker-cascade+tv``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.errors import UsageError
from feathermr.core.progress import Progress, silent
from feathermr.models.weights import Trained
from feathermr.nn.cost import parameter_count
from feathermr.recon.mixing import BY_SCAN, Mixer, Pair, Solve, fixed_share
from feathermr.recon.network_answer import origin, ready
from feathermr.recon.phase import Phase
from feathermr.recon.problem import Problem
from feathermr.recon.reconstruction import Cost, Reconstruction
from feathermr.recon.runner import Method, need_frames, run


@runtime_checkable
class Solver(Protocol):
    """A method that solves a posed problem."""

    def solve(self, problem: Problem, progress: Progress = silent) -> Tensor:
        """The image (1, frame, y, x) of a problem of one slice."""
        ...


@runtime_checkable
class NetworkSolver(Protocol):
    """A method that solves a posed problem by a network."""

    def trained(self) -> Trained:
        """The network and its parameters."""
        ...

    def solver(self, network: nn.Module) -> Solve:
        """What gives the image of a problem by the network, ready to use."""
        ...


@dataclass(frozen=True)
class Mixing:
    """Settings of a mixture.

    Attributes:
        share: of the method named first; ``scan`` lets samples that are held out decide, for each
            slice and, where frames are reconstructed each by itself, for each frame.
        calibration: how coil maps are estimated when the scan has none.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
    """

    share: str = BY_SCAN
    calibration: Calibration = "espirit"
    phase: Phase = "auto"

    def __post_init__(self) -> None:
        fixed_share(self.share)


@dataclass(frozen=True)
class Mixture:
    """``s`` times the image of one method, and ``1 - s`` times that of a safe one; see `Mixer`.

    Attributes:
        names: of the method and of the safe one.
        methods: these two.
        series: whether one of them needs all frames of a film.
        mixing: the settings.
    """

    names: tuple[str, str]
    methods: tuple[Method, Method]
    series: bool
    mixing: Mixing

    def __post_init__(self) -> None:
        for name, method in zip(self.names, self.methods, strict=True):
            if not isinstance(method, Solver | NetworkSolver):
                raise UsageError(
                    f"{name} cannot be mixed with another method, because it does more than solve "
                    "one problem a slice; use it alone"
                )

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        title = "+".join(self.names)
        if self.series:
            need_frames(acquisition, title)
        found = [
            each.trained() if isinstance(each, NetworkSolver) else None for each in self.methods
        ]
        other, safe = (
            _solve(method, trained, acquisition)
            for method, trained in zip(self.methods, found, strict=True)
        )
        pair = Pair(self.names[::-1], safe, lambda p, _, told: other(p, told), self.series)
        mixer = Mixer(pair, self.mixing.share)
        done = run(
            title,
            self.mixing,
            acquisition,
            mixer,
            calibration=self.mixing.calibration,
            phase=self.mixing.phase,
            progress=progress,
        )
        return _noted(done, [each for each in found if each is not None], mixer.note)


def _noted(done: Reconstruction, networks: list[Trained], note: str) -> Reconstruction:
    """The reconstruction with what is to be known of its networks, and of the mixture."""
    notes = (*done.provenance.notes, *(origin(network) for network in networks), note)
    weights = " ".join(network.sha256 for network in networks)
    provenance = replace(done.provenance, weights=weights, notes=notes)
    parameters = sum(parameter_count(network.network) for network in networks)
    return replace(done, provenance=provenance, cost=Cost(parameters=parameters))


def _solve(method: Method, trained: Trained | None, acquisition: Acquisition) -> Solve:
    """How a method solves problems of a scan, by its network if it has one."""
    if trained is not None:
        assert isinstance(method, NetworkSolver)
        return method.solver(ready(trained, acquisition))
    assert isinstance(method, Solver)
    return method.solve
