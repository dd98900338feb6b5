"""What goes wrong in worker processes, for the tests that see how it is borne."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from feathermr.deploy.many.result import Result


@dataclass(frozen=True)
class EndsItself:
    """Kills its own process, as a lack of memory does.

    At a scan called ``fatal`` always, at one called ``once`` while ``mark`` is not there yet.
    """

    mark: Path

    def __call__(self, source: str) -> Result:
        if source == "fatal" or (source == "once" and not self.mark.exists()):
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
