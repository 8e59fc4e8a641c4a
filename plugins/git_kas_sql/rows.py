"""One project's rows, as the values that they stand for."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from git_kas.domain.codec import (
    decode_entry,
    decode_keyed,
    decode_record,
    decoding,
)
from git_kas.domain.plan import Topic
from git_kas.domain.project import Project
from git_kas.errors import StoreCorrupt
from git_kas_sql import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import Select

    from git_kas.domain.ledger import HistoryEntry, KeyedOutcome, PlanRecord
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.names import PlanName
    from git_kas_sql.recall import Recall
    from git_kas_sql.session import Session


class Head(NamedTuple):
    """The row of a project: its number in the database, and its last commit.

    ``repository`` is read by writers only, as older schemas have none.
    """

    id: int
    change: int
    last_time: str
    passengers: str
    repository: str = ""


class Rows:
    """Reads the rows of one project in one transaction; ``place`` names the database in errors.

    ``recall`` holds what other transactions have decoded.
    """

    def __init__(self, session: Session, head: Head, place: str, recall: Recall) -> None:
        self.session = session
        self._place = place
        self._recall = recall
        self.head = head

    # -- the view of a mutation ------------------------------------------------------------------------------

    @property
    def change(self) -> int:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self.head.change

    @property
    def last_time(self) -> str:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return self.head.last_time

    def record(self, name: PlanName) -> PlanRecord | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        found = self._one(statements.RECORD, name=name)
        return self._record(found) if found is not None else None

    def topic(self, name: str) -> Topic | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        created_at = self._one(statements.TOPIC, name=name)
        return Topic(name, created_at) if created_at is not None else None

    def keyed(self, key: str) -> KeyedOutcome | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        found = self._one(statements.KEYED, key=key)
        return self._keyed(found) if found is not None else None

    def plans_of(self, topic: str, status: StatusWord) -> list[PlanName]:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return [record.plan.filename for record in self.live_records([status], topic)]

    # -- more ------------------------------------------------------------------------------------------------

    def live_records(self, statuses: Collection[str] = (), topic: str | None = None) -> list[PlanRecord]:
        """The plans on the list in bytewise order of their names."""
        bound: dict[str, object] = {} if topic is None else {"topic": topic}
        words = dict(zip(map("status_{}".format, range(len(statuses))), map(str, statuses), strict=True))
        asked = statements.live_records(len(words), of_topic=topic is not None)
        records = [self._record(document) for (document,) in self._all(asked, **bound, **words)]
        return sorted(records, key=_name)

    def has_more_than(self, number: int) -> bool:
        """Whether there are more plans, gone ones included."""
        return self._one(statements.PLAN_AFTER, number=number) is not None

    def topics(self) -> list[Topic]:
        """The topics that were created, in no order."""
        return [Topic(name, created_at) for name, created_at in self._all(statements.TOPICS_OF_PROJECT)]

    def content(self, content_id: str) -> bytes | None:
        """A text by its SHA-256.

        Raises:
            StoreCorrupt: it is not what was stored.
        """
        found = self._one(statements.CONTENT, id=content_id)
        if found is None:
            return None
        data = bytes(found)
        self._insist_on(data, content_id)
        return data

    def entries(self, since: int = 0, identity: str | None = None) -> list[HistoryEntry]:
        """History entries after the change ``since``, oldest first."""
        if identity is None:
            found = self._all(statements.ENTRIES, since=since)
        else:
            found = self._all(statements.ENTRIES_OF_PLAN, since=since, identity=identity)
        with self._decoding("A history entry"):
            return [decode_entry(json.loads(document)) for (document,) in found]

    def passengers(self) -> Mapping[str, Any]:
        """What a state file held beside plans and topics."""
        with self._decoding("What was imported"):
            found: dict[str, Any] = json.loads(self.head.passengers)
            return found

    def project(self) -> Project:
        """All of it."""
        project = Project()
        project.change, project.last_time = self.head.change, self.head.last_time
        for (document,) in self._all(statements.RECORDS):
            record = self._record(document)
            project.records[record.plan.filename] = record
        project.topics = {topic.name: topic for topic in self.topics()}
        project.entries = self.entries()
        for key, document in self._all(statements.ALL_KEYED):
            project.keys[key] = self._keyed(document)
        for content_id, data in self._all(statements.ALL_CONTENTS):
            project.contents[content_id] = bytes(data)
            self._insist_on(project.contents[content_id], content_id)
        project.passengers = self.passengers()
        return project

    def _one(self, asked: Select[Any], **bound: object) -> Any:  # noqa: ANN401 - what one column holds
        row = self.session.one(asked, in_project=self.head.id, **bound)
        return row[0] if row is not None else None

    def _all(self, asked: Select[Any], **bound: object) -> list[Any]:
        return self.session.all(asked, in_project=self.head.id, **bound)

    def _record(self, document: str) -> PlanRecord:
        found = self._recall.get(document)
        if found is None:
            with self._decoding("A plan"):
                found = decode_record(json.loads(document))
            self._recall.put(document, found)
        return found

    def _keyed(self, document: str) -> KeyedOutcome:
        with self._decoding("An idempotency key"):
            return decode_keyed(json.loads(document))

    def _insist_on(self, data: bytes, content_id: str) -> None:
        from hashlib import sha256

        if sha256(data).hexdigest() != content_id:
            raise StoreCorrupt(
                f"The text {content_id[:12]}… in the database {self._place} was changed.",
                next_step="Restore the database from a backup, or register the plan again.",
            )

    @contextmanager
    def _decoding(self, what: str) -> Iterator[None]:
        try:
            with decoding(what):
                yield
        except ValueError as error:
            raise StoreCorrupt(
                f"The database {self._place} is damaged: {error}.",
                next_step="'git kas store check' looks through it; restore it from a backup.",
            ) from error


def _name(record: PlanRecord) -> PlanName:
    return record.plan.filename


def find_head(session: Session, project: str, *, to_write: bool = False) -> Head | None:
    """The row of ``project``, None without one; ``to_write`` locks it until the end of the transaction."""
    found = session.one(statements.HEAD_TO_WRITE if to_write else statements.HEAD, name=project)
    return Head(*found) if found is not None else None
