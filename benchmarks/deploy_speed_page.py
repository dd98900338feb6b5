"""The page about the speed of exported networks, from what the benchmark stored."""

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

#: what all others are measured by
EAGER = "torch fp32"
#: times faster and largest loss in dB that are asked for, of any and of int8
ANY, INT8 = (3.0, 0.1), (4.0, 0.2)
#: share of the ceiling, and bytes beyond imports, that are asked for
SHARE, MEMORY = 0.6, 500e6
COILS = ("one coil", "eight coils")

Record = Mapping[str, Any]


def page(record: Record) -> str:
    """Markdown."""
    known = record["environment"]
    lines = [
        "# Speed of exported networks",
        "",
        f"Written by `make bench-deploy`; it took {record['minutes']:.1f} minutes. Times compare "
        "only within one run: read the ratios. Times are medians of rounds in which the "
        "contestants take turns, ratios are medians of the rounds' ratios.",
        "",
        f"{known['Processor']}, {record['threads']} threads; PyTorch {known['PyTorch']}, commit "
        f"{known['Commit']}, {known['Written']}. Trained weights that ship, folded. Convolutions: "
        "all that the graphs do in one reconstruction. Whole: from samples and coil maps to the "
        "image, with the start, the transforms and the consistency, which stay in torch.",
        "",
        "The processor's ceiling in plain 3 x 3 convolutions: "
        + ", ".join(f"{name} {value / 1e9:.0f}" for name, value in record["ceilings"].items())
        + " billion operations a second.",
        "",
        "## Marks",
        "",
    ]
    for name, found in record["networks"].items():
        lines += _marks(record, name, found)
    for name, found in record["networks"].items():
        lines += ["", f"## {name}", ""]
        for coils in COILS:
            lines += _table(record, found, coils)
        lines += _costs(found)
    return "\n".join([*lines, ""])


def ratio(times: Mapping[str, Sequence[float]], name: str) -> float:
    """How many times faster than torch."""
    return median(a / b for a, b in zip(times[EAGER], times[name], strict=True))


def share(record: Record, one: Record, name: str) -> float:
    """Of the ceiling of its precision that the convolutions reach."""
    seconds = median(one["convolutions"][name])
    ceiling = record["ceilings"][name.split()[1]]
    return float(2 * one["multiply_adds"] / seconds / ceiling)


def limit(one: Record) -> float:
    """How many times faster the whole would be if convolutions took no time."""
    whole, convolutions = (median(one[key][EAGER]) for key in ("whole", "convolutions"))
    return whole / max(whole - convolutions, 1e-9)


def images(one: Record) -> int:
    """Slices and frames of a scan."""
    return int(one["measured_shape"][0] * one["measured_shape"][1])


def _best(found: Record, kind: str, names: Sequence[str], most: float) -> tuple[str, float]:
    """The fastest that loses no more than is allowed, with one coil."""
    fit = [name for name in names if fmean(found["losses"][name]) <= most]
    ranked = sorted((ratio(found["one coil"][kind], name), name) for name in fit)
    return (ranked[-1][1], ranked[-1][0]) if ranked else ("none", 0.0)


def _marks(record: Record, name: str, found: Record) -> list[str]:
    others = [one for one in found["losses"] if one != EAGER]
    eights = [one for one in others if one.endswith("int8")]
    lines = []
    for title, names, (times, most) in (("best", others, ANY), ("int8", eights, INT8)):
        for kind in ("convolutions", "whole"):
            if names:
                winner, value = _best(found, kind, names, most)
                lines.append(
                    f"- {name}, {kind}, {title} of at most {most:g} dB loss, {times:g} times as "
                    f"fast as torch in single precision: {_met(value >= times)}, {value:.2f} "
                    f"({winner})."
                )
    one = found["one coil"]
    rest = median(one["whole"][EAGER]) - median(one["convolutions"][EAGER])
    lines.append(
        f"- {name}, what limits the whole: the start takes "
        f"{median(one['start']) / median(one['whole'][EAGER]):.0%} of torch's time, all that is "
        f"no convolution {rest / median(one['whole'][EAGER]):.0%}; with convolutions in no time "
        f"the whole would be {limit(one):.2f} times as fast."
    )
    reached = max((share(record, one, other), other) for other in others)
    lines.append(
        f"- {name}, {SHARE:.0%} of the ceiling: {_met(reached[0] >= SHARE)}, {reached[0]:.0%} "
        f"({reached[1]})."
    )
    grown = {key: value["peak"] - value["before"] for key, value in found["memory"].items()}
    least = min((value, key) for key, value in grown.items() if key != EAGER)
    lines.append(
        f"- {name}, peak memory below {MEMORY / 1e6:.0f} MB beyond imports, with torch in the "
        f"process: {_met(least[0] < MEMORY)}, {least[0] / 1e6:.0f} MB ({least[1]})."
    )
    return lines


def _met(condition: bool) -> str:
    return "met" if condition else "**not met**"


def _table(record: Record, found: Record, coils: str) -> list[str]:
    one = found[coils]
    count = images(one)
    shape = " x ".join(str(size) for size in one["measured_shape"])
    lines = [
        f"Samples of {shape} ({coils}), {one['multiply_adds'] / count / 1e9:.2f} billion "
        f"multiply-adds of convolutions an image; the start takes "
        f"{1e3 * median(one['start']) / count:.1f} ms an image.",
        "",
        "| | convolutions, ms an image | ratio | of the ceiling | whole, ms an image | ratio |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in one["whole"]:
        convolutions, whole = one["convolutions"], one["whole"]
        lines.append(
            f"| {name} | {1e3 * median(convolutions[name]) / count:.2f} | "
            f"{ratio(convolutions, name):.2f} | {share(record, one, name):.0%} | "
            f"{1e3 * median(whole[name]) / count:.1f} | {ratio(whole, name):.2f} |"
        )
    return [*lines, ""]


def _costs(found: Record) -> list[str]:
    psnr = found["losses"][EAGER]
    lines = [
        f"Loss of PSNR on {len(psnr)} simulated scans, on which torch in single precision has "
        f"{fmean(psnr):.2f} dB ({min(psnr):.1f} to {max(psnr):.1f}); memory of a process of its "
        "own with one coil: at its peak, and beyond what it had after imports and the scan.",
        "",
        "| | loss, dB | largest | package, MB | peak, MB | beyond, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, values in found["losses"].items():
        memory = found["memory"][name]
        loss = ("", "") if name == EAGER else (f"{fmean(values):+.3f}", f"{max(values):+.3f}")
        size = f"{found['bytes'][name] / 1e6:.2f}" if name in found["bytes"] else ""
        lines.append(
            f"| {name} | {loss[0]} | {loss[1]} | {size} | {memory['peak'] / 1e6:.0f} | "
            f"{(memory['peak'] - memory['before']) / 1e6:.0f} |"
        )
    return lines
