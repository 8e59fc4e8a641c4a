"""The one lock of all mutations of a store; the kernel frees it when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from random import random
from typing import TYPE_CHECKING, Final

from git_kas.errors import Busy, ReadOnly
from git_kas_json.disk import writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filelock import BaseFileLock

PATIENCE: Final = 30.0
"""Seconds to wait for the lock."""

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.1
_HOLDER_LENGTH: Final = 200


@contextmanager
def locked(folder: str, now: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock of the store in ``folder``; ``now`` is what a waiting process will be told.

    Raises:
        Busy: it was not free in time; the message names the holder.
        ReadOnly: the lock file cannot be made, or the file system cannot lock.
    """
    from filelock import FileLock

    path = os.path.join(folder, "lock")
    holder = os.path.join(folder, "lock-holder")
    lock = FileLock(path)
    try:
        _acquire(lock, path, patience)
    except TimeoutError as error:
        raise Busy(
            f"The plan store in {folder} is locked by {_read_holder(holder)}.",
            next_step="Wait for that process to end, or stop it.",
        ) from error
    except NotImplementedError as error:
        raise ReadOnly(
            f"The file system of {folder} cannot lock files.", next_step="Keep the repository on another one."
        ) from error
    try:
        with suppress(OSError):  # only for a message
            _write_holder(holder, now)
        yield
    finally:
        lock.release()


def _acquire(lock: BaseFileLock, path: str, patience: float) -> None:
    """Try more and more seldom, so that many waiting processes leave the processor to the one that works."""
    deadline = time.monotonic() + patience
    pause = _FIRST_PAUSE
    while True:
        try:
            lock.acquire(blocking=False)
        except TimeoutError:  # held by somebody; an OSError, too
            if time.monotonic() >= deadline:
                raise
        except OSError as error:
            with writing(path):
                raise error from None
        else:
            return
        time.sleep(pause * (0.5 + random()))  # noqa: S311 - spreads, and keeps no secret
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _write_holder(path: str, now: str) -> None:
    """Write over what is there, in the same length: some file systems sync a file that is cut off first."""
    command = " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:3]])
    text = f"process {os.getpid()} ({command[:80]}) since {now}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        os.pwrite(descriptor, text.encode("utf-8", "replace")[:_HOLDER_LENGTH].ljust(_HOLDER_LENGTH), 0)
    finally:
        os.close(descriptor)


def _read_holder(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_HOLDER_LENGTH).rstrip() or "another process"
    except OSError:
        return "another process"
