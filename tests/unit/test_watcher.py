"""The watcher, over a driver that cannot do anything at the moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest

from git_kas.errors import Busy, KasError, ReadOnly, StoreFull, Unreachable
from git_kas.ports.watch import Changes, WatchedFolder
from git_kas.usecases.drive import Driver, Look
from git_kas.usecases.drive_ports import Happening, Step
from git_kas.usecases.watch import Watcher
from unit.drive_worlds import DriveWorld


class Waits:
    """The port ``Watch``: nothing happens; it keeps how long was waited."""

    def __init__(self) -> None:
        self.waited: list[float | None] = []

    @contextmanager
    def changes(self, folders: Sequence[WatchedFolder], settling: float = 0.0) -> Iterator[Changes]:
        del folders, settling
        yield cast("Changes", self)

    def wait(self, seconds: float | None) -> bool:
        self.waited.append(seconds)
        return False

    def notify(self) -> None:
        """Nobody waits."""


class Failing:
    """A driver whose first looks fail."""

    runs: frozenset[Any] = frozenset()

    def __init__(self, error: KasError, times: int) -> None:
        self._errors = [error] * times

    def look(self) -> Look:
        if self._errors:
            raise self._errors.pop()
        return Look(happened=[Happening(Step.BEGUN, None)])


def watcher(error: KasError, times: int) -> tuple[Watcher, Waits]:
    world, waits = DriveWorld(), Waits()
    scope = world.driver.scope
    return Watcher(cast("Driver", Failing(error, times)), world.ports(), scope, waits), waits


@pytest.mark.parametrize("kind", [Unreachable, Busy, StoreFull])
def test_what_passes_is_waited_for_and_told_once(kind: type[KasError]) -> None:
    watching, waits = watcher(kind("Not now.", next_step="Wait."), 3)
    looks = watching.looks()
    assert next(looks).warnings == ["Not now."]
    assert next(looks).happened
    assert waits.waited == [0.5, 1.0, 2.0]


def test_what_does_not_pass_ends_it() -> None:
    watching, _ = watcher(ReadOnly("No.", next_step="Look."), 1)
    with pytest.raises(ReadOnly):
        next(watching.looks())
