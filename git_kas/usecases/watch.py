"""The watcher: looks whenever something may have happened, and does nothing in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.domain.timestamps import nanoseconds_of
from git_kas.errors import Busy, StoreFull, Unreachable
from git_kas.ports.watch import WatchedFolder
from git_kas.usecases.drive import Look
from git_kas.usecases.signals import signal_places
from git_kas.usecases.watch_triage import moments_to_look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from git_kas.ports.watch import Watch
    from git_kas.usecases.drive import Driver
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope

LOCK: Final = "watch"
DOING: Final = "This repository is being watched"

_SETTLING: Final = 0.01
"""Seconds: who waits for a status to change should not notice us."""

_SETTINGS: Final = frozenset({"config"})

_PASSING: Final = (Unreachable, Busy, StoreFull)
"""What passes without us; agents at work go on meanwhile."""

_SHORTEST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_NANOSECONDS: Final = 1_000_000_000


class Watcher:
    """Looks with ``driver`` until it is interrupted."""

    def __init__(self, driver: Driver, ports: DrivePorts, scope: DriveScope, watch: Watch) -> None:
        self._driver = driver
        self._ports = ports
        self._scope = scope
        self._watch = watch
        self._pause = 0.0
        self._trouble = ""

    def looks(self) -> Iterator[Look]:
        """Each look at which something was done or is to be said.

        A store that cannot be reached, or a full disk, delays everything and loses nothing.

        Raises:
            KasError: something else is wrong than that the store cannot be used at the moment.
        """
        moments = moments_to_look(self._watch, self._folders, self._ports.store, _SETTLING)
        next(moments)
        while True:
            look = self._look()
            if look.happened or look.warnings:
                yield look
            moments.send(self._seconds_to(look))

    def _look(self) -> Look:
        try:
            look = self._driver.look()
        except _PASSING as error:
            self._pause = min(max(2 * self._pause, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            warnings = [error.message] if error.message != self._trouble else []
            self._trouble = error.message
            return Look(warnings=warnings)
        self._pause, self._trouble = 0.0, ""
        return look

    def _seconds_to(self, look: Look) -> float | None:
        if self._pause:
            return self._pause
        if not look.again:
            return None
        left = nanoseconds_of(look.again) - self._ports.clock.now_ns()
        return max(left / _NANOSECONDS, 0.0)

    def _folders(self) -> Sequence[WatchedFolder]:
        """Where signals come to lie, where worktrees come and go, what agents leave, and settings."""
        common = self._scope.location.common_dir
        folders = [
            WatchedFolder(common, names=_SETTINGS),
            WatchedFolder(f"{common}/worktrees"),
            WatchedFolder(f"{common}/kas/runs"),
        ]
        for place in signal_places(self._ports.worktrees(), self._scope.plans_folder):
            folders += [WatchedFolder(f"{place.worktree}/{folder}") for folder in place.folders]
        return [*folders, *(WatchedFolder(self._ports.runs.folder(run)) for run in self._driver.runs)]
