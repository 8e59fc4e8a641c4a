"""The program that ends an agent which was asked to end after its wrapper had been killed, and may not heed.

``python -P -m git_kas_process.ender LOCK GRACE``. It waits until nobody holds the lock of the run any more;
after GRACE seconds it kills the process groups of those who do. Started twice it does no harm.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

from git_kas_process import run_locks

_PAUSE = 0.05
_KILLING = 30.0  # seconds after which nobody can do more: what is killed and stays is in the kernel's hands


def run(lock: str, grace: float) -> int:
    """End whoever holds the lock; 1 if somebody still does."""
    deadline = time.monotonic() + grace
    while _is_held(lock):
        now = time.monotonic()
        if now >= deadline + _KILLING:
            return 1
        for group in run_locks.groups_with(lock) if now >= deadline else ():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        time.sleep(_PAUSE)
    return 0


def _is_held(lock: str) -> bool:
    try:
        opened = os.open(lock, os.O_RDWR)
    except FileNotFoundError:  # the whole folder is gone
        return False
    try:
        return run_locks.is_held(opened)
    finally:
        os.close(opened)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], float(sys.argv[2])))
