"""Connections to a plan database, and its transactions."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from git_kas.errors import ReadOnly, Unreachable, UsageError
from git_kas_sql.engines import (
    PATIENCE,
    WRITING,
    plain_postgresql_engine,
    postgresql_engine,
    sqlite_engine,
)
from git_kas_sql.faults import speaking_of
from git_kas_sql.identity import FileIdentity
from git_kas_sql.session import Session
from git_kas_sql.transactions import Transactions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine, Select

_PAUSE: Final = 0.02


class Database:
    """One database. ``place`` names it for people: a path, or a URL without password.

    The file of a *private* one is made for its owner alone; one that is there keeps its mode.
    """

    def __init__(self, url: str, *, private: bool = False) -> None:
        self._url = parse_url(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self.path = self._url.database or "" if self.is_sqlite else ""
        self.place = self.path if self.is_sqlite else self._url.render_as_string(hide_password=True)
        self._private = private
        self._identity = FileIdentity(self.path)
        self._engine: Engine | None = None
        self._transactions: Transactions | None = None
        self._observer: sqlite3.Connection | None = None
        self._observing = Lock()

    @property
    def exists(self) -> bool:
        """Whether there is something to connect to; opening a SQLite file would make it.

        Raises:
            Unreachable: a SQLite file that is open was removed or replaced.
        """
        return not self.is_sqlite or self._identity.is_there()

    @property
    def kind(self) -> str:
        """The word for this kind of database."""
        return self._url.get_backend_name()

    @property
    def conninfo(self) -> str:
        """How libpq is told of a PostgreSQL database; holds the password."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    def make(self) -> None:
        """Make the file of a SQLite database, in write-ahead mode, and its folder.

        Raises:
            ReadOnly, StoreFull, Unreachable: it cannot be made.
        """
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            if self._private:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            raise ReadOnly(
                f"{self.path} cannot be made: {error.strerror}. Nothing was changed.",
                next_step="See who owns the folders above it.",
            ) from error
        with speaking_of(self.place), self._connect() as connection:
            _set_write_ahead(connection)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction that reads one moment, over the driver alone.

        Raises:
            Busy, StoreCorrupt, Unreachable: the database cannot be read.
        """
        with speaking_of(self.place), self._plain().session() as session:
            yield session

    def ask(self, asked: Select[Any], **values: object) -> list[Any]:
        """The rows of one statement, which reads one moment by itself.

        Raises:
            Busy, StoreCorrupt, Unreachable: the database cannot be read.
        """
        with speaking_of(self.place):
            return self._plain().ask(asked, values)

    @contextmanager
    def session_at_once(self) -> Iterator[Session | None]:
        """As :meth:`session`, but None where one would have to wait: with PostgreSQL, always.

        Raises:
            Busy, StoreCorrupt, Unreachable: the database cannot be read now.
        """
        if not self._observing.acquire(blocking=False):
            yield None
            return
        try:
            with speaking_of(self.place):
                if self._observer is None or not self.exists:
                    yield None
                    return
                self._observer.execute("BEGIN")
                try:
                    yield Session(self._observer, self.kind)
                finally:
                    self._observer.rollback()
        finally:
            self._observing.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment, for statements that are made as they are needed.

        Raises:
            Busy, StoreCorrupt, Unreachable: the database cannot be read.
        """
        with self._transaction(writing=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed, durably, where the block ends without an error.

        With SQLite it is the only one that writes meanwhile.

        Raises:
            Busy, ReadOnly, StoreCorrupt, StoreFull, Unreachable: nothing was changed, but of an unreachable
                database nobody knows.
        """
        with self._acknowledging(), self._transaction(writing=True) as connection:
            yield connection

    @contextmanager
    def session_to_write(self) -> Iterator[Session]:
        """The same, over the driver alone.

        Raises:
            Busy, ReadOnly, StoreCorrupt, StoreFull, Unreachable: as :meth:`writing`.
        """
        with self._acknowledging(), speaking_of(self.place), self._plain().session(to_write=True) as session:
            yield session

    @contextmanager
    def _acknowledging(self) -> Iterator[None]:
        """See what a transaction was worth that was committed."""
        try:
            yield
        except ReadOnly:
            if self._engine is not None:
                self._engine.dispose()  # SQLite goes on reading only, even where writing is possible again
            raise
        if not self.exists:  # so that nothing is acknowledged that went to a file without a name
            raise Unreachable(
                f"plan store unreachable: the file {self.place} is gone.", next_step="See who has removed it."
            )

    def data_version(self) -> int | None:
        """A number that is another one after each commit (https://www.sqlite.org/pragma.html#pragma_data_version).

        None where there is none: with PostgreSQL, and before a file is there.
        """
        if not self.is_sqlite:
            return None
        with self._observing, speaking_of(self.place):
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    return self._observe()
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                time.sleep(_PAUSE)

    def data_version_at_once(self) -> int | None:
        """The same, None also where it cannot be had without waiting."""
        if not self._observing.acquire(blocking=False):
            return None
        try:
            return self._observe() if self._observer is not None else None
        except (sqlite3.Error, Unreachable):
            return None  # whoever asks again and waits is told
        finally:
            self._observing.release()

    def _observe(self) -> int | None:
        if not self.exists:
            return None
        if self._observer is None:
            self._observer = sqlite3.connect(
                self.path, timeout=0, isolation_level=None, check_same_thread=False
            )
        version: int = self._observer.execute("PRAGMA data_version").fetchone()[0]
        return version

    def close(self) -> None:
        """Close all connections."""
        with self._observing:
            if self._observer is not None:
                self._observer.close()
                self._observer = None
        if self._transactions is not None:
            self._transactions.close()
            self._transactions = None
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
        self._identity.forget()

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        with speaking_of(self.place), self._connect() as connection:
            connection.execution_options(**{WRITING: writing})
            if not self.is_sqlite and not writing:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def _connect(self) -> Connection:
        return self._made_engine().connect()

    def _made_engine(self) -> Engine:
        if self._engine is None:
            self._engine = sqlite_engine(self._url) if self.is_sqlite else postgresql_engine(self._url)
        return self._engine

    def _plain(self) -> Transactions:
        if self._transactions is None:
            plain = self._made_engine() if self.is_sqlite else plain_postgresql_engine(self._url)
            self._transactions = Transactions(plain)
        return self._transactions


def parse_url(text: str) -> URL:
    """The URL of a database.

    Raises:
        UsageError: it is none that can be used.
    """
    step = "Use sqlite:////absolute/path.db or postgresql://user@host/database."
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UsageError(f"'{text.partition(':')[0]}:…' is no database URL.", next_step=step) from error
    if url.get_backend_name() == "postgresql":
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        return url
    if url.drivername != "sqlite" or url.query or url.host:
        raise UsageError(f"Databases of the kind '{url.drivername}' cannot be used.", next_step=step)
    if not url.database or not os.path.isabs(url.database):
        raise UsageError(
            f"'{text}' does not name a file by an absolute path: it would be another one in every folder.",
            next_step=step,
        )
    return url


def _set_write_ahead(connection: Connection) -> None:
    """Have the database write ahead. SQLite does not wait for its users here, as it does for other locks."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return
