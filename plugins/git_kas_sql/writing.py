"""Commits as rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

from git_kas.domain.codec import encode_entry, encode_keyed, encode_record
from git_kas_sql.rows import Head, find_head
from git_kas_sql.schema import CONTENTS, HISTORY, KEYS, PLANS, PROJECTS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Table

    from git_kas.domain.ledger import Commit


def lock_project(connection: Connection, project: str) -> Head:
    """The row of ``project``, made if there is none, and locked until the end of the transaction."""
    head = find_head(connection, project, to_write=True)
    if head is not None:
        return head
    made = {"name": project, "change": 0, "last_time": "", "passengers": "{}"}
    insert_rows(connection, PROJECTS, [made], ("name",))
    found = find_head(connection, project, to_write=True)
    assert found is not None, "a project that was just made is not there"  # noqa: S101 - the same transaction
    return found


def write_commit(connection: Connection, head: Head, commit: Commit, repository: str = "") -> Head:
    """Write ``commit`` behind the last one of the project ``head``; its row afterwards.

    A project that belongs to no repository yet belongs to ``repository`` from then on.
    """
    id_ = head.id
    plans = [
        {
            "project": id_,
            "name": name,
            "live": record.live,
            "status": str(record.plan.status),
            "topic": record.plan.topic,
            "document": _text(encode_record(record)),
        }
        for name, record in commit.records.items()
    ]
    insert_rows(connection, PLANS, plans, ("project", "name"), updated=("live", "status", "topic", "document"))
    topics = [
        {"project": id_, "name": topic.name, "created_at": topic.created_at} for topic in commit.topics.values()
    ]
    insert_rows(connection, TOPICS, topics, ("project", "name"), updated=("created_at",))
    insert_rows(connection, HISTORY, _history(id_, commit))
    keys = [
        {"project": id_, "key": key, "document": _text(encode_keyed(keyed))}
        for key, keyed in commit.keys.items()
    ]
    insert_rows(connection, KEYS, keys)
    contents = [
        {"project": id_, "id": content_id, "data": data} for content_id, data in commit.contents.items()
    ]
    insert_rows(connection, CONTENTS, contents, ("project", "id"))
    passengers = _text(dict(commit.passengers)) if commit.passengers is not None else head.passengers
    new = Head(id_, commit.change, commit.time, passengers, head.repository or repository)
    values = new._asdict()
    connection.execute(PROJECTS.update().where(PROJECTS.c.id == values.pop("id")).values(values))
    return new


def _history(project: int, commit: Commit) -> list[dict[str, Any]]:
    return [
        {
            "project": project,
            "change": entry.change,
            "position": position,
            "identity": entry.identity,
            "document": _text(encode_entry(entry)),
        }
        for position, entry in enumerate(commit.entries)
    ]


def insert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    keys: Sequence[str] = (),
    updated: Sequence[str] = (),
) -> None:
    """Insert ``rows``; where there is one with the same ``keys``, its ``updated`` columns are overwritten."""
    if not rows:
        return
    make = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = make(table)
    if updated:
        new = {column: statement.excluded[column] for column in updated}
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=new)
    elif keys:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    connection.execute(statement, list(rows))


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
