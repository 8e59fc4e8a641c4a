"""The process for which a worktree was locked, as the reason of the lock names it, and whether it is dead.

Git keeps the reason of ``git worktree lock`` as free text. These shapes are known:

=====================================================  =====================================================
``host=box pid=4299 start=123456 session=x``           words with ``=`` or ``:``, in any order, any separator
``{"host": "box", "pid": 4299, "start": 123456}``      JSON
``claude agent a1 (pid 4299 start Fri Jun 19 …)``      Claude Code
``claude session probe0 (pid 29884)``                  Claude Code
``openclaw pid=1829694``, ``agent pid 123``            others
=====================================================  =====================================================

A number of a process means something only on its machine, and only until it is given out again. So a process is
dead for sure only where the reason names this host, and no such process is there, or one that the kernel
started at another moment of this or another boot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_PID: Final = re.compile(r"\bpid\b[\"']?\s*[=:#]?\s*[\"']?(\d{1,10})\b", re.IGNORECASE)
_HOST: Final = re.compile(r"\bhost(?:name)?\b[\"']?\s*[=:]\s*[\"']?([A-Za-z0-9][A-Za-z0-9._-]*)", re.IGNORECASE)
_AT_HOST: Final = re.compile(r"\bpid\b\s*[=:#]?\s*\d+@([A-Za-z0-9][A-Za-z0-9._-]*)", re.IGNORECASE)
_START: Final = re.compile(
    r"\bstart(?:ed|_time|time)?(?:_ticks)?\b[\"']?\s*[=:]\s*[\"']?(\d+)(?=$|[\s,;)\"'}])", re.IGNORECASE
)
_TICKS_AT_MOST: Final = 10**9
"""As a number of clock ticks since boot this is 115 days and more on Linux; as seconds it is the year 2001."""


@dataclass(frozen=True, slots=True)
class LockOwner:
    """What a lock's reason says of its process.

    ``host`` is empty where it names none. ``start_ticks`` is the start in clock ticks since boot
    (proc_pid_stat(5), field 22), None where it is not given or is a time of day: clocks are set and
    machines sleep, so that a time of day proves nothing.
    """

    pid: int
    host: str = ""
    start_ticks: int | None = None


class OwnerState(StrEnum):
    """What became of the process for which a worktree is locked."""

    ALIVE = "alive"
    """It may be alive, or nothing can be told."""
    DEAD = "dead"
    UNSEEN = "unseen"
    """No such process is seen here, but it may be elsewhere."""


def lock_owner(reason: str) -> LockOwner | None:
    """The process that ``reason`` names; None where it names none, or several."""
    pids = {int(pid) for pid in _PID.findall(reason)}
    if len(pids) != 1:
        return None
    hosts = {host.rstrip(".").lower() for host in (*_HOST.findall(reason), *_AT_HOST.findall(reason))}
    if len(hosts) > 1:
        return None
    starts = {int(start) for start in _START.findall(reason)}
    ticks = starts.pop() if len(starts) == 1 else None
    known = ticks is not None and ticks < _TICKS_AT_MOST
    return LockOwner(pids.pop(), hosts.pop() if hosts else "", ticks if known else None)


def owner_state(owner: LockOwner, host: str, found_start: int | None, unseen: str) -> OwnerState:
    """What became of ``owner``, asked on ``host``.

    ``found_start`` is when the process that now has that number began, in ticks; None if there is none.
    ``unseen`` says why there may be processes here that we cannot see, and is empty where there are none.
    """
    if owner.host and owner.host != host.lower():
        return OwnerState.ALIVE
    if found_start is None:
        return OwnerState.DEAD if owner.host and not unseen else OwnerState.UNSEEN
    if owner.start_ticks is None or owner.start_ticks == found_start:
        return OwnerState.ALIVE
    return OwnerState.DEAD if owner.host and not unseen else OwnerState.UNSEEN
