"""Who holds the locks of a run: the kernel knows, so no process number is ever taken from a file.

A number that was written down may be another process's by now.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROC: Final = "/proc"
_FLOCK: Final = re.compile(rb"lock:\s.*\bFLOCK\s.*\bWRITE\b")  # proc_pid_fdinfo(5)
_GETLK: Final = getattr(fcntl, "F_GETLK", 5)


def is_held(lock: int) -> bool:
    """Whether anybody holds the open lock file exclusively.

    Looking takes the lock for a moment, shared, so that others who look do not take us for a holder.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(lock, fcntl.LOCK_UN)  # closing would leave it with a child that was forked meanwhile
    return False


def take(lock: int) -> bool:
    """Take the lock exclusively, if it is free."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def record_lock_holder(opened: int) -> int | None:
    """The process that holds a record lock on the open file, None if nobody does; 0 or less: not one we see."""
    if sys.platform == "darwin":  # where l_type comes last (<sys/fcntl.h>)
        answer = fcntl.fcntl(opened, _GETLK, struct.pack("qqihh", 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET))
        _, _, pid, kind, _ = struct.unpack("qqihh", answer)
    else:
        answer = fcntl.fcntl(opened, _GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        kind, _, _, _, pid = struct.unpack("hhqqi4x", answer)
    return None if kind == fcntl.F_UNLCK else int(pid)


def groups_with(path: str) -> set[int]:
    """The process groups in which somebody holds the lock file at ``path``, as far as ``/proc`` shows it.

    Those that only have it open are no holders: who looks whether it is held has, too.
    """
    wanted = os.stat(path)
    found: set[int] = set()
    for pid in _processes():
        if any(_is_locked(pid, name) for name in _names_of(wanted, pid)):
            with suppress(ProcessLookupError):
                found.add(os.getpgid(pid))
    return found - {os.getpgid(0)}


def _processes() -> Iterator[int]:
    with suppress(FileNotFoundError):
        for name in os.listdir(_PROC):
            if name.isdecimal() and int(name) != os.getpid():
                yield int(name)


def _names_of(wanted: os.stat_result, pid: int) -> Iterator[str]:
    """Under which numbers the process has that file open."""
    folder = f"{_PROC}/{pid}/fd"
    with suppress(OSError):  # it has ended, or is not ours to look into
        for name in os.listdir(folder):
            with suppress(OSError):
                if os.path.samestat(wanted, os.stat(f"{folder}/{name}")):
                    yield name


def _is_locked(pid: int, name: str) -> bool:
    """Whether there is an exclusive lock on the open file; a child's is that of its parent (flock(2))."""
    with suppress(OSError), open(f"{_PROC}/{pid}/fdinfo/{name}", "rb") as file:
        return any(_FLOCK.match(line) for line in file)
    return False
