"""One process at a time, by a lock that the system gives back when its holder dies."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from git_kas.disk import writing
from git_kas.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAUSE: Final = 0.02


@contextmanager
def exclusive_lock(path: str, patience: float, doing: str) -> Iterator[None]:
    """Hold the lock file at ``path`` while the block runs, after waiting for up to ``patience`` seconds.

    ``doing`` says what its holder does, as the beginning of a sentence in the passive voice.

    Raises:
        Busy: another process holds it; the message names it.
    """
    with writing(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _wait_for(opened, path, time.monotonic() + patience, doing)
        with writing(path):
            os.ftruncate(opened, 0)
            os.pwrite(opened, _myself().encode(), 0)
        yield
    finally:
        os.close(opened)


def holder_of(path: str) -> str:
    """Who holds the lock file at ``path``, empty if nobody does; the file is only read."""
    import fcntl

    try:
        opened = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(opened)
    finally:
        os.close(opened)
    return ""


def _named(opened: int) -> str:
    return os.pread(opened, 200, 0).decode("utf-8", "replace") or "another process"


def _wait_for(opened: int, path: str, deadline: float, doing: str) -> None:
    import fcntl

    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise Busy(
                    f"{doing} by {_named(opened)} ({path}).",
                    next_step="Try again when it has finished.",
                ) from error
            time.sleep(_PAUSE)


def _myself() -> str:
    import socket

    return f"process {os.getpid()} on {socket.gethostname()}"
