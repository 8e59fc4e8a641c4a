"""Our tables in a database: there, of which version, and ready to be written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from git_kas_sql.migrations import create_schema, stored_version, upgrade, version_of
from git_kas_sql.schema import VERSION
from git_kas_sql.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from git_kas_sql.database import Database


class Tables:
    """Transactions on the tables of one database. Reading changes nothing, not even an older schema."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = 0  # as far as is known; it only grows

    def knows(self, oldest: int = 1) -> bool:
        """Whether there are tables, of that version or a newer one.

        Raises:
            SchemaTooNew: a newer git-kas made them.
            Busy, StoreCorrupt, Unreachable: see :meth:`git_kas_sql.database.Database.reading`.
        """
        if not self._database.exists:
            return False
        if self._version < oldest:
            with self._database.reading() as connection:
                self._version = version_of(connection, self._database.place)
        return self._version >= oldest

    @contextmanager
    def session(self) -> Iterator[Session | None]:
        """As :meth:`reading`, over the driver alone."""
        if not self.knows():
            yield None
            return
        with self._database.session() as session:
            yield session

    @contextmanager
    def session_at_once(self) -> Iterator[Session | None]:
        """The same where one need not wait; None also where one would have to."""
        if not self._version:
            yield None
            return
        with self._database.session_at_once() as session:
            yield session

    @contextmanager
    def reading(self, oldest: int = 1) -> Iterator[Connection | None]:
        """A transaction that sees one moment; None where there are no tables, or older ones than ``oldest``.

        Raises:
            SchemaTooNew: a newer git-kas made them.
            Busy, StoreCorrupt, Unreachable: see :meth:`git_kas_sql.database.Database.reading`.
        """
        if not self.knows(oldest):
            yield None
            return
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction on tables of the newest version, which are made or brought up to date before.

        Whoever has locked what is to be written calls :meth:`insist` then.

        Raises:
            SchemaTooNew: a newer git-kas made them.
            Busy, ReadOnly, StoreCorrupt, StoreFull, Unreachable: see
                :meth:`git_kas_sql.database.Database.writing`.
        """
        if not self._database.exists:
            self._database.make()
        self._bring_up_to_date()
        with self._database.writing() as connection:
            if self._version < VERSION:
                create_schema(connection, self._database.place)
            yield connection

    @contextmanager
    def session_to_write(self) -> Iterator[Session]:
        """As :meth:`writing`, over the driver alone once the tables are there."""
        if not self._is_newest():
            with self.writing() as connection:
                yield Session.of(connection)
            return
        with self._database.session_to_write() as session:
            yield session

    def _is_newest(self) -> bool:
        return self._version == VERSION and self._database.exists

    def insist(self, session: Session) -> None:
        """Find out that the schema is still the newest one that is known, after a lock was taken.

        Somebody who changes it waits for that lock, or was done before it was given.

        Raises:
            SchemaTooNew: a newer git-kas has changed it since.
        """
        stored_version(session, self._database.place)

    def _bring_up_to_date(self) -> None:
        """Bring older tables up to date, in a transaction of its own; where there are none, do nothing."""
        if self._version == VERSION:
            return
        if not self.knows(VERSION) and self._version:
            with self._database.writing() as connection:
                upgrade(connection, self._database)
            self.knows(VERSION)
