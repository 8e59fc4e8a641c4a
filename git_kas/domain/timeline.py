"""A project's whole past: every state it was in, one after each commit, looked up by change number.

Plans whose commits the rules cannot follow are *unclear* from then on; nothing is said about them any more, so
that one defect is reported once.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from git_kas.domain.operations import entry_stamp, plan_stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from git_kas.domain.ledger import Commit, HistoryEntry, KeyedOutcome, PlanRecord
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan, Topic

ValueT = TypeVar("ValueT")


class Track(Generic[ValueT]):
    """Values of one thing, each from a change number on."""

    def __init__(self) -> None:
        self.changes: list[int] = []
        self.values: list[ValueT] = []

    def add(self, change: int, value: ValueT) -> None:
        """``value`` holds from ``change`` on, which is not lower than any before."""
        self.changes.append(change)
        self.values.append(value)

    def at(self, change: int) -> ValueT | None:
        """The value that held after that change."""
        position = bisect_right(self.changes, change)
        return self.values[position - 1] if position else None

    def between(self, low: int, high: int) -> Sequence[int]:
        """The change numbers after ``low`` up to ``high``."""
        return self.changes[bisect_right(self.changes, low) : bisect_right(self.changes, high)]

    def slice(self, low: int, high: int) -> Sequence[ValueT]:
        """The values that came after ``low`` up to ``high``."""
        return self.values[bisect_right(self.changes, low) : bisect_right(self.changes, high)]


class Timeline:
    """Every state of a project; :meth:`at` gives the one after a change."""

    def __init__(self) -> None:
        self.times: Track[str] = Track()
        self.records: dict[PlanName, Track[PlanRecord]] = {}
        self.topics: dict[str, tuple[int, Topic]] = {}
        self.keys: dict[str, tuple[int, KeyedOutcome]] = {}
        self.entries: Track[list[Any]] = Track()
        self.entries_by_identity: dict[str, Track[list[Any]]] = {}
        self.unclear: dict[PlanName, int] = {}
        self._stamps: dict[tuple[PlanName, int], list[Any]] = {}

    @property
    def last_change(self) -> int:
        """The number of the last commit, 0 without any."""
        return self.times.changes[-1] if self.times.changes else 0

    def add_entries(self, change: int, entries: Sequence[HistoryEntry]) -> None:
        """Take note of what the history of the store says about a commit."""
        self.times.add(change, entries[0].time)
        for entry in entries:
            stamp = entry_stamp(entry)
            self.entries.add(change, stamp)
            self.entries_by_identity.setdefault(entry.identity, Track()).add(change, stamp)

    def add_commit(self, commit: Commit) -> None:
        """Take over the values of a commit, whose entries have been added."""
        for name, record in commit.records.items():
            self.records.setdefault(name, Track()).add(commit.change, record)
        for topic in commit.topics.values():
            self.topics.setdefault(topic.name, (commit.change, topic))
        for key, keyed in commit.keys.items():
            self.keys.setdefault(key, (commit.change, keyed))

    def mark_unclear(self, names: Collection[PlanName], change: int) -> None:
        """From ``change`` on the rules do not say what became of these plans."""
        for name in names:
            self.unclear.setdefault(name, change)

    def is_unclear(self, name: PlanName, change: int) -> bool:
        """Whether nothing is known about ``name`` after that change."""
        return change >= self.unclear.get(name, change + 1)

    def at(self, change: int) -> Moment:
        """The project after that change."""
        return Moment(self, change)

    def stamp(self, name: PlanName, plan: Plan, change: int) -> list[Any]:
        """The stamp of ``plan``, which ``name`` stood for since ``change``."""
        known = self._stamps.get((name, change))
        if known is None:
            known = self._stamps[name, change] = plan_stamp(plan)
        return known


class Moment:
    """The project after one change; a :class:`~git_kas.domain.project.ProjectView`."""

    def __init__(self, timeline: Timeline, change: int) -> None:
        self._timeline = timeline
        self.change = change

    @property
    def last_time(self) -> str:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self._timeline.times.at(self.change) or ""

    def record(self, name: PlanName) -> PlanRecord | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        track = self._timeline.records.get(name)
        return track.at(self.change) if track else None

    def topic(self, name: str) -> Topic | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        since, topic = self._timeline.topics.get(name, (self.change + 1, None))
        return topic if since <= self.change else None

    def keyed(self, key: str) -> KeyedOutcome | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        since, keyed = self._timeline.keys.get(key, (self.change + 1, None))
        return keyed if since <= self.change else None

    def plans_of(self, topic: str, status: StatusWord) -> list[PlanName]:
        """See :class:`git_kas.domain.project.ProjectView`."""
        plans = (plan for plan, _ in self.plans())
        return sorted(plan.filename for plan in plans if plan.topic == topic and plan.status == status)

    def topics(self) -> list[Topic]:
        """The topics that were created."""
        return [topic for since, topic in self._timeline.topics.values() if since <= self.change]

    def plans(self) -> Iterator[tuple[Plan, list[Any]]]:
        """The plans on the list with their stamps, in no order, unclear ones left out."""
        for name, track in self._timeline.records.items():
            position = bisect_right(track.changes, self.change)
            if position and (record := track.values[position - 1]).live:
                since = track.changes[position - 1]
                if not self._timeline.is_unclear(name, self.change):
                    yield record.plan, self._timeline.stamp(name, record.plan, since)

    def entries(self, plan: PlanName | None, since: int) -> Sequence[list[Any]] | None:
        """The stamps of the history after ``since``; None if there never was such a plan."""
        track: Track[list[Any]] | None = self._timeline.entries
        if plan is not None:
            record = self.record(plan)
            if record is None:
                return None
            track = self._timeline.entries_by_identity.get(record.identity)
        return track.slice(since, self.change) if track else ()
