"""How the threads of one operation wait for each other: a short while in a loop, then asleep.

OpenMP's threads spin while they wait. Beside other busy processes they take the very cores on which
the threads that they wait for would run, and an operation of milliseconds takes a second. The
runtimes read their settings when they are loaded, so this must happen before torch is imported.
"""

import os
from collections.abc import MutableMapping

#: rounds that a waiting thread spins (GNU's runtime), and milliseconds (Intel's and LLVM's)
BOUNDS = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
#: by any of these a user has chosen how threads wait
CHOICES = (*BOUNDS, "OMP_WAIT_POLICY")


def bound_waiting(environment: MutableMapping[str, str] = os.environ) -> None:
    """Bound how long threads spin, unless a user has chosen; processes that are started inherit it.

    Args:
        environment: of this process.

    Example:
        >>> chosen = {"OMP_WAIT_POLICY": "active"}
        >>> bound_waiting(chosen)
        >>> chosen
        {'OMP_WAIT_POLICY': 'active'}
    """
    if not any(name in environment for name in CHOICES):
        environment.update(BOUNDS)
