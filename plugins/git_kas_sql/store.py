"""The plan store in an SQL database (DESIGN 4)."""

from __future__ import annotations

from contextlib import nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Final

from git_kas.domain.lifecycle import UnknownStatus
from git_kas.domain.project import Project, all_topics, live_record, select
from git_kas.domain.state_file import Remark, RemarkKind
from git_kas.errors import KasError, NotFound
from git_kas.ports.store_host import Asked, NotAtOnce

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from contextlib import AbstractContextManager

    from git_kas.domain.ledger import HistoryEntry, Outcome, Run
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan, Topic
    from git_kas.ports.store import StoreDescription
    from git_kas_sql.host import SqlHost
    from git_kas_sql.rows import Rows

_FEW: Final = 200
"""Plans that are quickly read."""


class SqlStore:
    """The port :class:`~git_kas.ports.store.Store` over one project of a database."""

    def __init__(self, host: SqlHost, project: str) -> None:
        self._host = host
        self._project = project

    # -- reading ---------------------------------------------------------------------------------------------

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store.Store`."""
        return self._host.describe()

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
        deadline = monotonic() + wait
        with self._host.watch() as changes:
            while (change := self._change()) <= since and (left := deadline - monotonic()) > 0:
                changes.wait(left)
        return change

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
        """See :class:`git_kas.ports.store.Store`; the connections are the host's."""

    def _change(self) -> int:
        with self._reading() as rows:
            return rows.change if rows else 0

    def _reading(self) -> AbstractContextManager[Rows | None]:
        return self._host.reading(self._project)

    # -- writing ---------------------------------------------------------------------------------------------

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        """See :class:`git_kas.ports.store.Store`."""
        (answer,) = self.commit_all([(mutation, request)])
        if isinstance(answer, KasError):
            raise answer
        return answer

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._host.commit_all([Asked(self._project, *one) for one in asked])


class FixedStore(SqlStore):
    """A store that reads one moment, of which it has the rows; None where the project was not there."""

    def __init__(self, host: SqlHost, project: str, rows: Rows | None) -> None:
        super().__init__(host, project)
        self._rows = rows

    def _reading(self) -> AbstractContextManager[Rows | None]:
        return nullcontext(self._rows)


class StoreAtOnce(FixedStore):
    """The same for whoever may not wait: plans, lists of a few, and no texts, which may be of any size."""

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        """See :class:`git_kas.ports.store.Store`.

        Raises:
            NotAtOnce: there are many.
        """
        if self._rows is not None and self._rows.has_more_than(_FEW):
            raise NotAtOnce
        return super().list_plans(statuses, topic)

    def get_content(self, name: PlanName) -> bytes | None:
        """See :class:`git_kas.ports.store.Store`.

        Raises:
            NotAtOnce: always.
        """
        del name
        raise NotAtOnce
