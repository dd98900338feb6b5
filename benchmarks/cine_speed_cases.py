"""Films and contestants of the benchmark of cine speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from feathermr import Acquisition, make_method, simulate, undersample
from feathermr.core.seeding import generator
from feathermr.models import build
from feathermr.models.weights import SHIPPED, load_weights
from feathermr.nn import fold
from feathermr.operators import Encoding
from feathermr.recon.problem import pose
from feathermr.sampling import PATTERNS

CINE, DUAL = "kronecker-cine", "dual-unet"
CLASSICAL = ("kt-l1", "low-rank-sparse", "temporal-tv")
ACCELERATION, CENTER, SNR = 5.0, 11, 30.0

Work = Callable[[], object]


@dataclass(frozen=True)
class Size:
    """How large everything is.

    Attributes:
        frames: of the films.
        dual_frames: of those of the dual U-Net, and of trainings.
        single: pixels along y and x of a film of one coil.
        several: the same of a film of several coils.
        coils: of that.
        growth: frames of the films whose memory is compared.
        rounds: of the film of one coil; of all else at most `FEW`.
        dual: settings of the dual U-Net.
    """

    frames: int = 25
    dual_frames: int = 20
    single: int = 128
    several: int = 192
    coils: int = 8
    growth: tuple[int, ...] = (8, 16, 32, 64)
    rounds: int = 7
    dual: Mapping[str, int] | None = None


FEW = 3
QUICK = Size(
    8, 4, 64, 64, 2, (2, 4, 8), 2, {"frames": 4, "width": 8, "levels": 2, "temporal_width": 4}
)


def film(frames: int, size: int, coils: int) -> Acquisition:
    """A simulated heart, its lines skipped, without coil maps."""
    scan = simulate("heart", frames=frames, coils=coils, shape=(size, size), snr=SNR, seed=1)
    mask = PATTERNS["kt-random"](
        (1, frames, size, size), acceleration=ACCELERATION, center=CENTER, axis=-2,
        generator=generator(1, "cine speed"),
    )  # fmt: skip
    return replace(undersample(scan, mask), coil_maps=None, noise=None, reference=None)


def posed(scan: Acquisition) -> tuple[Tensor, Encoding]:
    """What a network takes."""
    problem = pose(scan)
    return problem.acquisition.kspace, problem.encoding


def networks(size: Size, weights: str) -> tuple[dict[str, nn.Module], str]:
    """Both networks, and what is known of the weights, which change no time."""
    if weights:
        cine, known = load_weights(weights).network, "of a training"
    elif CINE in SHIPPED and SHIPPED[CINE].exists():
        cine, known = load_weights(SHIPPED[CINE]).network, "those that ship"
    else:
        cine, known = build(CINE), "untrained"
    dual = build(DUAL, {"frames": size.dual_frames, **(size.dual or {})})
    return {CINE: cine.eval(), DUAL: dual.eval()}, known


def forward(model: nn.Module, kspace: Tensor, encoding: Encoding) -> Work:
    """The network, folded, on a posed problem."""
    folded = fold(model).eval()

    def run() -> None:
        with torch.inference_mode():
            folded(kspace, encoding)

    return run


def from_scan(model: nn.Module, scan: Acquisition) -> Work:
    """The network, folded, coil maps and scaling included."""
    folded = fold(model).eval()

    def run() -> None:
        with torch.inference_mode():
            folded(*posed(scan))

    return run


def classical(name: str, scan: Acquisition) -> Work:
    """A classical method with its defaults."""
    return lambda: make_method(name)(scan)


def training_step(model: nn.Module, kspace: Tensor, encoding: Encoding) -> Work:
    """Forward, backward and Adam."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6)
    target = encoding.H(kspace)

    def step() -> None:
        optimizer.zero_grad()
        (model(kspace, encoding) - target).abs().square().mean().backward()
        optimizer.step()

    return step


def parts(model: nn.Module, kspace: Tensor, encoding: Encoding) -> dict[str, float]:
    """Seconds of a reconstruction by what it does."""
    network = fold(model).eval()
    seconds = {"start": 0.0, "denoiser": 0.0}

    def timed(part: str, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def run(*given: object) -> Tensor:
            before = time.perf_counter()
            found = function(*given)
            seconds[part] += time.perf_counter() - before
            return found

        return run

    network.start = timed("start", network.start)  # type: ignore[arg-type, assignment]
    network.denoised = timed("denoiser", network.denoised)  # type: ignore[arg-type, assignment]
    before = time.perf_counter()
    with torch.inference_mode():
        network(kspace, encoding)
    whole = time.perf_counter() - before
    return {**seconds, "consistency": whole - sum(seconds.values())}
