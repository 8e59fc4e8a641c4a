"""Being told of commits without asking; here by PostgreSQL's LISTEN and NOTIFY."""

from __future__ import annotations

import os
import select
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    import psycopg

    from git_kas.ports.watch import Changes
    from git_kas_sql.database import Database
    from git_kas_sql.session import Session

CHANNEL: Final = "kas_changes"
_NOTIFY: Final = text(f"NOTIFY {CHANNEL}")
_PAUSE_BEFORE_CONNECTING_AGAIN: Final = 1.0


class Feed(Protocol):
    """Tells of commits in one database."""

    def changes(self) -> AbstractContextManager[Changes]:
        """What tells of commits from now on; it may tell of more than there are."""

    def announce(self, session: Session) -> None:
        """Tell others as soon as the transaction is committed."""


class NotifyFeed:
    """The feed of a PostgreSQL database (its manual, NOTIFY); each listener takes a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._conninfo = database.conninfo

    @contextmanager
    def changes(self) -> Iterator[Changes]:
        """See :class:`Feed`."""
        listener = _Listener(self._conninfo)
        try:
            listener.connect()
            yield listener
        finally:
            listener.close()

    def announce(self, session: Session) -> None:
        """See :class:`Feed`."""
        session.run(_NOTIFY)


class _Listener:
    """The port :class:`~git_kas.ports.watch.Changes` over a connection that listens.

    A connection that is lost is made again; as something may have been missed, that counts as a change.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)

    def connect(self) -> bool:
        """Listen, if that is possible now; whether it was not done before."""
        import psycopg

        if self._connection is not None:
            return False
        with suppress(psycopg.OperationalError):
            self._connection = psycopg.connect(self._conninfo, autocommit=True)
            self._connection.execute(f"LISTEN {CHANNEL}")
            return True
        return False

    def wait(self, seconds: float | None) -> bool:
        """See :class:`git_kas.ports.watch.Changes`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            if self.connect():
                return True
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if self._wait_once(left):
                return True
            if left == 0:
                return False

    def notify(self) -> None:
        """See :class:`git_kas.ports.watch.Changes`."""
        with suppress(BlockingIOError):  # it is told already
            os.write(self._writer, b"!")

    def close(self) -> None:
        """Listen no more."""
        if self._connection is not None:
            self._connection.close()
        os.close(self._reader)
        os.close(self._writer)

    def _wait_once(self, seconds: float | None) -> bool:
        if self._connection is None:
            pause = _PAUSE_BEFORE_CONNECTING_AGAIN
            seconds = pause if seconds is None else min(seconds, pause)
        listened = [self._connection.fileno()] if self._connection is not None else []
        ready, _, _ = select.select([self._reader, *listened], [], [], seconds)
        told = self._reader in ready and bool(os.read(self._reader, 4096))
        return bool(set(listened).intersection(ready) and self._is_notified()) or told

    def _is_notified(self) -> bool:
        import psycopg

        assert self._connection is not None  # noqa: S101 - it was listened to a moment ago
        try:
            return bool(list(self._connection.notifies(timeout=0)))
        except psycopg.OperationalError:
            self._connection.close()
            self._connection = None
            return False
