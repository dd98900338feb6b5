"""Workers of a Dask cluster: other machines that see the same folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from feathermr.core.errors import DataError
from feathermr.core.optional import require
from feathermr.deploy.many.result import MEMORY, Result

#: seconds for the scheduler to answer, and for its first worker to be there
ANSWER, FIRST_WORKER = 10, 300


@dataclass(frozen=True)
class DaskCluster:
    """The workers of a scheduler, which replaces those that die and gives their scans to others.

    Every worker must see the archive, the results and the weights under the same paths, and have
    this package installed in the same version. A scheduler runs whatever its clients send: use one
    that only you can reach.

    Attributes:
        address: of the scheduler, e.g. ``tcp://node:8786``.
        threads: of the array library, for each scan.
    """

    address: str
    threads: int = 1

    def results(self, work: Callable[[str], Result], sources: Sequence[str]) -> Iterator[Result]:
        """What becomes of each scan, in the order in which they are done.

        Raises:
            MissingExtraError: Dask is not installed.
            DataError: no scheduler answers, or it has no workers.
        """
        distributed = require("distributed")
        with self._client(distributed) as client:
            try:
                client.wait_for_workers(1, timeout=FIRST_WORKER)
            except TimeoutError:
                raise DataError(f"the scheduler at {self.address} has no workers") from None
            futures = client.map(work, list(sources), pure=False)
            names = {future.key: name for future, name in zip(futures, sources, strict=True)}
            done = distributed.as_completed(futures, loop=client.loop)
            del futures  # a result is forgotten by the cluster when it has been read
            for future in done:
                yield _result(future, names[future.key])

    def _client(self, distributed: Any) -> Any:
        try:
            return distributed.Client(self.address, timeout=ANSWER, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise DataError(
                f"no Dask scheduler answers at {self.address} ({type(error).__name__}); start one "
                "with: dask scheduler"
            ) from None


def _result(future: Any, source: str) -> Result:
    if future.status == "finished":
        result: Result = future.result()
        return result
    error = future.exception() if future.status == "error" else None
    if type(error).__name__ == "KilledWorker":
        return Result(source, reason=f"its workers were killed; {MEMORY}")
    words = f"{type(error).__name__}: {error}" if error else f"its task is {future.status}"
    return Result(source, reason=f"the cluster did not do it ({' '.join(words.split())})")
