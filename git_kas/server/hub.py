"""Long polls: many requests wait for commits, and only one thread listens, while there are any.

With SQLite, listening costs each commit about as much as making it does: all that is written to its files is
told, piece by piece.
"""

from __future__ import annotations

import logging
from threading import Condition, Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Final

from git_kas.errors import Busy, KasError

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.ports.store_host import StoreHost
    from git_kas.ports.watch import Changes

_PAUSE_AFTER_FAILURE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0
_LINGERING: Final = 10.0
"""Seconds for which it goes on listening when nobody waits: who has waited mostly comes again at once."""

_LOG: Final = logging.getLogger(__name__)


class _Room:
    """Those who wait for one project."""

    def __init__(self, lock: Lock) -> None:
        self.changed = Condition(lock)
        self.waiting = 0
        self.latest = 0


class Followed:
    """A project's commits: one number for all since the one before, so that nothing is kept for the slow."""

    def __init__(self, room: _Room, since: int, ended: Event, leave: Callable[[], None]) -> None:
        self._room = room
        self._last = since
        self._ended = ended
        self._leave = leave
        self._is_open = True

    def wait(self, seconds: float) -> int | None:
        """The number of the last commit, once it is greater than the one before; None after a while."""
        with self._room.changed:
            self._room.changed.wait_for(lambda: self._room.latest > self._last or self._ended.is_set(), seconds)
            if self._room.latest > self._last:
                self._last = self._room.latest
                return self._last
        return None

    def pause(self, seconds: float) -> None:
        """Wait a while, or until the server ends."""
        if seconds > 0:
            self._ended.wait(seconds)

    @property
    def has_ended(self) -> bool:
        """Whether the server ends, and nothing more will come."""
        return self._ended.is_set()

    def close(self) -> None:
        """Follow no longer."""
        if self._is_open:
            self._is_open = False
            self._leave()


class Hub:
    """Tells of commits, our own and those of other processes. A request that waits asks the host nothing."""

    def __init__(self, host: StoreHost, most: int) -> None:
        self._host = host
        self._most = most
        self._lock = Lock()
        self._rooms: dict[str, _Room] = {}
        self._waiting = 0
        self._entered = Condition(self._lock)
        self._deserted_since = 0.0
        self._closed = Event()
        self._listening: Changes | None = None
        self._thread = Thread(target=self._run, name="kas-hub", daemon=True)
        self._thread.start()

    def wait(self, project: str, since: int, seconds: float) -> int:
        """The number of the project's last commit, as soon as it is greater than ``since`` or after a while.

        Raises:
            Busy: too many wait already.
        """
        change = self._host.change_of(project)
        if change > since or seconds <= 0:
            return change
        room = self._enter(project)
        try:
            change = self._host.change_of(project)  # what was committed before we entered is not told again
            with self._lock:
                room.latest = max(room.latest, change)
                room.changed.wait_for(lambda: room.latest > since or self._closed.is_set(), seconds)
                return room.latest
        finally:
            self._leave(project, room)

    def follow(self, project: str, since: int) -> Followed:
        """The numbers of the project's commits that come after ``since``, for as long as somebody asks.

        Whoever follows counts as one who waits, and closes what is returned.

        Raises:
            Busy: too many wait already.
        """
        room = self._enter(project)
        try:
            change = self._host.change_of(project)
            with self._lock:
                room.latest = max(room.latest, change)
        except BaseException:
            self._leave(project, room)
            raise
        return Followed(room, since, self._closed, lambda: self._leave(project, room))

    @property
    def watchers(self) -> int:
        """How many wait now."""
        return self._waiting

    def tell(self, project: str, change: int) -> None:
        """Wake those who wait for that commit, or for one before it."""
        with self._lock:
            room = self._rooms.get(project)
            if room is not None and change > room.latest:
                room.latest = change
                room.changed.notify_all()

    def release(self) -> None:
        """Have nobody wait any longer."""
        self._closed.set()
        with self._lock:
            for room in self._rooms.values():
                room.changed.notify_all()
            self._entered.notify_all()

    def close(self) -> None:
        """Stop listening."""
        self.release()
        listening = self._listening  # the thread that listens may forget it at any time
        if listening is not None:
            listening.notify()
        self._thread.join(timeout=_PAUSE_AFTER_FAILURE * 2)

    def _enter(self, project: str) -> _Room:
        with self._lock:
            if self._waiting >= self._most:
                raise Busy(
                    f"{self._most} requests wait for changes, and no more can.", next_step="Try again later."
                )
            room = self._rooms.setdefault(project, _Room(self._lock))
            room.waiting += 1
            self._waiting += 1
            self._entered.notify_all()
            return room

    def _leave(self, project: str, room: _Room) -> None:
        with self._lock:
            self._waiting -= 1
            room.waiting -= 1
            if not room.waiting:
                del self._rooms[project]
                self._deserted_since = monotonic()

    # -- the one thread that listens -------------------------------------------------------------------------

    def _run(self) -> None:
        while self._is_needed():
            try:
                with self._host.watch() as changes:
                    self._listening = changes
                    self._listen(changes)
            except Exception:
                _LOG.exception("The server cannot listen for changes; it looks for them every second.")
                self._listening = None
                if not self._closed.wait(_PAUSE_AFTER_FAILURE):
                    self._look()
            self._listening = None

    def _is_needed(self) -> bool:
        """Wait until somebody waits, or for the end; whether it is the former."""
        with self._lock:
            self._entered.wait_for(lambda: self._rooms or self._closed.is_set())
        return not self._closed.is_set()

    def _is_deserted(self) -> bool:
        with self._lock:
            return not self._rooms and monotonic() - self._deserted_since > _LINGERING

    def _listen(self, changes: Changes) -> None:
        pause: float | None = None
        while not (self._closed.is_set() or self._is_deserted()):
            if self._look():  # what came before we listened, too
                pause = None
            else:
                pause = min(2 * pause, _LONGEST_PAUSE) if pause else _PAUSE_AFTER_FAILURE
            changes.wait(pause)

    def _look(self) -> bool:
        """Ask once for each project that somebody waits for; False if the host could not say."""
        with self._lock:
            projects = list(self._rooms)
        try:
            for project in projects:
                self.tell(project, self._host.change_of(project))
        except KasError:
            return False
        return True
