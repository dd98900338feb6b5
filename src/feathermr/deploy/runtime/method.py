"""Learned methods whose networks run in another runtime, or come from a package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from torch import nn

from feathermr.acquisition import Acquisition
from feathermr.calibration import Calibration
from feathermr.core.errors import UsageError
from feathermr.core.progress import Progress, silent
from feathermr.core.settings import Setting, with_settings
from feathermr.deploy.graphs.engines import check_precision
from feathermr.deploy.graphs.graph import put_in
from feathermr.deploy.graphs.make import Target, check_needs, folded, make_graphs
from feathermr.deploy.runtime.package import Package, load_package, read_package
from feathermr.models.weights import Trained
from feathermr.operators import Kernel
from feathermr.recon.learned import Learned, Network
from feathermr.recon.learned_super_resolution import SuperResolutionNetwork
from feathermr.recon.phase import Phase
from feathermr.recon.reconstruction import Reconstruction
from feathermr.recon.runner import Method

#: networks that stay ready for the next scan
KEPT = 3


@dataclass(frozen=True)
class Accelerated:
    """A learned method whose convolutions are executed by another runtime.

    Its graphs are made at the first scan and compared with torch then; they stay for the next.

    Attributes:
        method: what it does.
        runtime: ``torch``, ``onnx`` or ``openvino``.
        precision: in which, see `PRECISIONS`.
        threads: of the runtime; 0 for as many as torch uses.
    """

    method: Method
    runtime: str = "openvino"
    precision: str = "fp32"
    threads: int = 0

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan."""
        _on_processor(acquisition)
        trained = _trained(self.method, _stamp(self.method))  # type: ignore[arg-type]  # frozen
        target = Target(self.runtime, self.precision, self.threads)
        network = _network(_Weights(trained), target)
        assert isinstance(self.method, Learned)
        made = self.method.by(network, trained, acquisition, progress=progress)
        return _noted(made, self.runtime, self.precision)


def accelerate(
    method: Method, runtime: str, *, precision: str = "fp32", threads: int = 0
) -> Accelerated:
    """A learned method with its network in another runtime.

    Args:
        method: one by a trained network.
        runtime: ``torch``, ``onnx`` or ``openvino``.
        precision: in which, see `PRECISIONS`.
        threads: of the runtime; 0 for as many as torch uses.

    Raises:
        UsageError: no network is in the method, or the runtime is unknown or has no such precision.
        MissingExtraError: the runtime is not installed.
    """
    check_precision(runtime, precision)
    if not isinstance(method, Learned):
        raise UsageError(
            f"{type(method).__name__} has no network that {runtime} could execute; a runtime is "
            "for methods such as kronecker-cascade and kronecker-cine"
        )
    check_needs(Target(runtime, precision))
    return Accelerated(method, runtime, precision, threads)


@dataclass(frozen=True)
class Packaged:
    """By the network of an exported package; ``-m FOLDER`` is short for it.

    Attributes:
        folder: that ``feathermr export`` wrote.
        calibration: how coil maps are estimated when the scan has none.
        phase: ``auto``: the smooth phase that held-out samples of a still scan ask for is taken
            into the operator; ``none``: it never is.
        times: frames to give, by a network that gives any time; 0 for those of the scan.
        cyclic: for such a network: whether the first frame follows the last.
        kernel: by which detail was lost, of networks that make images finer.
        threads: of the runtime; 0 for as many as torch uses.
    """

    folder: str
    calibration: Calibration = "espirit"
    phase: Phase = "auto"
    times: int = 0
    cyclic: bool = True
    kernel: Kernel = "truncation"
    threads: int = 0

    def __call__(self, acquisition: Acquisition, *, progress: Progress = silent) -> Reconstruction:
        """Reconstruct one scan, or make it finer if the network does that."""
        _on_processor(acquisition)
        package = self.package()
        files = tuple(sorted(package.files.items()))
        network, trained = _package(self.folder, files, self.threads)
        made = self._method(package).by(network, trained, acquisition, progress=progress)
        return _noted(made, package.runtime, package.precision)

    def package(self) -> Package:
        """The record of the package.

        Raises:
            DataError: the folder holds none.
        """
        return read_package(Path(self.folder))

    def _method(self, package: Package) -> Learned:
        scale = package.scale
        if scale > 1:
            return SuperResolutionNetwork(self.folder, scale, self.kernel)
        return Network(self.folder, self.calibration, self.phase, self.times, self.cyclic)


def packaged(
    folder: str, settings: Mapping[str, Setting], task: str = "reconstruction", runtime: str = ""
) -> Packaged:
    """The method of an exported package.

    Args:
        folder: that ``feathermr export`` wrote.
        settings: values for its fields.
        task: what it is for.
        runtime: that the caller asks for; the package's own if empty.

    Raises:
        UsageError: an unknown setting, or a package for another task or runtime.
        DataError: the package is broken.
    """
    method = with_settings(Packaged(folder), settings, folder)
    package = method.package()
    its = "super-resolution" if package.scale > 1 else "reconstruction"
    if task != its:
        raise UsageError(f"the package {folder} is for {its}; give --task {its}")
    if runtime not in ("", package.runtime):
        raise UsageError(
            f"the package {folder} was exported for {package.runtime}, not for {runtime}; leave "
            "--runtime out"
        )
    return method


@dataclass(frozen=True)
class _Weights:
    """A trained network as a key: equal by name and hash of its file."""

    trained: Trained

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Weights) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[str, str]:
        return self.trained.name, self.trained.sha256


def _stamp(method: Method) -> tuple[int, int]:
    """When the weights of one's own were written, and their size; nothing of those that ship."""
    if not isinstance(method, Network | SuperResolutionNetwork):
        return 0, 0
    path = method.file()
    state = (path / "model.safetensors" if path.is_dir() else path).stat()
    return state.st_mtime_ns, state.st_size


@lru_cache(maxsize=KEPT)
def _trained(method: Method, stamp: tuple[int, int]) -> Trained:
    """The network of a method, as long as its file stays the same."""
    assert isinstance(method, Learned)
    return method.trained()


@lru_cache(maxsize=KEPT)
def _network(weights: _Weights, target: Target) -> nn.Module:
    """The network with its graphs in place."""
    network = folded(weights.trained)
    graphs = make_graphs(weights.trained, network, target)
    put_in(network, [made.graph for made in graphs], keep=target.runtime == "torch")
    return network


@lru_cache(maxsize=KEPT)
def _package(
    folder: str, files: tuple[tuple[str, str], ...], threads: int
) -> tuple[nn.Module, Trained]:
    """The network of a package, known by the hashes of its files, and what is known of it."""
    return load_package(folder, threads=threads), read_package(Path(folder)).trained()


def _on_processor(acquisition: Acquisition) -> None:
    """Refuse a scan on another device before anything is made."""
    if acquisition.kspace.device.type != "cpu":
        raise UsageError("--runtime and exported packages work on the processor; use --device cpu")


def _noted(made: Reconstruction, runtime: str, precision: str) -> Reconstruction:
    """The record says what executed the network."""
    provenance = made.provenance
    notes = (*provenance.notes, f"the network's convolutions ran in {runtime}, {precision}")
    settings = {**provenance.settings, "runtime": runtime, "precision": precision}
    return replace(made, provenance=replace(provenance, notes=notes, settings=settings))
