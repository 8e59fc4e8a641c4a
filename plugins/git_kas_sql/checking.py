"""Looks through every row of a database, and says what is wrong with each."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import select

from git_kas.domain.codec import decode_entry, decode_keyed, decode_record, decoding
from git_kas.domain.tokens import ROLES
from git_kas.errors import StoreCorrupt
from git_kas_sql.schema import CONTENTS, HISTORY, KEYS, PLANS, PROJECTS, TOKENS
from git_kas_sql.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Table

    from git_kas_sql.database import Database

_Value = TypeVar("_Value")
_MOST: Final = 100
"""How much SQLite is asked to tell of a damaged file."""


def damages(database: Database) -> list[str]:
    """A sentence for each thing that is wrong, as of one moment; the database is only read.

    With PostgreSQL, reading every row is all that can be done from here: pages are checked where the server
    has data checksums, and indexes by pg_amcheck.

    Raises:
        SchemaTooNew: a newer git-kas made it.
        Busy, Unreachable: it cannot be read now.
    """
    found: list[str] = []
    try:
        with Tables(database).reading() as connection:
            if connection is not None:
                found += _of_file(connection) if database.is_sqlite else []
                for look in (_of_projects, _of_plans, _of_history, _of_keys, _of_contents):
                    found += look(connection)
        with Tables(database).reading(2) as connection:
            found += _of_tokens(connection) if connection is not None else []
    except StoreCorrupt as error:
        found.append(error.message)
    return found


def _of_file(connection: Connection) -> Iterator[str]:
    for (sentence,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST})"):
        if sentence != "ok":
            yield f"SQLite says: {sentence}."
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"Row {row} of the table {table} belongs to nothing in the table {parent}."


def _of_projects(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(PROJECTS.c.name, PROJECTS.c.passengers)):
        passengers, problem = _read(json.loads, row.passengers)
        if problem or not isinstance(passengers, dict):
            yield f"{row.name}: what was imported cannot be read{problem}."


def _of_plans(connection: Connection) -> Iterator[str]:
    for project, row in _rows(connection, PLANS):
        record, problem = _read(lambda text: decode_record(json.loads(text)), row.document)
        if record is None:
            yield f"{project}: the plan {row.name} cannot be read{problem}."
            continue
        plan = record.plan
        if (row.name, row.live, row.status, row.topic) != (
            plan.filename,
            record.live,
            str(plan.status),
            plan.topic,
        ):
            yield f"{project}: the plan {row.name} is listed otherwise than it is."


def _of_history(connection: Connection) -> Iterator[str]:
    for project, row in _rows(connection, HISTORY):
        what = f"{project}: entry {row.position} of change {row.change} in the history"
        entry, problem = _read(lambda text: decode_entry(json.loads(text)), row.document)
        if entry is None:
            yield f"{what} cannot be read{problem}."
        elif (entry.change, entry.identity) != (row.change, row.identity):
            yield f"{what} stands where it does not belong."


def _of_keys(connection: Connection) -> Iterator[str]:
    for project, row in _rows(connection, KEYS):
        keyed, problem = _read(lambda text: decode_keyed(json.loads(text)), row.document)
        if keyed is None:
            yield f"{project}: the idempotency key {row.key} cannot be read{problem}."


def _of_contents(connection: Connection) -> Iterator[str]:
    for project, row in _rows(connection, CONTENTS):
        if sha256(bytes(row.data)).hexdigest() != row.id:
            yield f"{project}: the text {row.id[:12]}… was changed."


def _of_tokens(connection: Connection) -> Iterator[str]:
    for row in connection.execute(select(TOKENS)):
        if row.role not in ROLES:
            yield f"The token {row.id} has no known role."


def _rows(connection: Connection, table: Table) -> Iterator[tuple[str, Any]]:
    """The rows of ``table``, each with the name of its project; those of no project are told elsewhere."""
    names = {row.id: row.name for row in connection.execute(select(PROJECTS.c.id, PROJECTS.c.name))}
    for row in connection.execute(select(table)):
        yield names.get(row.project, f"project {row.project}"), row


def _read(decode: Callable[[str], _Value], text: str) -> tuple[_Value | None, str]:
    """What ``text`` stands for, or None and, behind a colon, why it cannot be read."""
    try:
        with decoding("it"):
            return decode(text), ""
    except ValueError as error:
        return None, f": {error}"
