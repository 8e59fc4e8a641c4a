"""What the journal says as of its last line: a snapshot, and the lines since then over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.plan import Topic
from git_kas_json.journal import Head
from git_kas_json.snapshot import EMPTY_SNAPSHOT, read_snapshot, write_snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from git_kas.domain.ledger import KeyedOutcome, PlanRecord
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.names import PlanName
    from git_kas_json.journal import Journal, Line
    from git_kas_json.snapshot import Snapshot

# How much of the journal may lie behind the snapshot before it is written anew: so much at least, and a
# fraction of the snapshot, so that writing snapshots stays a constant part of all writing.
_SMALLEST_TAIL: Final = 64 * 1024
_TAIL_FRACTION: Final = 4


class Ledger:
    """The view of a project that :func:`git_kas.domain.decide.decide` needs, as of the journal's last line."""

    def __init__(self, journal: Journal, snapshot: Snapshot) -> None:
        self._journal = journal
        self._snapshot = snapshot
        self._records: dict[PlanName, PlanRecord] = {}
        self._topics: dict[str, Topic] = {
            name: Topic(name, created) for name, created in snapshot.topics.items()
        }
        self._keys: dict[str, KeyedOutcome] = {}
        self._unknown_keys: set[str] = set()
        self.passengers: Mapping[str, Any] = snapshot.passengers
        self.sources: dict[str, str] = dict(snapshot.sources)
        self.head = snapshot.head
        self.change = snapshot.head.change if snapshot.head else 0
        self.last_time = snapshot.head.time if snapshot.head else ""
        self.torn = False
        self.damaged = False
        self._check = snapshot.check
        self._step: list[Line] = []

    @classmethod
    def read(cls, journal: Journal, snapshot_path: str) -> Ledger:
        """The ledger as it stands now.

        Raises:
            StoreCorrupt: the journal is damaged.
        """
        if not journal.exists():
            return cls(journal, EMPTY_SNAPSHOT)
        ledger = cls(journal, read_snapshot(snapshot_path, journal))
        ledger.catch_up()
        return ledger

    def catch_up(self) -> bool:
        """Take over what was appended to the journal; False if it is no longer the journal that was read.

        Raises:
            StoreCorrupt: the journal is damaged.
        """
        head = self.head
        if head is not None and not (
            self._check and self._journal.check_at(head.start, head.end) == self._check
        ):
            return False
        tail = self._journal.tail(self.end)
        for line, length in zip(tail.lines, tail.lengths, strict=True):
            self.take(line)
            self.advance(line, length)
        self.torn, self.damaged = tail.torn, tail.damaged
        self.remember()
        return True

    def remember(self) -> None:
        """Know the last line again by its check, once it is in the journal."""
        head = self.head
        self._check = self._journal.check_at(head.start, head.end) if head is not None else ""

    @property
    def end(self) -> int:
        """Where the journal's last whole line ends."""
        return self.head.end if self.head else 0

    def last_step(self) -> list[Line]:
        """The lines that were written together at the end."""
        if self._step or self.head is None:
            return self._step
        return list(self._journal.tail(self.head.step).lines)

    def record(self, name: PlanName) -> PlanRecord | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self._records.get(name) or self._snapshot.record(name)

    def topic(self, name: str) -> Topic | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self._topics.get(name)

    def keyed(self, key: str) -> KeyedOutcome | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        if key not in self._keys and key not in self._unknown_keys:
            self.look_up([key])
        return self._keys.get(key)

    def plans_of(self, topic: str, status: StatusWord) -> list[PlanName]:
        """See :class:`git_kas.domain.project.ProjectView`."""
        plans = (record.plan for record in self.live_records())
        return [plan.filename for plan in plans if plan.topic == topic and plan.status == status]

    def look_up(self, keys: Collection[str]) -> None:
        """Find out what was done under several keys by reading the journal once."""
        missing = [key for key in keys if key not in self._keys]
        if missing and self._journal.exists():
            self._keys |= self._journal.find_keys(missing, self.end)
        self._unknown_keys.update(missing)

    def records(self) -> dict[PlanName, PlanRecord]:
        """What is kept about all names, gone plans included."""
        return {record.plan.filename: record for record in self._snapshot.records()} | self._records

    def records_before_last_step(self) -> dict[PlanName, PlanRecord]:
        """What was kept about all names before the last step was written."""
        lines = self._journal.tail(0).lines
        records: dict[PlanName, PlanRecord] = {}
        for line in lines[: len(lines) - len(self.last_step())]:
            records |= line.commit.records
        return records

    def live_records(self) -> list[PlanRecord]:
        """The plans on the list, in the order of their names."""
        records = self.records()
        return [records[name] for name in sorted(records) if records[name].live]

    def topics(self) -> list[Topic]:
        """The topics that were created."""
        return list(self._topics.values())

    def advance(self, line: Line, length: int) -> None:
        """Count a line of ``length`` bytes as the last one."""
        step = self.end
        if self.head is not None and self._step and self._step[-1].more:
            step = self.head.step
            self._step.append(line)
        else:
            self._step = [line]
        change, time = line.commit.change, line.commit.time
        self.head = Head(change, time, line.before, line.after, step, self.end, self.end + length)

    def take(self, line: Line) -> None:
        """Take over the values of a line that follows."""
        commit = line.commit
        self.change, self.last_time = commit.change, commit.time
        self._records |= commit.records
        self._topics |= commit.topics
        self._keys |= commit.keys
        if commit.passengers is not None:
            self.passengers = commit.passengers
        if line.sources is not None:
            self.sources |= line.sources

    def refresh_snapshot(self, path: str) -> None:
        """Write the snapshot anew, if too much of the journal lies behind it."""
        head, known = self.head, self._snapshot.head
        behind = self.end - (known.end if known else 0)
        if head is None or behind < max(_SMALLEST_TAIL, self._snapshot.size // _TAIL_FRACTION):
            return
        header = {
            "topics": {topic.name: topic.created_at for topic in self._topics.values()},
            "passengers": self.passengers,
            "sources": self.sources,
        }
        write_snapshot(path, head, self._check, header, self.records().values())
