"""Train for a few minutes on a bare machine: its cores draw examples, its GPU learns from them.

python benchmarks/train_gpu.py [--recipe kronecker-cascade] [--minutes 9] [--workers 16]
                               [--batch 8] [--reuse 16] [--first 512] [--out out/train-gpu]
                               [arguments of feathermr train]

It trains briefly to see how fast this machine draws and learns, sets the number of steps so that
the schedule ends with the time, and goes on. The run folder is in $OUT where that is set; the
examples are not, so that weights and curves alone are brought back. Without a GPU it runs too.
Nothing is fetched: torch, Lightning and what else `feathermr[train]` needs must be there.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCE = Path(__file__).resolve().parents[1] / "src"
#: share of the time that is planned with; validations, starting and writing need the rest
PLANNED = 0.8
#: share of the time that the first, short training gets at most
TRIAL = 0.25


def train(options, cache, steps, minutes, *more):
    """One call of ``feathermr train``."""
    words = [sys.executable, "-m", "feathermr.cli.main", "train", options.recipe]
    words += ["--out", str(options.out), "--cache", str(cache), "--workers", str(options.workers)]
    words += ["--steps", str(steps), "--max-minutes", f"{minutes:.3f}"]
    for key in ("reuse", "first"):
        words += ["--set", f"data.cache.{key}={getattr(options, key)}"]
    words += ["--set", f"data.simulated.batch={options.batch}", *more, *options.others]
    paths = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
    print(" ".join(words[2:]), flush=True)
    subprocess.run(words, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, check=True)


def affordable(options, speed, drawn, seconds):
    """Steps of a training of so many seconds, by what learning and drawing allow."""
    parts = speed["seconds_per_step"]
    learning = sum(parts.values()) - parts["waiting"]
    spent = speed["steps"] * sum(parts.values())
    missing = max(0, options.first - drawn)
    by_drawing = (seconds * drawn / spent - missing) * options.reuse
    print(
        f"a step of learning takes {1000 * learning:.1f} ms; {drawn / spent:.1f} batches a second "
        f"are drawn, each met {options.reuse} times"
    )
    return int(max(speed["steps"] + 1, min(seconds / learning, by_drawing)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--recipe", default="kronecker-cascade")
    parser.add_argument("--minutes", type=float, default=9.0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--reuse", type=int, default=16)
    parser.add_argument("--first", type=int, default=512)
    parser.add_argument("--trial", type=int, default=256, help="steps of the first, short training")
    place = Path(os.environ.get("OUT") or "out") / "train-gpu"
    parser.add_argument("--out", type=Path, default=place)
    options, options.others = parser.parse_known_args()
    begin = time.monotonic()
    with TemporaryDirectory() as folder:
        cache = Path(folder)
        train(options, cache, options.trial, TRIAL * options.minutes)
        record = json.loads((options.out / "environment.json").read_text())
        drawn = len(list(cache.glob("*/train/*.safetensors")))
        left = max(0.1, options.minutes - (time.monotonic() - begin) / 60)
        steps = affordable(options, record["runs"][-1]["speed"], drawn, 60 * PLANNED * left)
        train(options, cache, steps, left, "--resume")
    print(f"{(time.monotonic() - begin) / 60:.1f} minutes; results: {options.out}")


if __name__ == "__main__":
    main()
