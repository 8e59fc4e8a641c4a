"""Commits as rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.codec import encode_entry, encode_keyed, encode_record
from git_kas.domain.project import select
from git_kas_sql.rows import Head, Rows, find_head
from git_kas_sql.schema import CONTENTS, HISTORY, KEYS, PLANS, PROJECTS, TOPICS
from git_kas_sql.statements import SET_HEAD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.ledger import Commit, HistoryEntry, KeyedOutcome, PlanRecord
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Topic
    from git_kas_sql.recall import Recall
    from git_kas_sql.session import Session

_COMPACT: Final = json.JSONEncoder(separators=(",", ":"))


def lock_project(session: Session, project: str) -> Head:
    """The row of ``project``, made if there is none, and locked until the end of the transaction."""
    head = find_head(session, project, to_write=True)
    if head is not None:
        return head
    made = {"name": project, "change": 0, "last_time": "", "passengers": "{}"}
    session.insert(PROJECTS, [made])
    found = find_head(session, project, to_write=True)
    assert found is not None, "a project that was just made is not there"  # noqa: S101 - the same transaction
    return found


class DraftRows(Rows):
    """The rows of a project that is locked, as they will be.

    Commits are kept until :meth:`write`, which writes those of a whole group with one statement a table.
    """

    def __init__(self, session: Session, head: Head, place: str, recall: Recall) -> None:
        super().__init__(session, head, place, recall)
        self._records: dict[PlanName, PlanRecord] = {}
        self._topics: dict[str, Topic] = {}
        self._keys: dict[str, KeyedOutcome] = {}
        self._contents: dict[str, bytes] = {}
        self._entries: list[tuple[int, HistoryEntry]] = []
        self._before = head.change

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write."""
        return self.head.change != self._before

    def record(self, name: PlanName) -> PlanRecord | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self._records.get(name) or super().record(name)

    def topic(self, name: str) -> Topic | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self._topics.get(name) or super().topic(name)

    def keyed(self, key: str) -> KeyedOutcome | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self._keys.get(key) or super().keyed(key)

    def plans_of(self, topic: str, status: StatusWord) -> list[PlanName]:
        """See :class:`git_kas.domain.project.ProjectView`."""
        stored = [name for name in super().plans_of(topic, status) if name not in self._records]
        drafted = [record.plan for record in self._records.values() if record.live]
        return sorted([*stored, *(plan.filename for plan in select(drafted, [status], topic))])

    def add(self, commit: Commit, repository: str = "") -> None:
        """Have ``commit`` follow the last one.

        A project that belongs to no repository yet belongs to ``repository`` from then on.
        """
        self._records.update(commit.records)
        self._topics.update(commit.topics)
        self._keys.update(commit.keys)
        self._contents.update(commit.contents)
        self._entries += enumerate(commit.entries)
        passengers = self.head.passengers
        if commit.passengers is not None:
            passengers = _text(dict(commit.passengers))
        bound_to = self.head.repository or repository
        self.head = Head(self.head.id, commit.change, commit.time, passengers, bound_to)

    def write(self) -> None:
        """Write what was added."""
        id_, insert = self.head.id, self.session.insert
        insert(PLANS, (_plan_row(id_, name, record) for name, record in self._records.items()))
        insert(
            TOPICS,
            (
                {"project": id_, "name": topic.name, "created_at": topic.created_at}
                for topic in self._topics.values()
            ),
        )
        insert(HISTORY, (_history_row(id_, position, entry) for position, entry in self._entries))
        insert(
            KEYS,
            (
                {"project": id_, "key": key, "document": _text(encode_keyed(keyed))}
                for key, keyed in self._keys.items()
            ),
        )
        insert(
            CONTENTS,
            ({"project": id_, "id": content_id, "data": data} for content_id, data in self._contents.items()),
        )
        new = {
            "new_change": self.head.change,
            "new_time": self.head.last_time,
            "new_passengers": self.head.passengers,
            "new_repository": self.head.repository,
        }
        self.session.run(SET_HEAD, in_project=id_, **new)


def _plan_row(project: int, name: PlanName, record: PlanRecord) -> dict[str, Any]:
    return {
        "project": project,
        "name": name,
        "live": record.live,
        "status": str(record.plan.status),
        "topic": record.plan.topic,
        "document": _text(encode_record(record)),
    }


def _history_row(project: int, position: int, entry: HistoryEntry) -> dict[str, Any]:
    return {
        "project": project,
        "change": entry.change,
        "position": position,
        "identity": entry.identity,
        "document": _text(encode_entry(entry)),
    }


def _text(document: Mapping[str, Any]) -> str:
    return _COMPACT.encode(document)
