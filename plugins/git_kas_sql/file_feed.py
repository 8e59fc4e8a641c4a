"""Being told of commits in a SQLite database by its files."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final

from git_kas.ports.watch import WatchedFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from git_kas.ports.watch import Changes, Watch
    from git_kas_sql.database import Database
    from git_kas_sql.session import Session

LOOK_AGAIN: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Seconds after which it is told once more, one after the other. SQLite writes to its log, which is what the
system tells of, before it syncs that, and only then others see the commit: on a slow disk not yet when they are
told."""

_SUFFIXES: Final = ("", "-wal", "-journal")
"""Of the names of the files to which a commit is written (https://www.sqlite.org/tempfiles.html)."""


class FileFeed:
    """The port :class:`~git_kas_sql.feed.Feed` of a SQLite database: whoever commits writes to its folder."""

    def __init__(self, database: Database, open_watch: Callable[[], Watch]) -> None:
        folder, name = os.path.split(database.path)
        self._folder = WatchedFolder(folder, names=frozenset(name + suffix for suffix in _SUFFIXES))
        self._open_watch = open_watch

    @contextmanager
    def changes(self) -> Iterator[Changes]:
        """See :class:`git_kas_sql.feed.Feed`."""
        with ExitStack() as open_:
            yield _FileChanges(self._folder, self._open_watch(), open_)

    def announce(self, session: Session) -> None:
        """See :class:`git_kas_sql.feed.Feed`; the files tell."""


class _FileChanges:
    """The port :class:`~git_kas.ports.watch.Changes` over a folder that may not be there yet.

    What was written last before one began to watch may become visible later, too, and of that nothing tells.
    """

    def __init__(self, folder: WatchedFolder, watch: Watch, open_: ExitStack) -> None:
        self._folder = folder
        self._watch = watch
        self._open = open_
        self._pauses: Iterator[float] = iter(())
        self._next = inf
        self._listen()

    def wait(self, seconds: float | None) -> bool:
        """See :class:`git_kas.ports.watch.Changes`; True also where it is time to look again."""
        end = inf if seconds is None else monotonic() + seconds
        until = min(end, self._next)
        if self._changes.wait(None if until == inf else max(0.0, until - monotonic())):
            self._listen_again()
        elif monotonic() >= self._next:
            self._next = self._time_to_look()
        else:
            return False
        return True

    def notify(self) -> None:
        """See :class:`git_kas.ports.watch.Changes`."""
        self._changes.notify()

    def _listen(self) -> None:
        self._is_there = os.path.isdir(self._folder.path)  # before, as it may come while one begins to watch
        self._changes = self._open.enter_context(self._watch.changes([self._folder]))
        self._look_again_soon()

    def _listen_again(self) -> None:
        """Go on after something was told; in the folder itself, if so far only its coming would be told."""
        if self._is_there:
            self._look_again_soon()
        else:
            before = self._open.pop_all()
            self._listen()
            before.close()

    def _look_again_soon(self) -> None:
        self._pauses = iter(LOOK_AGAIN)
        self._next = self._time_to_look()

    def _time_to_look(self) -> float:
        return monotonic() + next(self._pauses, inf)
