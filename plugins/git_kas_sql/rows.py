"""One project's rows, as the values that they stand for."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from git_kas.domain.codec import (
    decode_entry,
    decode_keyed,
    decode_record,
    decoding,
)
from git_kas.domain.plan import Topic
from git_kas.domain.project import Project
from git_kas.errors import StoreCorrupt
from git_kas_sql.schema import CONTENTS, HISTORY, KEYS, PLANS, PROJECTS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from sqlalchemy import ColumnElement, Connection

    from git_kas.domain.ledger import HistoryEntry, KeyedOutcome, PlanRecord
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.names import PlanName


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
    """Reads the rows of one project in one transaction; ``place`` names the database in errors."""

    def __init__(self, connection: Connection, head: Head, place: str) -> None:
        self.connection = connection
        self._place = place
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
        found = self._one(select(PLANS.c.document).where(self._of(PLANS), PLANS.c.name == name))
        return self._record(found) if found is not None else None

    def topic(self, name: str) -> Topic | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        created_at = self._one(select(TOPICS.c.created_at).where(self._of(TOPICS), TOPICS.c.name == name))
        return Topic(name, created_at) if created_at is not None else None

    def keyed(self, key: str) -> KeyedOutcome | None:
        """See :class:`git_kas.domain.project.ProjectView`."""
        found = self._one(select(KEYS.c.document).where(self._of(KEYS), KEYS.c.key == key))
        return self._keyed(found) if found is not None else None

    def plans_of(self, topic: str, status: StatusWord) -> list[PlanName]:
        """See :class:`git_kas.domain.project.ProjectView`."""
        return [record.plan.filename for record in self.live_records([status], topic)]

    # -- more ------------------------------------------------------------------------------------------------

    def live_records(self, statuses: Collection[str] = (), topic: str | None = None) -> list[PlanRecord]:
        """The plans on the list in bytewise order of their names."""
        asked = select(PLANS.c.document).where(self._of(PLANS), PLANS.c.live)
        if statuses:
            asked = asked.where(PLANS.c.status.in_([str(status) for status in statuses]))
        if topic is not None:
            asked = asked.where(PLANS.c.topic == topic)
        records = [self._record(document) for (document,) in self.connection.execute(asked)]
        return sorted(records, key=_name)

    def topics(self) -> list[Topic]:
        """The topics that were created, in no order."""
        asked = select(TOPICS.c.name, TOPICS.c.created_at).where(self._of(TOPICS))
        return [Topic(name, created_at) for name, created_at in self.connection.execute(asked)]

    def content(self, content_id: str) -> bytes | None:
        """A text by its SHA-256.

        Raises:
            StoreCorrupt: it is not what was stored.
        """
        found = self._one(select(CONTENTS.c.data).where(self._of(CONTENTS), CONTENTS.c.id == content_id))
        if found is None:
            return None
        data = bytes(found)
        self._insist_on(data, content_id)
        return data

    def entries(self, since: int = 0, identity: str | None = None) -> list[HistoryEntry]:
        """History entries after the change ``since``, oldest first."""
        asked = select(HISTORY.c.document).where(self._of(HISTORY), HISTORY.c.change > since)
        if identity is not None:
            asked = asked.where(HISTORY.c.identity == identity)
        asked = asked.order_by(HISTORY.c.change, HISTORY.c.position)
        with self._decoding("A history entry"):
            return [decode_entry(json.loads(document)) for (document,) in self.connection.execute(asked)]

    def passengers(self) -> Mapping[str, Any]:
        """What a state file held beside plans and topics."""
        with self._decoding("What was imported"):
            found: dict[str, Any] = json.loads(self.head.passengers)
            return found

    def project(self) -> Project:
        """All of it."""
        project = Project()
        project.change, project.last_time = self.head.change, self.head.last_time
        for (document,) in self.connection.execute(select(PLANS.c.document).where(self._of(PLANS))):
            record = self._record(document)
            project.records[record.plan.filename] = record
        project.topics = {topic.name: topic for topic in self.topics()}
        project.entries = self.entries()
        for key, document in self.connection.execute(select(KEYS.c.key, KEYS.c.document).where(self._of(KEYS))):
            project.keys[key] = self._keyed(document)
        for content_id, data in self.connection.execute(
            select(CONTENTS.c.id, CONTENTS.c.data).where(self._of(CONTENTS))
        ):
            project.contents[content_id] = bytes(data)
            self._insist_on(project.contents[content_id], content_id)
        project.passengers = self.passengers()
        return project

    def _of(self, table: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a table with a column "project"
        found: ColumnElement[bool] = table.c.project == self.head.id
        return found

    def _one(self, asked: Any) -> Any:  # noqa: ANN401 - what one column holds
        return self.connection.execute(asked).scalar_one_or_none()

    def _record(self, document: str) -> PlanRecord:
        with self._decoding("A plan"):
            return decode_record(json.loads(document))

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


def find_head(connection: Connection, project: str, *, to_write: bool = False) -> Head | None:
    """The row of ``project``, None without one; ``to_write`` locks it until the end of the transaction."""
    asked = select(PROJECTS.c.id, PROJECTS.c.change, PROJECTS.c.last_time, PROJECTS.c.passengers)
    if to_write:
        asked = asked.add_columns(PROJECTS.c.repository).with_for_update()
    found = connection.execute(asked.where(PROJECTS.c.name == project)).one_or_none()
    return Head(*found) if found is not None else None
