"""The test images of the study of distillation, and what each method makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from distillation_plan import ACCELERATIONS, ANATOMIES, SIZES, Size, Task, teacher_recipe
from torch import Tensor, nn

from feathermr import Undersampling, load
from feathermr.core.fft import fft
from feathermr.metrics import nmse, psnr, ssim
from feathermr.models.table import build
from feathermr.nn.cost import inference_memory, latency, multiply_adds, parameter_count
from feathermr.operators import Downsampling, LinearOperator
from feathermr.operators.downsampling import cubic_weights
from feathermr.phantom import from_image
from feathermr.recon.problem import pose
from feathermr.solvers import total_variation
from feathermr.training.example import Example, Posed
from feathermr.training.lowering import lowered
from feathermr.training.simulated import SimulatedExamples

METRICS = {"psnr": psnr, "ssim": ssim, "nmse": nmse}
#: of real images, which bring noise of their own
IMAGE_SNR = 40.0
TV_WEIGHTS = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
TV = "total variation"
Solve = Callable[[Tensor, LinearOperator], Tensor]


@dataclass(frozen=True)
class Group:
    """Test images of one row.

    Attributes:
        title: what they show.
        acceleration: of the undersampling; 0 for super-resolution.
        examples: one image each.
    """

    title: str
    acceleration: float
    examples: tuple[Posed, ...]

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.title}, {self.acceleration:g}x" if self.acceleration else self.title


def groups(task: Task, size: Size, real: Sequence[Path], label: str) -> list[Group]:
    """Simulated bodies, natural-like pictures and real images, none of them trained on."""
    found = []
    for acceleration in ACCELERATIONS if task.scale == 1 else (0,):
        natural = len(ANATOMIES) * size.subjects
        bodies = simulated(task, size, "test", acceleration, ANATOMIES, size.subjects)
        pictures = simulated(task, size, "test", acceleration, ("natural",), natural)
        found.append(Group("simulated bodies", acceleration, tuple(bodies)))
        found.append(Group("natural-like pictures", acceleration, tuple(pictures)))
        if real:
            scans = [measured(task, path, acceleration, n) for n, path in enumerate(real)]
            found.append(Group(label, acceleration, tuple(scans)))
    return found


def simulated(
    task: Task, size: Size, split: str, acceleration: float, kinds: Sequence[str], count: int
) -> Iterator[Posed]:
    """``count`` of each kind, objects that no other split has."""
    config = teacher_recipe(task, size).data.simulated
    for kind in kinds:
        alone = replace(config, anatomies={kind: 1.0}, batch=1, blend=0.0)
        if acceleration:
            alone = replace(alone, accelerations=(acceleration,), between=False)
        examples = SimulatedExamples(alone, 0, f"{split} {kind}", count)
        yield from (examples[index] for index in range(count))


def measured(task: Task, path: Path, acceleration: float, number: int) -> Posed:
    """A retrospective scan of a real image, with simulated phase, noise and coils."""
    image = load(path).slices(0, 1)
    scan = from_image(image, snr=IMAGE_SNR, seed=number)
    truth = fft(scan.reference.to(torch.complex64))[:, :, None]  # type: ignore[union-attr]
    if task.scale > 1:
        height, width = (n - n % task.scale for n in scan.kspace.shape[-2:])
        rows, columns = (slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(
            scan.kspace.shape[-2:], (height, width), strict=True))  # fmt: skip
        return lowered(
            scan.kspace[..., rows, columns], truth[..., rows, columns], task.scale, "truncation"
        )
    problem = pose(Undersampling(acceleration, "random", seed=number)(scan))
    given, maps = problem.acquisition, problem.acquisition.coil_maps
    assert maps is not None
    target = scan.reference.to(torch.complex64) / problem.scale  # type: ignore[union-attr]
    return Example(given.kspace, given.mask, maps, target)


def scores(solve: Solve, group: Group) -> dict[str, list[float]]:
    """Each metric of each image's magnitude, by its own largest value."""
    found: dict[str, list[float]] = {name: [] for name in METRICS}
    for example in group.examples:
        image = solve(example.measured, example.encoding).abs()
        target = example.target.abs()
        for name, metric in METRICS.items():
            value = metric(image, target, data_range=target.amax(dim=(-2, -1)))
            found[name].append(round(float(value.mean()), 5))
    return found


def start(measured: Tensor, operator: LinearOperator) -> Tensor:
    """Zero filling: of the samples, or of the samples that a coarse image has."""
    if isinstance(operator, Downsampling):
        return operator.interpolate(measured)
    return operator.H(measured)


def cubic(measured: Tensor, operator: LinearOperator) -> Tensor:
    """Cubic interpolation that keeps pixel ``n // 2`` in its place, as truncation does."""
    assert isinstance(operator, Downsampling)
    scale, shape = operator.scale, measured.shape[-2:]
    shifts = [n // 2 - (scale * n // 2) / scale + 0.5 - 0.5 / scale for n in shape]
    rows, columns = (
        cubic_weights(n, n * scale, measured, shift) for n, shift in zip(shape, shifts, strict=True)
    )
    return rows @ measured @ columns.T


def variation(weight: float) -> Solve:
    """Total variation of one weight."""
    return lambda measured, operator: total_variation(operator, operator.H(measured), weight)


def tuned(task: Task, size: Size, acceleration: float) -> float:
    """The weight of total variation that is best on bodies that are not tested with."""
    examples = tuple(simulated(task, size, "tuning", acceleration, ANATOMIES, 2))
    group = Group("tuning", acceleration, examples)
    means = {w: sum(scores(variation(w), group)["psnr"]) for w in TV_WEIGHTS}
    return max(means, key=lambda weight: means[weight])


def classical(task: Task, size: Size, group: Group) -> dict[str, dict[str, Any]]:
    """Methods without training."""
    weight = tuned(task, size, group.acceleration)
    found = {"zero-filled": scores(start, group)}
    if task.scale > 1:
        found["bicubic"] = scores(cubic, group)
    found[TV] = scores(variation(weight), group)
    return {name: {"scores": one} for name, one in found.items()} | {
        TV: {"scores": found[TV], "weight": weight}
    }


@torch.no_grad()
def costs(task: Task, networks: Mapping[str, nn.Module], repeats: int = 9) -> dict[str, Any]:
    """Parameters, multiply-adds, memory and time an image of the study's size."""
    example = next(simulated(task, SIZES["study"], "cost", ACCELERATIONS[0], ("brain",), 1))
    given = example.measured, example.encoding
    return {
        name: {
            "parameters": parameter_count(network),
            "multiply_adds": multiply_adds(network, *given),
            "memory": inference_memory(network, *given),
            "seconds": latency(network, *given, repeats=repeats),
        }
        for name, network in networks.items()
    }


def compared_networks(task: Task, size: Size) -> dict[str, nn.Module]:
    """The teacher and its students, also those that the study does not train."""
    scale = {"scale": task.scale}
    teacher = {**teacher_recipe(task, size).settings}
    return {
        "teacher": build("swinir-teacher", teacher),
        "swinir-teacher of full size": build("swinir-teacher", scale),
        "chpnet": build("chpnet", scale),
        "chpnet, kroneckerized (n = 2)": build("chpnet", {**scale, "kronecker": 2}),
        "chpnet-tiny (the student)": build("chpnet-tiny", {**scale, **size.student}),
        "chpnet-tiny, kroneckerized (n = 2)": build("chpnet-tiny", {**scale, "kronecker": 2}),
    }
