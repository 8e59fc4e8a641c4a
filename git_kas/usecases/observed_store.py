"""A plan store that tells somebody of each change of status after it was committed through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.ledger import MOVES
from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from git_kas.domain.ledger import HistoryEntry, Outcome, Run
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan, Topic
    from git_kas.domain.project import Project
    from git_kas.domain.state_file import Remark
    from git_kas.ports.store import Store, StoreDescription


class ObservedStore:
    """The port :class:`~git_kas.ports.store.Store` over another one.

    ``tell`` must not raise: what it is told of is committed, whatever comes of the telling.
    """

    def __init__(self, store: Store, tell: Callable[[Outcome], None]) -> None:
        self._store = store
        self._tell = tell

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        """See :class:`git_kas.ports.store.Store`."""
        outcome = self._store.commit(mutation, request)
        self._tell_of(outcome)
        return outcome

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store.Store`."""
        answers = self._store.commit_all(asked)
        for answer in answers:
            if not isinstance(answer, KasError):
                self._tell_of(answer)
        return answers

    def _tell_of(self, outcome: Outcome) -> None:
        if not outcome.replayed and any(entry.action in MOVES for entry in outcome.entries):
            self._tell(outcome)

    # -- what is only passed on ------------------------------------------------------------------------------

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.describe()

    def ping(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        self._store.ping()

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.list_plans(statuses, topic)

    def get_plan(self, name: PlanName) -> Plan:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.get_plan(name)

    def get_content(self, name: PlanName) -> bytes | None:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.get_content(name)

    def get_run(self, name: PlanName) -> Run | None:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.get_run(name)

    def list_topics(self) -> Sequence[Topic]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.list_topics()

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.history(plan, since)

    def outcome_of(self, key: str) -> Outcome | None:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.outcome_of(key)

    def changes(self, since: int, wait: float) -> int:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.changes(since, wait)

    def remarks(self) -> Sequence[Remark]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.remarks()

    def export(self) -> Project:
        """See :class:`git_kas.ports.store.Store`."""
        return self._store.export()

    def close(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        self._store.close()
