"""What goes wrong in worker processes, for the tests that see how it is borne."""

import os
import signal
from pathlib import Path

from feathermr.deploy.many import Result


def ends_itself(source: str) -> Result:
    """Kills its own process at a scan called ``fatal``, as a lack of memory does."""
    if source == "fatal":
        os.kill(os.getpid(), signal.SIGKILL)
    return Result(source, {})


class EndsItselfOnce:
    """Kills its process at the first scan that it gets, if ``mark`` is not there yet."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __call__(self, source: str) -> Result:
        if not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return Result(source, {})


class CannotBegin:
    """Ends the process that is to work with it."""

    def __setstate__(self, state: dict[str, object]) -> None:
        os._exit(3)

    def __getstate__(self) -> dict[str, object]:
        return {"": None}

    def __call__(self, source: str) -> Result:
        return Result(source, {})
