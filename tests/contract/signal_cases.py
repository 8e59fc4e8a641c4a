"""What the tests of the box of signals share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from git_kas.domain.signal_rules import Cause
from git_kas.ports.signals import ClaimedSignal, RejectionRecord, SignalBox, SignalPlace, WaitingSignal

FOLDERS = ("docs/plans/.signals", ".kasmos/signals")
NAME = "review-changes-a.md"
RECORD = RejectionRecord(Cause.STALE, "It is old.", "2026-01-01T00:00:00.000000Z", ("other",))
OLD_NS = 1_700_000_000_000_000_000


class Case(NamedTuple):
    """A box, a place in it, and a way to leave a file there as an agent does."""

    box: SignalBox
    place: SignalPlace
    leave: Callable[..., object]


def leave(
    place: SignalPlace, name: str, text: str = "", mtime_ns: int = OLD_NS, folder: str = FOLDERS[0]
) -> Path:
    path = Path(place.worktree, folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def only_waiting(case: Case) -> WaitingSignal:
    """What waits, where that is all there is."""
    found = case.box.find([case.place])
    assert (found.claimed, list(found.problems)) == ([], [])
    (waiting,) = found.waiting
    return waiting


def only_claimed(case: Case) -> ClaimedSignal:
    found = case.box.find([case.place])
    assert (found.waiting, list(found.problems)) == ([], [])
    (claimed,) = found.claimed
    return claimed


def claim(case: Case) -> ClaimedSignal:
    claimed = case.box.claim(only_waiting(case))
    assert claimed is not None
    return claimed


def assert_empty(case: Case) -> None:
    found = case.box.find([case.place])
    assert (found.waiting, found.claimed) == ([], [])
