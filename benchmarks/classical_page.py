"""``docs/benchmarks.md`` from the stored record of the classical benchmark."""

from collections.abc import Mapping, Sequence

OURS, PEERS = "FeatherMR", ("SigPy", "BART")
TITLES = {
    "espirit": "ESPIRiT coil maps",
    "cg-sense": "CG-SENSE, 30 iterations",
    "l1-wavelet": "l1-wavelet",
    "tv": "Total variation",
    "temporal-tv": "Temporal total variation",
}
OTHERS = (
    "Other pages: [films of hearts](results/cine.md), [their speed](results/cine-speed.md), "
    "[films at any time](results/implicit.md), [their speed](results/implicit-speed.md), "
    "[exported networks](results/deploy-speed.md), [the server under load](results/serving.md), "
    "[archives](results/many-speed.md), "
    "[distillation](results/distillation.md), [Kronecker networks](results/kronecker.md), "
    "[trained networks](weights.md)."
)
SPARSE = ("l1-wavelet", "tv", "temporal-tv")
#: what the two timings are called, of other tasks and of sparse ones
COLUMNS = (
    {"default": "own settings", "equal": "same settings"},
    {"default": "settled", "equal": "equal NRMSE"},
)


def page(record: Mapping) -> str:
    """The whole page as Markdown."""
    parts = ["# Benchmarks", _introduction(record), "## Marks", _marks(record)]
    for task, title in TITLES.items():
        rows = [row for row in record["rows"] if row["task"] == task]
        if rows:
            parts += [f"## {title}", _about(task, record), _table(task, rows, record)]
    parts += ["## How it is measured", _method(record)]
    return "\n\n".join(parts) + "\n"


def _introduction(record: Mapping) -> str:
    tools = ", ".join(f"{name} {version}" for name, version in record["tools"].items())
    known = "\n".join(f"| {key} | {value} |" for key, value in record["environment"].items())
    scans = "\n".join(f"- **{name}**: {text}." for name, text in record["cases"].items())
    return (
        f"Written by `{record['command']}` from [results/classical.json](results/classical.json); "
        f"it took {record['seconds'] / 60:.1f} minutes. Times compare only within one run: read "
        f"the ratios.\n\n{OTHERS}\n\nTools: {tools}.\n\n| | |\n|---|---|\n{known}\n"
        f"| Seed | {record['seed']} |\n\nScans, all simulated:\n\n{scans}"
    )


def comparisons(record: Mapping) -> list[tuple[str, str, str, str, float]]:
    """(task, case, tool, column, its time over ours) of every time of every peer."""
    ours = {(r["task"], r["case"]): r for r in record["rows"] if r["tool"] == OURS}
    return [
        (row["task"], row["case"], row["tool"], column,
         row[column]["net"] / ours[row["task"], row["case"]][column]["net"])
        for row in record["rows"] if row["tool"] != OURS
        for column in ("default", "equal") if column in row
    ]  # fmt: skip


def _marks(record: Mapping) -> str:
    ratios = comparisons(record)
    lines = [
        _mark(
            "Every row faster than SigPy",
            [one for one in ratios if one[2] == "SigPy"],
            record["missing"].get("SigPy", ""),
        ),
        _mark(
            "CG-SENSE faster than BART",
            [one for one in ratios if one[2] == "BART" and one[0] == "cg-sense"],
            record["missing"].get("BART", ""),
        ),
    ]
    slower = [one for one in ratios if one[2] == "BART" and one[4] < 1]
    if slower:
        lines.append(f"- BART is faster at: {_listed(slower)}.")
    return "\n".join([*lines, *_quality(record["rows"])])


def _mark(title: str, ratios: Sequence[tuple], missing: str) -> str:
    if not ratios:
        return f"- {title}: not measured, {missing or 'no such row'}."
    failed = [one for one in ratios if one[4] < 1]
    if failed:
        return f"- {title}: **not met** at {_listed(failed)}."
    return f"- {title}: met, by {_least(ratios):.2f} times or more."


def _least(ratios: Sequence[tuple]) -> float:
    return min(one[4] for one in ratios)


def _listed(ratios: Sequence[tuple]) -> str:
    return "; ".join(
        f"{task}, {case}{_column(task, column)} ({ratio:.2f} times)"
        for task, case, _, column, ratio in ratios
    )


def _column(task: str, column: str) -> str:
    return "" if task == "cg-sense" else f", {COLUMNS[task in SPARSE][column]}"


def _quality(rows: Sequence[Mapping]) -> list[str]:
    """Where a peer's best weight gives a better image than our default."""
    lines = []
    for row in rows:
        if row["task"] in SPARSE and row["tool"] == OURS:
            same = [r for r in rows if (r["task"], r["case"]) == (row["task"], row["case"])]
            for peer in same:
                gain = peer["default"]["psnr"] - row["default"]["psnr"]
                if gain > 0.05:
                    lines.append(
                        f"- {peer['tool']} at its best weight has {gain:.2f} dB more than our "
                        f"default weight at {row['task']}, {row['case']} (our best weight: "
                        f"{row['best']['psnr']:.2f} dB, {peer['tool']} "
                        f"{peer['default']['psnr']:.2f} dB)."
                    )
    return lines


def _about(task: str, record: Mapping) -> str:
    if task == "espirit":
        return (
            "*Own settings*: what the library does unasked, one set of maps. *Same settings*: a "
            "center of 24 x 24, kernels of 6 x 6, relative singular value 0.02 and 12 power "
            "iterations (BART has no choice of these). The angle is the mean one to the true "
            "maps where there is tissue."
        )
    if task == "cg-sense":
        return "True coil maps, Tikhonov weight 0.01, start at zero; the images are the same."
    return (
        "*Settled*: SigPy and BART after 100 iterations at the weight of best PSNR, FeatherMR "
        "after its default iterations at its default weight; in brackets its PSNR at the best of "
        "its own sweep. *Equal NRMSE*: the first iteration count at which the NRMSE is at most "
        f"{record['slack']:g} times the worst settled one of the tools."
    )


def _table(task: str, rows: Sequence[Mapping], record: Mapping) -> str:
    heads = {
        "espirit": ["own settings, s", "ratio", "same settings, s", "ratio", "angle own / same"],
        "cg-sense": ["time, s", "ratio", "PSNR, dB", "NRMSE"],
    }.get(
        task,
        ["weight", "settled, s", "ratio", "PSNR, dB", "NRMSE", "equal NRMSE, s", "ratio",
         "iterations"],
    )  # fmt: skip
    lines = [["scan", "tool", *heads, "memory, MB"]]
    lines.append(["---", "---", *["---:"] * (len(heads) + 1)])
    for case in dict.fromkeys(row["case"] for row in rows):
        same = [row for row in rows if row["case"] == case]
        ours = next(row for row in same if row["tool"] == OURS)
        for row in same:
            memory = _memory(record, row)
            lines.append([case, row["tool"], *_cells(task, row, ours), memory])
        for name, reason in record["missing"].items():
            lines.append([case, f"{name}: {reason}", *[""] * (len(heads) + 1)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _memory(record: Mapping, row: Mapping) -> str:
    for entry in record["memory"]:
        if all(entry[key] == row[key] for key in ("tool", "task", "case")):
            return f"{max(0, entry['bytes']) / 1e6:.0f}"
    return ""


def _cells(task: str, row: Mapping, ours: Mapping) -> list[str]:
    default, equal = row["default"], row.get("equal")
    first = _time(default, ours["default"])
    if task == "espirit":
        angles = f"{default['degrees']:.2f}° / {equal['degrees']:.2f}°"
        return [*first, *_time(equal, ours["equal"]), angles]
    scores = [f"{default['psnr']:.2f}", f"{default['nrmse']:.4f}"]
    if task == "cg-sense":
        return [*first, *scores]
    if row["tool"] == OURS:
        scores[0] += f" ({row['best']['psnr']:.2f})"
    counts = f"{equal['iterations']} of {row['iterations']}"
    return [f"{row['weight']:g}", *first, *scores, *_time(equal, ours["equal"]), counts]


def _time(timing: Mapping, ours: Mapping) -> tuple[str, str]:
    """Seconds (of BART: and those of the empty call), and how many times ours."""
    empty = sorted(timing["empty"])[len(timing["empty"]) // 2]
    text = f"{timing['net']:.3f}" + (f" (+ {empty:.3f})" if empty else "")
    return text, f"{timing['net'] / ours['net']:.2f}"


def _method(record: Mapping) -> str:
    threads, repeats, disk = record["environment"]["Threads"], record["repeats"], record["disk"]
    return f"""\
- Every tool gets the same undersampled k-space and, except for ESPIRiT, the same true coil maps
  of unit root-sum-of-squares. The data are scaled so that bright tissue is 1. Nothing is
  whitened. PSNR (range: the reference's largest value) and NRMSE are of magnitudes over the
  whole scan; no factor is fitted.
- One process, {threads} for every library, one tool after the other in each of {repeats} rounds
  after a run to warm up; the median of the rounds. Ratios are a tool's time over FeatherMR's.
- FeatherMR and SigPy run inside this process, from arrays to image, making operators included.
  FeatherMR's times of sparse methods hold its checks, its intensity scaling and its estimate of
  the noise; its CG-SENSE is `encoding` and `cg`, called as the method calls them. BART is a
  program: its time is the wall time of the process, files on a {disk}, less that of a call
  which reads and writes files of the same sizes and computes next to nothing (`fmac`, `copy`);
  that part stands in brackets and is not in the ratio.
- SigPy: `EspiritCalib`, `SenseRecon`, `L1WaveletRecon` (FISTA), `TotalVariationRecon`
  (primal-dual). It has no temporal total variation: `LinearLeastSquares` with
  `FiniteDifference` along time, solved as its total variation is. BART: `ecalib -m1`,
  `pics -S -l2 -r 0.01 -i30`, `pics -S -R W:3:0:w`, `-R T:3:0:w`, `-R T:1024:0:w`. FeatherMR:
  `espirit_maps`, and the methods of its table. Each solves its own form of the problem: SigPy's
  total variation is of each direction by itself and wraps around, ours is isotropic and does
  not.
- The weights of SigPy and BART are swept on the very scan by factors of 2 about 0.01, on until
  the best is not at an end; ours is the default, which is in units of the scan's noise. The
  sweep's first {repeats} rounds are also the settled timing, as the weight does not change the
  cost of an iteration. Iteration counts for equal NRMSE are found by bisection, outside the
  timing.
- Memory is the largest resident size of a fresh process that does the task (sparse ones: 5
  iterations), less that of one which loads library and data and does it on a tiny scan; of
  BART, less that of the empty call. It is measured once, on the largest scan of each task.
- Every time, weight and score is in the stored file."""
