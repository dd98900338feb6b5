"""How fast exported networks are, and what that costs: ``make bench-deploy``.

    python benchmarks/deploy_speed.py                # measure, store, write the page
    python benchmarks/deploy_speed.py --threads 1    # with another number of threads
    python benchmarks/deploy_speed.py --quick        # tiny scans, few contestants, print only
    python benchmarks/deploy_speed.py --page         # write the page again from what is stored

Contestants take turns in every round, in an order that rotates. The convolutions are timed by
themselves, on what they took in a reconstruction, and the whole network from samples to image.
Writes ``docs/results/deploy-speed.md`` from ``docs/results/deploy-speed.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from deploy_speed_ceiling import ceilings
from deploy_speed_page import EAGER, page
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from feathermr.core.atomic import written_file
from feathermr.core.environment import environment
from feathermr.core.optional import require
from feathermr.deploy.export import Target, export, exportable
from feathermr.deploy.graphs.make import folded
from feathermr.deploy.graphs.scans import Example, Kind, kind_of, used
from feathermr.deploy.graphs.trace import Call, calls_of
from feathermr.deploy.runtime import load_package, read_package
from feathermr.nn.noise_level import noise_of
from feathermr.nn.sparse_start import film_start, sparse_start

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "results" / "deploy-speed.json"
PAGE = ROOT / "docs" / "results" / "deploy-speed.md"
STATIC, CINE = "kronecker-cascade", "kronecker-cine"
#: contestants beside torch in single precision: runtime and precision
ALL = (
    ("torch", "bf16"), ("onnx", "fp32"), ("onnx", "int8"), ("openvino", "fp32"),
    ("openvino", "bf16"), ("openvino", "int8"),
)  # fmt: skip
#: what a process imports to run a package
IMPORTS = {"torch": (), "onnx": ("onnxruntime",), "openvino": ("openvino",)}
#: index of the example that is timed, for one coil and for eight, and of the first that is judged
ONE_COIL, EIGHT_COILS, JUDGED = 20, 23, 700

Record = dict[str, Any]
Work = Callable[[], object]


@dataclass(frozen=True)
class Size:
    """How much is measured.

    Attributes:
        still: pixels along y and x of a static scan.
        film: the same of a film.
        frames: of the film.
        judged: scans on which the loss is found.
        judged_size: their pixels along y and x, of a static scan and of a film.
        rounds: of every time.
        networks: that are measured.
        contestants: beside torch in single precision.
    """

    still: int = 256
    film: int = 128
    frames: int = 25
    judged: int = 10
    judged_size: tuple[int, int] = (192, 128)
    rounds: int = 9
    networks: tuple[str, ...] = (STATIC, CINE)
    contestants: tuple[tuple[str, str], ...] = ALL


QUICK = Size(64, 64, 8, 1, (64, 64), 2, (STATIC,), (("torch", "bf16"), ("openvino", "bf16")))


def said(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def rounds(runs: Mapping[str, Work], count: int) -> dict[str, list[float]]:
    """Seconds of every round by contestant, after a round to get warm."""
    names = list(runs)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for index in range(count + 1):
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            before = time.perf_counter()
            with torch.inference_mode():
                runs[name]()
            if index:
                seconds[name].append(time.perf_counter() - before)
    return seconds


def again(network: nn.Module, calls: list[Call]) -> Work:
    """Everything that graphs did in a reconstruction, once more."""
    modules = {call.module: network.get_submodule(call.module) for call in calls}

    def run() -> None:
        for call in calls:
            modules[call.module](**call.arguments)

    return run


def multiply_adds(work: Work) -> float:
    """Of the convolutions and matrix products in it."""
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        work()
    return counter.get_total_flops() / 2


def starting(kind: Kind, example: Example) -> Work:
    """What happens before the first convolution."""
    encoding: Any = example.operator
    kspace, adjoint = example.measured, encoding.H(example.measured)
    if kind.frames == 1:
        return lambda: sparse_start(kspace, adjoint, encoding)
    return lambda: film_start(adjoint, encoding, noise_of(kspace, encoding.mask))


def timed(
    models: Mapping[str, nn.Module], graphs: list[str], example: Example, size: Size
) -> Record:
    """Times of all contestants on one scan."""
    eager = models[EAGER]
    kind = Kind(1, 1 if example.measured.shape[1] == 1 else 0)
    calls = calls_of(eager, lambda: used(eager, example), graphs)
    work = again(eager, calls)
    return {
        "measured_shape": list(example.measured.shape),
        "multiply_adds": multiply_adds(work),
        "convolutions": rounds(
            {name: again(model, calls) for name, model in models.items()}, size.rounds
        ),
        "whole": rounds(
            {name: _whole(model, example) for name, model in models.items()}, size.rounds
        ),
        "start": rounds({"start": starting(kind, example)}, size.rounds)["start"],
    }  # fmt: skip


def _whole(model: nn.Module, example: Example) -> Work:
    return lambda: model(example.measured, example.operator)


def losses(models: Mapping[str, nn.Module], kind: Kind, size: Size) -> dict[str, list[float]]:
    """By how many dB each is below torch, scan by scan; of that one the PSNR itself."""
    found: dict[str, list[float]] = {name: [] for name in models}
    side = size.judged_size[kind.frames != 1]
    for index in range(size.judged):
        example = kind.example(JUDGED + index, (side, side - 16), 12)
        images = {name: used(model, example) for name, model in models.items()}
        for name, image in images.items():
            own = example.psnr(image)
            found[name].append(own if name == EAGER else example.psnr(images[EAGER]) - own)
    return found


def network(name: str, folder: Path, size: Size, threads: int) -> Record:
    """Everything about one network."""
    trained = exportable(name)
    models = {EAGER: folded(trained)}
    packages: dict[str, Path] = {}
    for runtime, precision in size.contestants:
        title = f"{runtime} {precision}"
        said(f"{name}, export for {title}")
        packages[title] = folder / f"{name}-{runtime}-{precision}"
        export(trained, packages[title], Target(runtime, precision, threads))
        models[title] = load_package(packages[title], threads=threads)
    graphs = [one.module for one, _ in read_package(next(iter(packages.values()))).graphs]
    kind = kind_of(models[EAGER], trained.settings)
    side = size.still if kind.frames == 1 else size.film
    record: Record = {"bytes": {title: _bytes(one) for title, one in packages.items()}}
    for key, index in (("one coil", ONE_COIL), ("eight coils", EIGHT_COILS)):
        said(f"{name}, {key}")
        example = kind.example(index, (side, side), size.frames)
        record[key] = timed(models, graphs, example, size)
    said(f"{name}, loss")
    record["losses"] = losses(models, kind, size)
    said(f"{name}, memory")
    record["memory"] = {
        title: _memory(name, path, side, size, threads)
        for title, path in {EAGER: Path(), **packages}.items()
    }
    return record


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _memory(name: str, folder: Path, side: int, size: Size, threads: int) -> Record:
    """What a process of its own takes at its peak, and after its imports."""
    command = [sys.executable, __file__, "--alone", name, "--package", str(folder)]
    command += ["--side", str(side), "--frames", str(size.frames), "--threads", str(threads)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: Record = json.loads(ran.stdout.splitlines()[-1])
    return found


def alone(options: argparse.Namespace) -> None:
    """Print what this process takes for one network: after imports, and at its peak."""
    torch.set_num_threads(options.threads)
    kind = Kind(1, 1 if options.alone == STATIC else 0)
    example = kind.example(ONE_COIL, (options.side, options.side), options.frames)
    eager = options.package == "."
    for module in () if eager else IMPORTS[read_package(Path(options.package)).runtime]:
        require(module)
    Path("/proc/self/clear_refs").write_text("5")  # what the simulation took at its peak is gone
    before = _resident("VmRSS")
    model = folded(exportable(options.alone)) if eager else load_package(options.package)
    with torch.inference_mode():
        for _ in range(2):
            model(example.measured, example.operator)
    print(json.dumps({"before": before, "peak": _resident("VmHWM")}))


def _resident(key: str) -> int:
    """Bytes of this process, now (VmRSS) or at the most so far (VmHWM), as Linux tells it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return 1024 * int(line.split()[1])
    raise SystemExit("this system does not tell the size of a process")


def measure(size: Size, threads: int) -> Record:
    """The whole record."""
    start = time.perf_counter()
    torch.set_num_threads(threads)
    said("the processor's convolutions")
    record: Record = {
        "environment": dict(environment()), "threads": threads, "size": asdict(size),
        "ceilings": ceilings(threads, int8=any(one == "int8" for _, one in size.contestants)),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        record["networks"] = {
            name: network(name, Path(folder), size, threads) for name in size.networks
        }
    record["minutes"] = (time.perf_counter() - start) / 60
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=2, help="default: 2")
    parser.add_argument("--quick", action="store_true", help="tiny scans, print only")
    parser.add_argument("--page", action="store_true", help="write the page, measure nothing")
    for name in ("--alone", "--package", "--side", "--frames"):
        kind: Any = int if name in ("--side", "--frames") else str
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        alone(options)
        return
    if options.quick:
        print(page(measure(QUICK, options.threads)))
        return
    if not options.page:
        with written_file(STORED) as beside:
            beside.write_text(json.dumps(measure(Size(), options.threads), indent=1) + "\n")
    text = page(json.loads(STORED.read_text()))
    print(text)
    with written_file(PAGE) as beside:
        beside.write_text(text)


if __name__ == "__main__":
    main()
