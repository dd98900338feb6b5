"""The page about the speed of the network of films, from what the benchmark stored."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

CINE, DUAL = "kronecker-cine", "dual-unet"
#: frames a second that make real time
REAL_TIME = 25.0
#: largest deviation of the memory from a straight line
LINEAR = 0.05


def page(record: Mapping[str, Any]) -> str:
    """Markdown."""
    known = record["environment"]
    lines = [
        "# Speed and memory of `kronecker-cine`",
        "",
        f"Written by `make bench-cine`; it took {record['minutes']:.1f} minutes. Times compare "
        "only within one run: read the ratios. Times are medians.",
        "",
        f"{known['Processor']}, PyTorch {known['PyTorch']}, commit {known['Commit']}, "
        f"{known['Written']}. Films are simulated hearts, undersampled 5 times with 11 center "
        f"lines (`kt-random`); weights: {record['weights']}, which changes no time.",
        "",
        "## Marks",
        "",
        *_marks(record),
        "",
        *_single(record),
        *_parts(record),
        *_several(record),
        *_networks(record),
        *_growth(record),
    ]
    return "\n".join(lines)


def fit(growth: Mapping[str, float]) -> tuple[float, float, float]:
    """Slope and start of the straight line by least squares, and the largest relative deviation."""
    points = [(float(frames), float(size)) for frames, size in growth.items()]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points)
    slope /= sum((x - mean_x) ** 2 for x, _ in points)
    start = mean_y - slope * mean_x
    return slope, start, max(abs(start + slope * x - y) / y for x, y in points)


def ratio(times: Mapping[str, Sequence[float]], name: str, over: str) -> float:
    """The median of the ratios of the rounds."""
    return median(one / other for one, other in zip(times[name], times[over], strict=True))


def frames_of(record: Mapping[str, Any], name: str) -> int:
    """Of the film that a contestant reconstructs."""
    return int(record["dual_frames"] if name == DUAL else record["frames"])


def speed(record: Mapping[str, Any], threads: str, name: str, coils: str = "single") -> float:
    """Frames a second."""
    return frames_of(record, name) / median(record["reconstruction"][threads][coils][name])


def _threads(record: Mapping[str, Any]) -> str:
    count = record["threads"]
    return "1 thread" if count == 1 else f"{count} threads"


def _met(condition: bool) -> str:
    return "met" if condition else "**not met**"


def _marks(record: Mapping[str, Any]) -> list[str]:
    found = speed(record, str(record["threads"]), CINE)
    _, _, deviation = fit(record["growth"])
    size = record["single"]
    needs = record["needs"]
    share = needs[CINE]["parameters"] / needs[DUAL]["parameters"]
    return [
        f"- {record['frames']} x {size} x {size}, one coil, {_threads(record)}, at least "
        f"{REAL_TIME:.0f} frames a second: {_met(found >= REAL_TIME)}, {found:.1f}.",
        f"- Memory grows linearly in frames: {_met(deviation <= LINEAR)}, within "
        f"{deviation:.1%} of a straight line.",
        f"- At most a tenth of the parameters of the dual U-Net: {_met(share <= 0.1)}, "
        f"{share:.2%}.",
    ]


def _single(record: Mapping[str, Any]) -> list[str]:
    size = record["single"]
    rows = [
        f"## One coil, {size} x {size}",
        "",
        f"From the scan to the film, {record['frames']} frames; the dual U-Net takes "
        f"{record['dual_frames']}. The ratio is of the times a frame.",
        "",
        "| threads | method | s a film | frames/s | ratio |",
        "|---:|---|---:|---:|---:|",
    ]
    for threads, found in record["reconstruction"].items():
        times = found["single"]
        for name, seconds in times.items():
            share = frames_of(record, CINE) / frames_of(record, name)
            rows.append(
                f"| {threads} | {name} | {median(seconds):.3f} | "
                f"{speed(record, threads, name):.1f} | {share * ratio(times, name, CINE):.2f} |"
            )
    return [*rows, ""]


def _parts(record: Mapping[str, Any]) -> list[str]:
    rows = [
        "## Where the time goes",
        "",
        "*Start* is the film with few temporal frequencies, *consistency* all that is left.",
        "",
        "| film | threads | start, ms | denoiser, ms | consistency, ms |",
        "|---|---:|---:|---:|---:|",
    ]
    kinds = {"parts": "one coil", "parts of several": f"{record['coils']} coils"}
    for key, title in kinds.items():
        for threads, found in record["reconstruction"].items():
            cells = (
                f"{1e3 * median(one[part] for one in found[key]):.0f}"
                for part in ("start", "denoiser", "consistency")
            )
            rows.append(f"| {title} | {threads} | {' | '.join(cells)} |")
    return [*rows, ""]


def _several(record: Mapping[str, Any]) -> list[str]:
    size = record["several"]
    rows = [
        f"## {record['coils']} coils, {size} x {size}, {record['frames']} frames",
        "",
        "From the scan, with the estimation of the coil maps, and the network alone.",
        "",
        "| threads | | s a film | frames/s |",
        "|---:|---|---:|---:|",
    ]
    for threads, found in record["reconstruction"].items():
        for name, seconds in found["several"].items():
            rows.append(
                f"| {threads} | {name} | {median(seconds):.3f} | "
                f"{speed(record, threads, name, 'several'):.1f} |"
            )
    return [*rows, ""]


def _networks(record: Mapping[str, Any]) -> list[str]:
    size, times = record["single"], record["training"]
    rows = [
        "## Beside the dual U-Net",
        "",
        f"A film of {record['dual_frames']} x {size} x {size}, one coil, batch 1, float32, "
        f"{_threads(record)}; a training step is forward, backward and Adam. Memory is "
        "what the tensors take at the peak and, in parentheses, by how much a process of its own "
        "grows.",
        "",
        "| | parameters | multiply-adds a frame | memory, film, MB | memory, training, MB "
        "| training step, s | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, one in record["needs"].items():
        grown = record["processes"].get(name, {})
        film, step = (
            f"{one[f'{work}_bytes'] / 1e6:.0f}"
            + (f" ({grown[work] / 1e6:.0f})" if work in grown else "")
            for work in ("inference", "training")
        )
        rows.append(
            f"| {name} | {one['parameters'] / 1e6:.3f} M | {one['multiply_adds'] / 1e9:.3f} G | "
            f"{film} | {step} | {median(times[name]):.3f} | {ratio(times, name, DUAL):.3f} |"
        )
    return [*rows, ""]


def _growth(record: Mapping[str, Any]) -> list[str]:
    slope, start, _ = fit(record["growth"])
    size = record["single"]
    cells = [f"| {frames} | {one / 1e6:.1f} |" for frames, one in record["growth"].items()]
    return [
        "## Memory by number of frames",
        "",
        f"Tensors at the peak of a reconstruction of {size} x {size}, one coil: "
        f"{start / 1e6:.1f} MB + {slope / 1e6:.2f} MB a frame.",
        "",
        "| frames | MB |",
        "|---:|---:|",
        *cells,
        "",
    ]
