"""The plan store in memory: the fake of the port, and the sequential specification of every store."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

from git_kas.domain.codec import decode_project, encode_project
from git_kas.domain.decide import decide
from git_kas.domain.project import Project, all_topics, history_of, live_record, select
from git_kas.domain.timestamps import timestamp
from git_kas.errors import NotFound
from git_kas.ports.store import StoreDescription, commit_each

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from git_kas.domain.ledger import HistoryEntry, Outcome, Run
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan, Topic
    from git_kas.domain.state_file import Remark
    from git_kas.errors import KasError
    from git_kas.ports.clock import Clock


class MemoryStore:
    """The port :class:`~git_kas.ports.store.Store` over a :class:`~git_kas.domain.project.Project`."""

    def __init__(self, clock: Clock, said: Sequence[Remark] = ()) -> None:
        self._clock = clock
        self._said = said
        self._project = Project()
        self._committed = Condition()

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store.Store`."""
        return StoreDescription("memory", "memory")

    def ping(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        """See :class:`git_kas.ports.store.Store`."""
        return select(self._project.plans(), statuses, topic)

    def get_plan(self, name: PlanName) -> Plan:
        """See :class:`git_kas.ports.store.Store`."""
        return live_record(name, self._project.record(name)).plan

    def get_content(self, name: PlanName) -> bytes | None:
        """See :class:`git_kas.ports.store.Store`."""
        return self._project.contents.get(self.get_plan(name).content_id)

    def get_run(self, name: PlanName) -> Run | None:
        """See :class:`git_kas.ports.store.Store`."""
        return live_record(name, self._project.record(name)).run

    def list_topics(self) -> Sequence[Topic]:
        """See :class:`git_kas.ports.store.Store`."""
        return all_topics(self._project.topics.values(), self._project.plans())

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        """See :class:`git_kas.ports.store.Store`."""
        record = self._project.record(plan) if plan is not None else None
        if plan is not None and record is None:
            raise NotFound(f"plan not found: {plan}.", next_step="'git kas plan list' shows the plans.")
        return history_of(self._project.entries, record, since)

    def outcome_of(self, key: str) -> Outcome | None:
        """See :class:`git_kas.ports.store.Store`."""
        keyed = self._project.keyed(key)
        return keyed.outcome._replace(replayed=True) if keyed else None

    def changes(self, since: int, wait: float) -> int:
        """See :class:`git_kas.ports.store.Store`."""
        with self._committed:
            self._committed.wait_for(lambda: self._project.change > since, timeout=wait)
            return self._project.change

    def remarks(self) -> Sequence[Remark]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._said

    def export(self) -> Project:
        """See :class:`git_kas.ports.store.Store`."""
        return decode_project(encode_project(self._project))

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        """See :class:`git_kas.ports.store.Store`."""
        with self._committed:
            decision = decide(self._project, mutation, request, timestamp(self._clock.now_ns()))
            if decision.commit is not None:
                self._project.apply(decision.commit)
                self._committed.notify_all()
            return decision.outcome

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store.Store`."""
        return commit_each(self.commit, asked)

    def close(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
