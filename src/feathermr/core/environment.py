"""Which versions and which machine computed a result, without names of machine or user."""

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch


def commit() -> str:
    """The commit that this package is checked out at, ``+`` when changed since; empty if none."""
    folder = Path(__file__).resolve().parents[3]
    if not (folder / ".git").exists():
        return ""
    try:
        name = _git(folder, "rev-parse", "--short=12", "HEAD")
        return name + ("+" if _git(folder, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(folder: Path, *words: str) -> str:
    finished = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
    )
    return finished.stdout.strip()


def processor() -> str:
    """The processor's model, as Linux tells it; else its architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def environment() -> Mapping[str, str]:
    """What a stored result carries, name by value."""
    return {
        "PyTorch": str(torch.__version__),
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "Platform": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Processor": processor(),
        "Threads": f"{torch.get_num_threads()} of {os.cpu_count()} cores",
        "Commit": commit(),
        "Written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def thread_count() -> int:
    """Threads that the array library uses."""
    return torch.get_num_threads()


def cuda_name() -> str:
    """The first CUDA device; empty when there is none."""
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
