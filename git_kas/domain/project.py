"""All that a plan store knows about one project, in memory: the sequential specification of every store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from git_kas.domain.plan import Topic
from git_kas.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any

    from git_kas.domain.ledger import Commit, HistoryEntry, KeyedOutcome, PlanRecord
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan


class ProjectView(Protocol):
    """What :func:`git_kas.domain.decide.decide` asks a store about the state a mutation meets."""

    @property
    def change(self) -> int:
        """The number of the last commit, 0 before the first."""

    @property
    def last_time(self) -> str:
        """The time of the last commit, empty before the first."""

    def record(self, name: PlanName) -> PlanRecord | None:
        """What is kept about ``name``, gone plans included."""

    def topic(self, name: str) -> Topic | None:
        """The topic that was created with that name."""

    def keyed(self, key: str) -> KeyedOutcome | None:
        """What was done under that idempotency key."""

    def plans_of(self, topic: str, status: StatusWord) -> Sequence[PlanName]:
        """The plans on the list of that topic and status, in bytewise order of their names."""


class Project:
    """A project as plain values; :meth:`apply` adds a commit to it."""

    def __init__(self) -> None:
        self.change = 0
        self.last_time = ""
        self.records: dict[PlanName, PlanRecord] = {}
        self.topics: dict[str, Topic] = {}
        self.entries: list[HistoryEntry] = []
        self.keys: dict[str, KeyedOutcome] = {}
        self.contents: dict[str, bytes] = {}
        self.passengers: Mapping[str, Any] = {}

    def record(self, name: PlanName) -> PlanRecord | None:
        """See :class:`ProjectView`."""
        return self.records.get(name)

    def topic(self, name: str) -> Topic | None:
        """See :class:`ProjectView`."""
        return self.topics.get(name)

    def keyed(self, key: str) -> KeyedOutcome | None:
        """See :class:`ProjectView`."""
        return self.keys.get(key)

    def plans_of(self, topic: str, status: StatusWord) -> list[PlanName]:
        """See :class:`ProjectView`."""
        return [plan.filename for plan in select(self.plans(), [status], topic)]

    def apply(self, commit: Commit) -> None:
        """Take over the values of ``commit``."""
        self.change = commit.change
        self.last_time = commit.time
        self.records |= commit.records
        self.topics |= commit.topics
        self.entries += commit.entries
        self.keys |= commit.keys
        self.contents |= commit.contents
        if commit.passengers is not None:
            self.passengers = commit.passengers

    def plans(self) -> list[Plan]:
        """The plans on the list, in bytewise order of their names."""
        return [self.records[name].plan for name in sorted(self.records) if self.records[name].live]


def live_record(name: PlanName, record: PlanRecord | None) -> PlanRecord:
    """``record`` if it is of a plan on the list.

    Raises:
        NotFound: the plan does not exist, was removed or renamed; the message says which.
    """
    if record is None:
        raise NotFound(f"plan not found: {name}.", next_step="'git kas plan list' shows the plans.")
    if record.live:
        return record
    what, _, new_name = record.gone.partition(" ")
    step = f"It is called {new_name} now." if new_name else "Its history is kept: 'git kas plan history'."
    raise NotFound(f"plan not found: {name} was {what}.", next_step=step)


def select(plans: Iterable[Plan], statuses: Collection[StatusWord], topic: str | None) -> list[Plan]:
    """The plans in one of ``statuses`` (any, if there are none) and of ``topic`` (any, if it is None)."""
    return [
        plan
        for plan in plans
        if (not statuses or plan.status in statuses) and (topic is None or plan.topic == topic)
    ]


def all_topics(created: Iterable[Topic], plans: Iterable[Plan]) -> list[Topic]:
    """Topics that were created and topics that only a plan names, in bytewise order."""
    topics = {plan.topic: Topic(plan.topic) for plan in plans if plan.topic}
    topics |= {topic.name: topic for topic in created}
    return [topics[name] for name in sorted(topics)]


def history_of(entries: Iterable[HistoryEntry], record: PlanRecord | None, since: int) -> list[HistoryEntry]:
    """The entries after the change number ``since``, of the plan that ``record`` is about or of all."""
    return [
        entry
        for entry in entries
        if entry.change > since and (record is None or entry.identity == record.identity)
    ]
