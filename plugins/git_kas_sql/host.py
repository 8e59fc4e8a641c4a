"""All projects of one database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from git_kas.domain.binding import check_binding
from git_kas.domain.decide import decide
from git_kas.domain.project import Project
from git_kas.domain.timestamps import timestamp
from git_kas.errors import KasError
from git_kas.ports.store import StoreDescription
from git_kas_sql import pieces
from git_kas_sql.rows import Rows, find_head
from git_kas_sql.schema import PROJECTS
from git_kas_sql.store import SqlStore
from git_kas_sql.tables import Tables
from git_kas_sql.writing import lock_project, write_commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from git_kas.domain.ledger import Outcome
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.ports.clock import Clock
    from git_kas.ports.store_host import Asked
    from git_kas.ports.watch import Changes
    from git_kas_sql.database import Database
    from git_kas_sql.feed import Feed

_BOUND_SINCE: Final = 3
"""The version of the schema that brought what projects are bound to."""

_MOST_KNOWN: Final = 10_000
"""Projects whose numbers are remembered: anybody can ask for names that there are not."""


class SqlHost:
    """The port :class:`~git_kas.ports.store_host.StoreHost` over a database."""

    def __init__(self, database: Database, feed: Feed, clock: Clock) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock
        self._tables = Tables(database)
        self._seen: tuple[int, dict[str, int]] = (0, {})

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        return StoreDescription(self._database.kind, self._database.place)

    def projects(self) -> Sequence[str]:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        with self._tables.reading() as connection:
            if connection is None:
                return []
            asked = select(PROJECTS.c.name).where(PROJECTS.c.change > 0)
            return sorted(name for (name,) in connection.execute(asked))

    def change_of(self, project: str) -> int:
        """See :class:`git_kas.ports.store_host.StoreHost`.

        SQLite counts what other connections have committed; while that stands still, nothing is asked again.
        """
        version = self._database.data_version()
        seen, known = self._seen
        if version is None or version != seen or len(known) >= _MOST_KNOWN:  # anybody can think of names
            known = {}
            if version is not None:
                self._seen = (version, known)
        change = known.get(project)
        if change is None:
            with self.reading(project) as rows:
                change = rows.change if rows else 0
            known[project] = change
        return change

    def repository_of(self, project: str) -> str:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        with self._tables.reading(_BOUND_SINCE) as connection:
            if connection is None:
                return ""
            asked = select(PROJECTS.c.repository).where(PROJECTS.c.name == project)
            return connection.execute(asked).scalar_one_or_none() or ""

    def store(self, project: str) -> SqlStore:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        return SqlStore(self, project)

    def watch(self) -> AbstractContextManager[Changes]:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        return self._feed.changes()

    def close(self) -> None:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        self._database.close()

    @contextmanager
    def reading(self, project: str) -> Iterator[Rows | None]:
        """The rows of a project as of one moment, None where the project is not there."""
        with self._tables.reading() as connection:
            head = find_head(connection, project) if connection is not None else None
            yield Rows(connection, head, self._database.place) if connection is not None and head else None

    # -- writing ---------------------------------------------------------------------------------------------

    def commit_all(self, asked: Sequence[Asked]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        if not self._database.exists and len(asked) == 1:
            refusal = self._refused_by_nothing(asked[0].mutation, asked[0].request)
            if refusal is not None:
                return [refusal]
        with self._tables.writing() as connection:
            rows = {  # locked in one order, so that nobody waits for one who waits for him
                project: Rows(connection, lock_project(connection, project), self._database.place)
                for project in sorted({one.project for one in asked})
            }
            self._tables.insist(connection)
            before = {project: found.change for project, found in rows.items()}
            now = timestamp(self._clock.now_ns())
            answers = [_commit(rows[one.project], one, now) for one in asked]
            if before == {project: found.change for project, found in rows.items()}:
                connection.rollback()
                return answers
            self._feed.announce(connection)
        return answers

    def _refused_by_nothing(self, mutation: Mutation, request: Request) -> KasError | None:
        """The refusal of a mutation where nothing is stored yet, so that it makes no database."""
        try:
            decide(Project(), mutation, request, timestamp(self._clock.now_ns()))
        except KasError as error:
            return error
        return None

    # -- large requests --------------------------------------------------------------------------------------

    def keep_piece(self, project: str, piece: bytes) -> str:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        with self._tables.writing() as connection:
            self._tables.insist(connection)
            return pieces.keep(connection, project, piece, timestamp(self._clock.now_ns()))

    def pieces(self, project: str, ids: Sequence[str]) -> Sequence[bytes]:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        with self._tables.reading() as connection:
            if connection is None:
                raise pieces.missing()
            return pieces.read(connection, project, ids)

    def drop_pieces(self, project: str, ids: Sequence[str]) -> None:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        with self._tables.writing() as connection:
            self._tables.insist(connection)
            pieces.drop(connection, project, ids)


def _commit(rows: Rows, asked: Asked, now: str) -> Outcome | KasError:
    try:
        check_binding(asked.project, rows.head.repository, asked.repository)
        decision = decide(rows, asked.mutation, asked.request, now)
    except KasError as error:
        return error
    if decision.commit is not None:
        rows.head = write_commit(rows.connection, rows.head, decision.commit, asked.repository)
    return decision.outcome
