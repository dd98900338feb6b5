"""How far the default weight of each classical method is from the best of a sweep.

    python benchmarks/regularisation.py            # sweep, store, write the table
    python benchmarks/regularisation.py --tuning   # the scans that the defaults were chosen on

Simulated brain, knee and heart at 4x and 8x; the defaults were chosen on other subjects than
those of the stored table. PSNR of the magnitude, one value a scan, no alignment of scale.
"""

import argparse
import json
from pathlib import Path

import torch

import feathermr
from feathermr.core.environment import commit, environment
from feathermr.metrics import score

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "docs" / "results" / "regularisation.json"
TABLE = ROOT / "docs" / "regularisation.md"
FACTORS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16)
STATIC = {"cg-sense": ("weight",), "l1-wavelet": ("weight",), "tv": ("weight",)}
DYNAMIC = {
    "temporal-tv": ("weight",),
    "kt-l1": ("weight",),
    "low-rank-sparse": ("rank_weight", "sparse_weight"),
}
TUNING_SEED, REPORTED_SEED = 1000, 0


def psnr(scan, method, settings, reference):
    image = feathermr.make_method(method, settings)(scan).image
    return score(
        image, reference, metric="psnr", policy="volume", alignment="none",
        method=method, scan="", subject="",
    ).mean  # fmt: skip


def cases(first_seed, subjects):
    for anatomy, frames in (("brain", 1), ("knee", 1), ("heart", 1), ("heart", 12)):
        for coils in (1, 8):
            for seed in range(first_seed, first_seed + subjects):
                scan = feathermr.simulate(
                    anatomy,
                    frames=frames,
                    shape=(128, 128) if frames > 1 else (192, 192),
                    coils=coils,
                    seed=seed,
                ).without_coil_maps()
                for acceleration in (4, 8):
                    given = feathermr.Undersampling(acceleration, seed=seed)(scan)
                    name = "heart film" if frames > 1 else anatomy
                    yield f"{name}, {coils} coils, {acceleration}x", given, scan.reference


def sweep(first_seed, subjects, chosen):
    sums, counts = {}, {}
    for name, scan, reference in cases(first_seed, subjects):
        for method, keys in (DYNAMIC if scan.n_frames > 1 else STATIC).items():
            if chosen and method not in chosen:
                continue
            if method == "cg-sense" and scan.n_coils == 1:  # least squares has no use there
                continue
            defaults = feathermr.make_method(method)
            for key in keys:
                for factor in FACTORS:
                    value = getattr(defaults, key) * factor
                    entry = (method, key, name, factor)
                    result = psnr(scan, method, {key: value}, reference)
                    sums[entry] = sums.get(entry, 0.0) + result
                    counts[entry] = counts.get(entry, 0) + 1
        print(name, flush=True)
    rows = {}
    for (method, key, name, factor), total in sums.items():
        row = rows.setdefault((method, key, name), {})
        row[factor] = total / counts[method, key, name, factor]
    return [
        {
            "method": method,
            "setting": key,
            "scans": name,
            "psnr": {f"{f:g}": v for f, v in row.items()},
            "commit": commit(),
        }
        for (method, key, name), row in rows.items()
    ]


def loss(row):
    return max(row["psnr"].values()) - row["psnr"]["1"]


def table(record):
    lines = [
        "# Default weights",
        "",
        f"{record['subjects']} simulated subjects a row, PSNR (dB) of the magnitude against the "
        "noise-free object, at the default weight and at the best of a sweep of its multiples "
        "from 1/16 to 16. The defaults were chosen on other subjects. Written by "
        "`python benchmarks/regularisation.py` from `docs/results/regularisation.json` "
        f"(commit {', '.join(sorted({row['commit'] for row in record['rows']}))}).",
        "",
        "| method | setting | scans | default | best | at | loss (dB) |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for row in sorted(
        record["rows"], key=lambda row: (row["method"], row["setting"], row["scans"])
    ):
        best = max(row["psnr"], key=row["psnr"].get)
        lines.append(
            f"| {row['method']} | {row['setting']} | {row['scans']} | {row['psnr']['1']:.2f} | "
            f"{row['psnr'][best]:.2f} | {best} x | {loss(row):.2f} |"
        )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tuning", action="store_true", help="tuning subjects; print only")
    parser.add_argument("--subjects", type=int, default=3)
    parser.add_argument("--methods", default="", help="with commas: only their rows are made anew")
    options = parser.parse_args()
    torch.set_num_threads(torch.get_num_threads())
    seed = TUNING_SEED if options.tuning else REPORTED_SEED
    chosen = [name for name in options.methods.split(",") if name]
    rows = sweep(seed, options.subjects, chosen)
    record = {"subjects": options.subjects, "environment": dict(environment()), "rows": rows}
    print(table(record))
    if not options.tuning:
        if chosen and STORED.exists():
            kept = json.loads(STORED.read_text())["rows"]
            record["rows"] += [row for row in kept if row["method"] not in chosen]
        STORED.parent.mkdir(parents=True, exist_ok=True)
        STORED.write_text(json.dumps(record, indent=1) + "\n")
        TABLE.write_text(table(json.loads(STORED.read_text())))


if __name__ == "__main__":
    main()
