"""The plan store in an SQL database (DESIGN 4)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from git_kas.domain.decide import decide
from git_kas.domain.lifecycle import UnknownStatus
from git_kas.domain.project import Project, all_topics, live_record, select
from git_kas.domain.state_file import Remark, RemarkKind
from git_kas.domain.timestamps import timestamp
from git_kas.errors import KasError, NotFound
from git_kas.ports.store import StoreDescription
from git_kas_sql.migrations import create_schema, version_of
from git_kas_sql.rows import Head, Rows, find_head
from git_kas_sql.writing import lock_project, write_commit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from sqlalchemy import Connection

    from git_kas.domain.ledger import HistoryEntry, Outcome, Run
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan, Topic
    from git_kas.ports.clock import Clock
    from git_kas_sql.database import Database
    from git_kas_sql.feed import Feed


class SqlStore:
    """The port :class:`~git_kas.ports.store.Store` over one project of a database."""

    def __init__(self, database: Database, feed: Feed, project: str, clock: Clock) -> None:
        self._database = database
        self._feed = feed
        self._project = project
        self._clock = clock
        self._has_schema = False

    # -- reading ---------------------------------------------------------------------------------------------

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store.Store`."""
        return StoreDescription(self._database.kind, self._database.place)

    def ping(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading():
            pass

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            records = rows.live_records(statuses, topic) if rows else []
        return select((record.plan for record in records), statuses, topic)

    def get_plan(self, name: PlanName) -> Plan:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            return live_record(name, rows.record(name) if rows else None).plan

    def get_content(self, name: PlanName) -> bytes | None:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            plan = live_record(name, rows.record(name) if rows else None).plan
            return rows.content(plan.content_id) if rows and plan.content_id else None

    def get_run(self, name: PlanName) -> Run | None:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            return live_record(name, rows.record(name) if rows else None).run

    def list_topics(self) -> Sequence[Topic]:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            if rows is None:
                return []
            return all_topics(rows.topics(), [record.plan for record in rows.live_records()])

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            record = rows.record(plan) if rows and plan is not None else None
            if plan is not None and record is None:
                raise NotFound(f"plan not found: {plan}.", next_step="'git kas plan list' shows the plans.")
            return rows.entries(since, record.identity if record else None) if rows else []

    def outcome_of(self, key: str) -> Outcome | None:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            keyed = rows.keyed(key) if rows else None
        return keyed.outcome._replace(replayed=True) if keyed else None

    def changes(self, since: int, wait: float) -> int:
        """See :class:`git_kas.ports.store.Store`."""
        change = self._change()
        if change > since or wait <= 0:
            return change
        self._feed.wait(lambda: self._change() > since, wait)
        return self._change()

    def remarks(self) -> Sequence[Remark]:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            if rows is None:
                return []
            unread = rows.passengers().get("unread", {})
            plans = [record.plan for record in rows.live_records()]
        remarks = [
            Remark(
                RemarkKind.UNKNOWN_STATUS,
                f"status {str(plan.status)!r} is not known, kept as it is",
                plan.filename,
            )
            for plan in plans
            if isinstance(plan.status, UnknownStatus)
        ]
        return remarks + [
            Remark(RemarkKind.UNREADABLE_NAME, f"not read as a plan: {name!r} is no plan name")
            for name in unread
        ]

    def export(self) -> Project:
        """See :class:`git_kas.ports.store.Store`."""
        with self._reading() as rows:
            return rows.project() if rows else Project()

    def close(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        self._database.close()

    def _change(self) -> int:
        with self._reading() as rows:
            return rows.change if rows else 0

    @contextmanager
    def _reading(self) -> Iterator[Rows | None]:
        """The project's rows as of one moment, None where the project is not there."""
        if not self._database.exists:
            yield None
            return
        with self._database.reading() as connection:
            head = find_head(connection, self._project) if self._is_ready(connection) else None
            yield Rows(connection, head, self._database.place) if head else None

    def _is_ready(self, connection: Connection) -> bool:
        if not self._has_schema:
            self._has_schema = version_of(connection, self._database.place) > 0
        return self._has_schema

    # -- writing ---------------------------------------------------------------------------------------------

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        """See :class:`git_kas.ports.store.Store`."""
        (answer,) = self.commit_all([(mutation, request)])
        if isinstance(answer, KasError):
            raise answer
        return answer

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store.Store`."""
        if not self._database.exists:
            if refusal := self._refused_by_nothing(asked):
                return refusal
            self._database.make()
        with self._database.writing() as connection:
            if not self._is_ready(connection):
                create_schema(connection, self._database.place)
            before = lock_project(connection, self._project)
            answers, after = self._write(Rows(connection, before, self._database.place), asked)
            if after.change == before.change:
                connection.rollback()
                return answers
            self._feed.announce(connection, after.id, after.change)
        self._has_schema = True
        return answers

    def _refused_by_nothing(self, asked: Sequence[tuple[Mutation, Request]]) -> list[Outcome | KasError]:
        """The refusal of a single mutation where nothing is stored yet, so that it makes no database."""
        if len(asked) == 1:
            try:
                decide(Project(), *asked[0], timestamp(self._clock.now_ns()))
            except KasError as error:
                return [error]
        return []

    def _write(
        self, rows: Rows, asked: Sequence[tuple[Mutation, Request]]
    ) -> tuple[list[Outcome | KasError], Head]:
        """What comes of each, and the project's row afterwards."""
        now = timestamp(self._clock.now_ns())
        answers: list[Outcome | KasError] = []
        for mutation, request in asked:
            try:
                decision = decide(rows, mutation, request, now)
            except KasError as error:
                answers.append(error)
                continue
            answers.append(decision.outcome)
            if decision.commit is not None:
                rows.head = write_commit(rows.connection, rows.head, decision.commit)
        return answers, rows.head
