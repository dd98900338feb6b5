"""A worker process: it is sent one scan at a time and answers with what became of it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any


def serve(pipe: Connection[Any, Any], work: Callable[[str], object]) -> None:
    """Work until the other end says ``None`` or is gone.

    Ctrl-C is left to the parent; when that ends a worker, what it was writing is removed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    pipe.send(None)  # ready
    while True:
        try:
            source = pipe.recv()
        except EOFError:
            return
        if source is None:
            return
        pipe.send(work(source))


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(1)
