"""How many operations a second the processor does in convolutions that are nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from feathermr.core.seeding import generator, seeded
from feathermr.deploy.graphs.engines import OpenvinoEngine
from feathermr.deploy.graphs.make import Target, made_files
from feathermr.deploy.graphs.trace import Use, calls_of

Run = Callable[[], object]

#: channels, pixels along each side, and layers
WIDTHS, SIDES, LAYERS = (32, 64, 128), (128, 64), 6
REPEATS = 7


def ceilings(threads: int, int8: bool = True) -> dict[str, float]:
    """The most operations a second, multiplications and additions counted, by precision.

    The best of torch and OpenVINO and of several sizes, in a stack of 3 x 3 convolutions. Of int8
    the layers at both ends stay at full precision and count as if they were as fast.
    """
    found = {"fp32": 0.0, "bf16": 0.0}
    found |= {"int8": 0.0} if int8 else {}
    for width in WIDTHS:
        for side in SIDES:
            stack, given = _stack(width), torch.randn(
                1, width, side, side, generator=generator(0, "ceiling")
            )  # fmt: skip
            operations = 2.0 * LAYERS * 9 * width**2 * side**2
            for name, run in _runs(stack, given, threads, int8).items():
                precision = name.split()[1]
                found[precision] = max(found[precision], operations / _seconds(run))
    return found


def _stack(width: int) -> nn.Sequential:
    with seeded(0, "ceiling"):
        layers = [nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(LAYERS)]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def _runs(stack: nn.Sequential, given: Tensor, threads: int, int8: bool) -> dict[str, Run]:
    """The stack in everything there is."""

    def halved() -> object:
        with torch.autocast("cpu", torch.bfloat16):
            return stack(given)

    outer = nn.Sequential(stack)
    call = next(one for one in calls_of(outer, lambda: outer(given)) if one.module == "0")
    use = Use(call.signature(), (call,))
    runs: dict[str, Run] = {
        "torch fp32": lambda: stack(given),
        "torch bf16": halved,
    }
    for precision in ("fp32", "bf16", "int8") if int8 else ("fp32", "bf16"):
        calls = [[given]] * 8 if precision == "int8" else []
        target = Target("openvino", precision, threads)
        files = made_files(stack, use, target, calls, dynamic=False)
        engine = OpenvinoEngine(list(files.values()), precision, threads)
        runs[f"openvino {precision}"] = _bound(engine, given)
    return runs


def _bound(engine: OpenvinoEngine, given: Tensor) -> Run:
    return lambda: engine([given])


def _seconds(run: Run) -> float:
    """The shortest of some runs: a ceiling is what can be reached."""
    found = []
    with torch.inference_mode():
        for _ in range(REPEATS):
            start = time.perf_counter()
            run()
            found.append(time.perf_counter() - start)
    return min(found[1:])
