"""Being told of commits without asking: by SQLite's files, by PostgreSQL's LISTEN and NOTIFY."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import text

from git_kas.ports.watch import WatchedFolder
from git_kas_sql.faults import speaking_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from sqlalchemy import Connection

    from git_kas.ports.watch import Watch
    from git_kas_sql.database import Database

CHANNEL: Final = "kas_changes"
_PAUSE_BEFORE_CONNECTING_AGAIN: Final = 1.0


class Feed(Protocol):
    """Tells of commits in one database."""

    def wait(self, happened: Callable[[], bool], seconds: float) -> None:
        """Return as soon as ``happened``, which is asked after each commit, or after ``seconds``."""

    def announce(self, connection: Connection, project: int, change: int) -> None:
        """Tell others of a commit, as soon as the transaction of ``connection`` is committed."""


class FileFeed:
    """The feed of a SQLite database: whoever commits writes to a file in its folder."""

    def __init__(self, database: Database, open_watch: Callable[[], Watch]) -> None:
        self._folder = os.path.dirname(database.path)
        self._open_watch = open_watch

    def wait(self, happened: Callable[[], bool], seconds: float) -> None:
        """See :class:`Feed`."""
        deadline = time.monotonic() + seconds
        with self._open_watch().changes([WatchedFolder(self._folder)]) as changes:
            while not happened() and (left := deadline - time.monotonic()) > 0:
                changes.wait(left)

    def announce(self, connection: Connection, project: int, change: int) -> None:
        """See :class:`Feed`; the files tell."""


class NotifyFeed:
    """The feed of a PostgreSQL database (its manual, NOTIFY); each waiting takes a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wait(self, happened: Callable[[], bool], seconds: float) -> None:
        """See :class:`Feed`. A connection that is lost is made again, and what was missed is asked for."""
        import psycopg

        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                with psycopg.connect(self._database.conninfo, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    if happened() or self._listen(connection, happened, deadline):
                        return
            except psycopg.OperationalError:
                time.sleep(min(left, _PAUSE_BEFORE_CONNECTING_AGAIN))
                with speaking_of(self._database.place):
                    if happened():
                        return

    @staticmethod
    def _listen(connection: psycopg.Connection, happened: Callable[[], bool], deadline: float) -> bool:
        while (left := deadline - time.monotonic()) > 0:
            for _ in connection.notifies(timeout=left, stop_after=1):
                if happened():
                    return True
        return False

    def announce(self, connection: Connection, project: int, change: int) -> None:
        """See :class:`Feed`."""
        connection.execute(
            text("SELECT pg_notify(:channel, :payload)"),
            {"channel": CHANNEL, "payload": f"{project} {change}"},
        )
