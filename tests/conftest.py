"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)  # workers share the machine


@pytest.fixture(autouse=True)
def _global_state_restored() -> Iterator[None]:
    """Whatever a test does to torch's global state ends with it."""
    dtype, grad, threads = torch.get_default_dtype(), torch.is_grad_enabled(), 1
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_default_dtype(dtype)
    torch.set_grad_enabled(grad)
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of measured scans that may stand beside the repository."""
    folder = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no measured scans beside the repository")
    return folder
