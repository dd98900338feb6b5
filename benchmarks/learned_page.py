"""``docs/weights.md`` from what the benchmark of the trained networks stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from learned_cards import networks_section
from learned_measured import measured_section
from learned_statistics import (
    DEFAULT,
    NETWORKS,
    SWEPT,
    Row,
    best_tuned,
    failures,
    gain,
    mean,
    met,
    pooled,
    tuned,
    worse,
)

from feathermr.metrics import Interval

Record = Mapping[str, Any]


def page(record: Record) -> str:
    """The whole page as Markdown."""
    parts = ["# Trained networks", _introduction(record)]
    parts += ["## The networks", networks_section(record)]
    parts += ["## Targets", _targets(record)]
    parts += ["## Measured scans", measured_section(record["parts"].get("measured"))]
    for name, title, about in (
        ("simulated", "Simulated scans", _about_simulated),
        ("images", "Real images, retrospective", _about_images),
    ):
        part = record["parts"].get(name)
        parts.append(f"## {title}")
        parts += _quality(part["rows"], about(record)) if part else ["Not measured."]
    parts += ["## A measured scan without reference", _raw(record)]
    parts += ["## Robustness", _robustness(record), "## How it is measured", _method(record)]
    return "\n\n".join(parts) + "\n"


def _introduction(record: Record) -> str:
    quick = any(part["quick"] for part in record["parts"].values())
    warning = "**A smoke test: the numbers below mean nothing.** " if quick else ""
    return (
        f"{warning}This page is on two of the networks that come with the package "
        "(the others have their own: [`kronecker-cine`](results/cine.md), for films, "
        "[`liif-rdn3d`](results/implicit.md), for films at any time, and "
        "[`chpnet-x2`](results/distillation.md), for super-resolution). `kronecker-cascade` is "
        "the default of static undersampled scans; `kronecker-unet` is the one-shot network. "
        "Written by `make bench-learned` (`benchmarks/learned.py`) from "
        "[results/learned.json](results/learned.json), which holds the scores of every scan. For "
        "research, not for diagnosis."
    )


def _targets(record: Record) -> str:
    lines = []
    for name, title, chosen in (
        ("simulated", "Simulated scans", lambda row: True),
        ("images", "Real images, one coil", lambda row: row["coils"] == 1),
        ("images", "Real images, eight coils", lambda row: row["coils"] > 1),
    ):
        part = record["parts"].get(name)
        rows = [row for row in part["rows"] if chosen(row)] if part else []
        lines.append(f"- {_verdict(title, rows)}")
    scored = [
        row
        for name in ("simulated", "images", "robustness")
        for row in record["parts"].get(name, {"rows": []})["rows"]
    ]
    scans = sum(len(row["scans"]) for row in scored)
    for network in NETWORKS:
        for metric in ("psnr", "ssim"):
            found = worse(scored, network, metric)
            state = "met" if not found else f"**not met** at {len(found)}: {'; '.join(found)}"
            lines.append(
                f"- `{network}` never worse than zero filling by {metric.upper()} "
                f"({scans} scans of this page): {state}."
            )
    failed = sum(failures(row["methods"][name]) for row in scored for name in NETWORKS)
    lines.append(f"- Results that are not finite, or other failures: {failed or 'none'}.")
    return "\n".join(lines)


def _verdict(title: str, rows: Sequence[Row]) -> str:
    """Row by row: how far `kronecker-cascade` is from the best tuned classical method."""
    if not rows:
        return f"{title}: not measured."
    target = rows[0]["target"]
    short = [f"{row['name']} ({_gain(gain(row), short=True)})" for row in rows if not met(row)]
    head = f"{title}, `{DEFAULT}` at least {target:+.0f} dB over the best tuned method"
    if not short:
        return f"{head}: met in all {len(rows)} rows."
    return f"{head}: met in {len(rows) - len(short)} of {len(rows)} rows; **not met** at " + (
        "; ".join(short) + "."
    )


def _about_simulated(record: Record) -> str:
    settings = record["settings"]
    height, width = settings["shape"]
    return (
        f"{settings['subjects']} subjects a row, {height} x {width} pixels, random lines, "
        f"signal-to-noise ratio {settings['snr']:g}, coil maps estimated from the samples. The "
        "subjects are none of the training's: `simulate` draws them by other random generators. "
        "But they come from the same simulator, so that these rows say how well the training "
        "worked, not how well the network does on patients."
    )


def _about_images(record: Record) -> str:
    rows = record["parts"]["images"]["rows"]
    notes = dict.fromkeys(row["note"] for row in rows if row["note"])
    return (
        "Magnitude images; a scanner's phase, coil maps and noise of signal-to-noise ratio "
        f"{record['settings']['image_snr']:g} are simulated. Retrospective, and an *inverse "
        "crime*: the k-space is the transform of the very image that results are compared with, "
        "so that all methods look better than on a scanner. The coil maps are then estimated. "
        "The intervals take the images for independent, also where they are slices of one person. "
        + " ".join(notes)
    ).rstrip()


def _quality(rows: Sequence[Row], about: str) -> list[str]:
    alone = {row["title"] for row in rows}
    all_rows = [*rows, *(pooled(rows) if len(alone) > 1 else ())]
    return [
        about,
        "PSNR, dB; in brackets the multiple of the default weight:",
        _psnr_table(all_rows),
        "SSIM and NMSE of the same images:",
        _other_table(all_rows),
        "Residual at the sampled positions and processor seconds a scan (one thread):",
        _cost_table(pooled(rows)),
    ]


def _psnr_table(rows: Sequence[Row]) -> str:
    lines = [
        ["scans", "n", "zero-filled", "l1-wavelet", "l1-wavelet, tuned", "tv", "tv, tuned",
         "kronecker-unet", "kronecker-cascade", "cascade minus best tuned (95 %)", "target"],
        ["---", *["---:"] * 9, "---"],
    ]  # fmt: skip
    for row in rows:
        cells = [_name(row), str(len(row["scans"])), _psnr(row["methods"]["zero-filled"])]
        for method in SWEPT:
            factor, values = tuned(row, method)
            cells += [_psnr(row["methods"][method]), f"{_psnr(values)} ({_multiple(factor)})"]
        cells += [_psnr(row["methods"]["kronecker-unet"]), _psnr(row["methods"][DEFAULT])]
        state = "met" if met(row) else "**not met**"
        lines.append([*cells, _gain(gain(row)), f"{row['target']:+.0f} dB: {state}"])
    return _lines(lines)


def _other_table(rows: Sequence[Row]) -> str:
    lines = [
        ["scans", "zero-filled", "best tuned", "", "kronecker-unet", "kronecker-cascade"],
        ["---", "---:", "---", "---:", "---:", "---:"],
    ]
    for row in rows:
        method, factor, values = best_tuned(row)
        all_values = [row["methods"]["zero-filled"], values, *_networks(row)]
        cells = [_pair(one) for one in all_values]
        lines.append([_name(row), cells[0], f"{method} ({_multiple(factor)})", *cells[1:]])
    return _lines(lines)


def _cost_table(rows: Sequence[Row]) -> str:
    names = ("zero-filled", *SWEPT, "kronecker-unet", DEFAULT)
    lines = [["scans", *names], ["---", *["---:"] * len(names)]]
    for row in rows:
        cells = [_residual(row["methods"][name]) for name in names]
        lines.append([_name(row), *cells])
    return _lines(lines)


def _raw(record: Record) -> str:
    part = record["parts"].get("raw")
    if not part:
        return "Not measured."
    (row,) = part["rows"]
    height, width = row["shape"]
    share, folds = record["settings"]["held_out"], len(row["held_out"])
    lines = [["method", "multiple of the weight", "prediction error", "each fold", "residual"]]
    lines.append(["---", "---:", "---:", "---:", "---:"])
    shown = [("zero-filled", "", row["methods"]["zero-filled"])]
    for method in SWEPT:
        factor, values = tuned(row, method, "error", sign=-1)
        shown += [(method, "1", row["methods"][method]), (f"{method}, tuned", factor, values)]
    shown += [(name, "", row["methods"][name]) for name in reversed(NETWORKS)]
    for name, factor, values in shown:
        if failures(values):
            lines.append([name, factor, "failed", "", ""])
            continue
        each = ", ".join(f"{value['error']:.4f}" for value in values)
        error, residual = (f"{mean(values, key):.4f}" for key in ("error", "residual"))
        lines.append([name, factor, error, each, residual])
    return (
        f"{row['name'].capitalize()}: {row['coils']} coils, {height} x {width}, measured "
        f"{row['acceleration']:.1f} times undersampled, so that no reference exists. "
        f"{share:.0%} of the samples outside the fully sampled center ({row['held_out'][0]} "
        f"positions; drawn anew {folds} times) were kept from the methods; the "
        "error is ||A x - y|| / ||y|| there, with the coil maps that all methods estimate alike. "
        "The noise of the samples and the error of the maps are in it, so that no method can come "
        "near 0. The weights of the tuned rows are the best for just these samples."
        f"\n\n{_lines(lines)}\n\n{_raw_verdict(row)}"
    )


def _raw_verdict(row: Row) -> str:
    method, _, values = best_tuned(row, "error", sign=-1)
    best, found = mean(values, "error"), mean(row["methods"][DEFAULT], "error")
    if found is None or best is None:
        return f"`{DEFAULT}` **failed**."
    ratio = found / best - 1
    if ratio <= 0:
        return (
            f"`{DEFAULT}` predicts them better than the best tuned method ({method}): {ratio:+.1%}."
        )
    return (
        f"`{DEFAULT}` predicts them **worse** than the best tuned method ({method}): {ratio:+.1%}."
    )


def _robustness(record: Record) -> str:
    part = record["parts"].get("robustness")
    if not part:
        return "Not measured."
    names = ("zero-filled", "l1-wavelet", "tv", "kronecker-unet", DEFAULT)
    lines = [["scans", "size", "pattern", "SNR", *names, "worse than zero-filled", "failed"]]
    lines.append(["---", "---:", "---", "---:", *["---:"] * len(names), "---", "---"])
    for row in part["rows"]:
        below = [name for name in NETWORKS if worse([row], name, "psnr")]
        failed = sum(failures(row["methods"][name]) for name in NETWORKS)
        height, width = row["shape"]
        lines.append([
            row["name"], f"{height} x {width}", row["pattern"], f"{row['snr']:g}",
            *[_psnr(row["methods"][name]) for name in names],
            f"**{', '.join(below)}**" if below else "no", str(failed or "no"),
        ])  # fmt: skip
    return (
        "A simulated brain and a simulated knee a row, all methods with their default settings. "
        f"PSNR, dB:\n\n{_lines(lines)}"
    )


def _method(record: Record) -> str:
    settings = record["settings"]
    factors = ", ".join(f"{factor:g}" for factor in settings["factors"])
    lines = [
        "- PSNR, SSIM and NMSE of the magnitude, one image a scan, data range the largest value "
        "of the reference, no alignment of scale; means over scans.",
        f"- *Tuned*: the weight is the best of a sweep over multiples of the default ({factors}, "
        f"then by twos to {settings['largest_factor']:g} or its inverse while an end is the best) "
        "by mean PSNR on the row's own test scans. That is generous to the classical methods: "
        "no user can choose so. In rows over several kinds each kind keeps its own weight. "
        "The better of l1-wavelet and tv is the best tuned method.",
        "- The networks have no setting to tune and see every scan as it is.",
        "- Differences are paired over scans, with bootstrap 95 % intervals; three scans give a "
        "rough one. A target is met when the mean is.",
        "- Residual: ||A x - y|| / ||y|| where samples were taken, whitened, with the estimated "
        "maps; what is left is noise, error of the maps and what regularisation changes. "
        "Zero filling of several coils has no phase and so none.",
    ]
    for name, part in record["parts"].items():
        known = part["environment"]
        where = known["Processor"] if part["device"] == "cpu" else part["device"]
        lines.append(
            f"- {name}: {where}, PyTorch {known['PyTorch']}, commit {known['Commit']}, "
            f"{known['Written']}, {part['processor_seconds'] / 60:.1f} minutes of processor."
        )
    return "\n".join(lines)


def _name(row: Row) -> str:
    coils = f"{row['coils']} coil" + ("s" if row["coils"] > 1 else "")
    return f"{row['title']}, {coils}, {row['acceleration']:g}x"


def _multiple(factor: str) -> str:
    return factor if factor.startswith("each") else f"{factor} x"


def _networks(row: Row) -> list[Any]:
    return [row["methods"]["kronecker-unet"], row["methods"][DEFAULT]]


def _psnr(values: Sequence[Mapping[str, Any]]) -> str:
    found = mean(values, "psnr")
    return "failed" if found is None else f"{found:.2f}"


def _pair(values: Sequence[Mapping[str, Any]]) -> str:
    found = [mean(values, metric) for metric in ("ssim", "nmse")]
    return "failed" if None in found else f"{found[0]:.3f} / {found[1]:.4f}"


def _residual(values: Sequence[Mapping[str, Any]]) -> str:
    if failures(values):
        return "failed"
    known = [value["residual"] for value in values if "residual" in value]
    share = f"{sum(known) / len(known):.1%}" if known else "-"
    return f"{share}, {mean(values, 'seconds'):.2f} s"


def _gain(found: Interval | None, short: bool = False) -> str:
    if found is None:
        return "failed"
    if short or found.n == 1:
        return f"{found.mean:+.2f} dB"
    return f"{found.mean:+.2f} ({found.low:+.2f} to {found.high:+.2f})"


def _lines(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
