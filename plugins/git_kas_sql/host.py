"""All projects of one database."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from git_kas.domain.binding import check_binding
from git_kas.domain.decide import decide
from git_kas.domain.project import Project
from git_kas.domain.timestamps import timestamp
from git_kas.errors import KasError
from git_kas.ports.store import StoreDescription
from git_kas.ports.store_host import Moment
from git_kas_sql import pieces
from git_kas_sql.recall import Recall
from git_kas_sql.rows import Rows, find_head
from git_kas_sql.schema import PROJECTS
from git_kas_sql.session import Session
from git_kas_sql.statements import CHANGE
from git_kas_sql.store import FixedStore, SqlStore, StoreAtOnce
from git_kas_sql.tables import Tables
from git_kas_sql.writing import DraftRows, lock_project

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


class _Unchanged(Exception):
    """Nothing is to be committed, not even tables or a project's row that were made for it."""


class SqlHost:
    """The port :class:`~git_kas.ports.store_host.StoreHost` over a database."""

    def __init__(self, database: Database, feed: Feed, clock: Clock) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock
        self._tables = Tables(database)
        self._recall = Recall()
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
        known = self._known_as_of(self._database.data_version())
        change = known.get(project)
        if change is None:
            found = self._database.ask(CHANGE, name=project) if self._tables.knows() else []
            change = known[project] = found[0][0] if found else 0
        return change

    def _known_as_of(self, version: int | None) -> dict[str, int]:
        """What is known of projects, if nothing was committed since the database had that version."""
        seen, known = self._seen
        if version is None or version != seen or len(known) >= _MOST_KNOWN:  # anybody can think of names
            known = {}
            if version is not None:
                self._seen = (version, known)
        return known

    def repository_of(self, project: str) -> str:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        with self._tables.reading(_BOUND_SINCE) as connection:
            if connection is None:
                return ""
            asked = select(PROJECTS.c.repository).where(PROJECTS.c.name == project)
            return connection.execute(asked).scalar_one_or_none() or ""

    def recalled_change_of(self, project: str) -> int | None:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        version = self._database.data_version_at_once()
        seen, known = self._seen
        return known.get(project) if version is not None and version == seen else None

    @contextmanager
    def moment(self, project: str) -> Iterator[Moment]:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        with self.reading(project) as rows:
            yield Moment(rows.change if rows else 0, FixedStore(self, project, rows))

    @contextmanager
    def moment_at_once(self, project: str) -> Iterator[Moment | None]:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        version = self._database.data_version_at_once()
        with self._tables.session_at_once() as session:
            if version is None or session is None:
                yield None
                return
            rows = self._rows(session, project)
            change = rows.change if rows else 0
            self._known_as_of(version)[project] = change
            yield Moment(change, StoreAtOnce(self, project, rows))

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
        with self._tables.session() as session:
            yield self._rows(session, project) if session is not None else None

    def _rows(self, session: Session, project: str) -> Rows | None:
        head = find_head(session, project)
        return Rows(session, head, self._database.place, self._recall) if head else None

    # -- writing ---------------------------------------------------------------------------------------------

    def commit_all(self, asked: Sequence[Asked]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store_host.StoreHost`."""
        if not self._database.exists and len(asked) == 1:
            refusal = self._refused_by_nothing(asked[0].mutation, asked[0].request)
            if refusal is not None:
                return [refusal]
        answers: list[Outcome | KasError] = []
        with suppress(_Unchanged), self._tables.session_to_write() as session:
            drafts = {  # locked in one order, so that nobody waits for one who waits for him
                project: DraftRows(session, lock_project(session, project), self._database.place, self._recall)
                for project in sorted({one.project for one in asked})
            }
            self._tables.insist(session)
            now = timestamp(self._clock.now_ns())
            answers += [_commit(drafts[one.project], one, now) for one in asked]
            changed = [draft for draft in drafts.values() if draft.is_changed]
            if not changed:
                raise _Unchanged
            for draft in changed:
                draft.write()
            self._feed.announce(session)
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
            self._tables.insist(Session.of(connection))
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
            self._tables.insist(Session.of(connection))
            pieces.drop(connection, project, ids)


def _commit(draft: DraftRows, asked: Asked, now: str) -> Outcome | KasError:
    try:
        check_binding(asked.project, draft.head.repository, asked.repository)
        decision = decide(draft, asked.mutation, asked.request, now)
    except KasError as error:
        return error
    if decision.commit is not None:
        draft.add(decision.commit, asked.repository)
    return decision.outcome
