"""The section of ``docs/kronecker.md`` about speed, from what the benchmark stored."""

from collections.abc import Mapping, Sequence
from statistics import median, quantiles

#: (what, contestant, over which, at most so many times)
MARKS = (
    ("training step", "kronecker", "dense", {"processor": 1.05, "gpu": 1.10}),
    ("inference", "folded", "dense", {"processor": 1.02, "gpu": 1.02}),
)
#: (what, how many times faster than the sum of torch.kron at least)
FASTER = (("layers", 1.5), ("weights", 1.5))
TITLES = {
    "training step": "training step",
    "inference": "inference",
    "layers": "every Kronecker layer once, 8 x 8 pixels",
    "weights": "every weight built once",
}


def ratios(times: Mapping, name: str, over: str) -> list[float]:
    """Of every round."""
    return [one / other for one, other in zip(times[name], times[over], strict=True)]


def section(records: Sequence[Mapping]) -> str:
    """Markdown of all devices."""
    return "\n".join(_device(record) for record in records)


def _device(record: Mapping) -> str:
    shape = f"{record['batch']} x 2 x {record['size']} x {record['size']}"
    known = record["environment"]
    where = known["Processor"] if record["device"] == "processor" else record["device"]
    lines = [
        f"### On {where}",
        "",
        f"Image {shape}, float32, Adam. PyTorch {known['PyTorch']}, {known['Threads']}, commit "
        f"{known['Commit']}, {known['Written']}. The consistency step, the same for all, is left "
        "out.",
        "",
        *_needs(record),
        "",
        *_times(record),
        "",
        *_marks(record),
        "",
    ]
    return "\n".join(lines)


def _needs(record: Mapping) -> list[str]:
    rows = [
        "| network | parameters | multiply-adds an image | peak memory, training | inference |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, one in record["needs"].items():
        rows.append(
            f"| {name} | {one['parameters'] / 1e6:.3f} M | {one['multiply_adds'] / 1e9:.3f} G | "
            f"{one['training_bytes'] / 1e6:.0f} MB | {one['inference_bytes'] / 1e6:.0f} MB |"
        )
    return rows


def _times(record: Mapping) -> list[str]:
    rows = ["| | network | median, ms | ratio | quartiles |", "|---|---|---:|---:|---:|"]
    for what, times in record["seconds"].items():
        over = next(iter(times))
        for name in times:
            found = ratios(times, name, over)
            low, _, high = quantiles(found, n=4) if len(found) > 1 else (found * 3)
            rows.append(
                f"| {TITLES[what]} | {name} | {median(times[name]) * 1e3:.2f} | "
                f"{median(found):.3f} | {low:.3f} to {high:.3f} |"
            )
    return rows


def _marks(record: Mapping) -> list[str]:
    kind = "processor" if record["device"] == "processor" else "gpu"
    lines = []
    for what, name, over, limits in MARKS:
        found = median(ratios(record["seconds"][what], name, over))
        met = "met" if found <= limits[kind] else "**not met**"
        lines.append(
            f"- {what}, {name} at most {limits[kind]:.2f} times {over}: {met}, {found:.3f}."
        )
    for what, least in FASTER:
        found = median(ratios(record["seconds"][what], "torch.kron", "kronecker"))
        met = "met" if found >= least else "**not met**"
        lines.append(
            f"- {TITLES[what]}, at least {least} times faster than the sum of `torch.kron`: "
            f"{met}, {found:.2f} times."
        )
    return lines
