"""What one would write without git-kas: Bottle, ``json`` and ``sqlite3`` on waitress; rows are read each time.

``python -m benchmarks.rival_server DATABASE --port N --threads N``

It answers the same routes of wire v1 with the same members, and each write is one durable transaction. It keeps
no revisions, no history, no tokens and no idempotency keys.
"""

import argparse
import json
import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bottle
import waitress

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS plans (
    project TEXT NOT NULL, filename TEXT NOT NULL, status TEXT NOT NULL, description TEXT NOT NULL,
    branch TEXT NOT NULL, topic TEXT NOT NULL, created_at TEXT NOT NULL, implemented TEXT NOT NULL,
    content TEXT NOT NULL, PRIMARY KEY (project, filename)
);
CREATE TABLE IF NOT EXISTS topics (
    project TEXT NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (project, name)
);
"""
_FIELDS: Final = (
    "filename",
    "status",
    "description",
    "branch",
    "topic",
    "created_at",
    "implemented",
    "content",
)
_COLUMNS: Final = ", ".join(_FIELDS)
_ROW: Final = f"SELECT {_COLUMNS} FROM plans WHERE project = ?"  # noqa: S608 - names of columns
_MOVES: Final = {
    ("ready", "implement_start"): "implementing",
    ("implementing", "implement_finished"): "reviewing",
    ("reviewing", "review_changes_requested"): "implementing",
    ("reviewing", "review_approved"): "done",
}
_local = threading.local()
_database = ""
application = bottle.Bottle()


def _connection() -> sqlite3.Connection:
    """This thread's connection."""
    found: sqlite3.Connection | None = getattr(_local, "connection", None)
    if found is None:
        found = _local.connection = sqlite3.connect(_database, timeout=30, isolation_level=None)
        found.execute("PRAGMA journal_mode = WAL")
        found.execute("PRAGMA synchronous = FULL")
    return found


@contextmanager
def _writing() -> Iterator[sqlite3.Connection]:
    connection = _connection()
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _entry(row: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in zip(_FIELDS, row, strict=True) if value}


def _answer(value: object, status: int = 200) -> bytes:
    bottle.response.status = status
    bottle.response.content_type = "application/json"
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _not_found(filename: str) -> bytes:
    return _answer({"error": f"plan not found: {filename}"}, 404)


def _values(sent: dict[str, str]) -> list[str]:
    return [sent.get("status") or "ready", *(sent.get(name) or "" for name in _FIELDS[2:-1])]


@application.get("/v1/ping")  # type: ignore[untyped-decorator]  # Bottle has no types
def ping() -> bytes:
    """Whether the database answers."""
    _connection().execute("SELECT 1")
    return b""


@application.get("/v1/projects/<project>/plans")  # type: ignore[untyped-decorator]
def list_plans(project: str) -> bytes:
    """All plans by name."""
    rows = _connection().execute(f"{_ROW} ORDER BY filename", (project,)).fetchall()
    return _answer([_entry(row) for row in rows])


@application.post("/v1/projects/<project>/plans")  # type: ignore[untyped-decorator]
def create_plan(project: str) -> bytes:
    """A new plan."""
    sent: dict[str, str] = json.loads(bottle.request.body.read())
    name = sent.get("filename", "")
    values = (project, name, *_values(sent), sent.get("content") or "")
    try:
        with _writing() as connection:
            connection.execute(f"INSERT INTO plans (project, {_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)", values)  # noqa: S608
    except sqlite3.IntegrityError:
        return _answer({"error": f"plan already exists: {name}"}, 409)
    return _answer(_entry(values[1:]), 201)


@application.get("/v1/projects/<project>/plans/<filename>")  # type: ignore[untyped-decorator]
def get_plan(project: str, filename: str) -> bytes:
    """One plan."""
    row = _connection().execute(f"{_ROW} AND filename = ?", (project, filename)).fetchone()
    return _answer(_entry(row)) if row else _not_found(filename)


@application.put("/v1/projects/<project>/plans/<filename>")  # type: ignore[untyped-decorator]
def put_plan(project: str, filename: str) -> bytes:
    """Another entry; the text stays, unless there is one."""
    sent: dict[str, str] = json.loads(bottle.request.body.read())
    with _writing() as connection:
        found = connection.execute(
            "UPDATE plans SET status = ?, description = ?, branch = ?, topic = ?, created_at = ?,"
            " implemented = ?, content = coalesce(?, content) WHERE project = ? AND filename = ?",
            (*_values(sent), sent.get("content"), project, filename),
        )
    return _answer({**sent, "filename": filename}) if found.rowcount else _not_found(filename)


@application.post("/v1/projects/<project>/plans/<filename>/transition")  # type: ignore[untyped-decorator]
def transition_plan(project: str, filename: str) -> bytes:
    """Another status."""
    event = json.loads(bottle.request.body.read())["event"]
    with _writing() as connection:
        row = connection.execute(f"{_ROW} AND filename = ?", (project, filename)).fetchone()
        if row is None:
            return _not_found(filename)
        status = _MOVES.get((row[1], event))
        if status is None:
            return _answer({"error": f"invalid transition from {row[1]}: {event}"}, 409)
        connection.execute(
            "UPDATE plans SET status = ? WHERE project = ? AND filename = ?", (status, project, filename)
        )
    return _answer({**_entry(row), "status": status})


@application.get("/v1/projects/<project>/plans/<filename>/content")  # type: ignore[untyped-decorator]
def get_content(project: str, filename: str) -> bytes:
    """The text."""
    row = _connection().execute(f"{_ROW} AND filename = ?", (project, filename)).fetchone()
    if row is None:
        return _not_found(filename)
    bottle.response.content_type = "text/markdown"
    text: str = row[-1]
    return text.encode()


@application.put("/v1/projects/<project>/plans/<filename>/content")  # type: ignore[untyped-decorator]
def put_content(project: str, filename: str) -> bytes:
    """Another text."""
    text = bottle.request.body.read().decode()
    with _writing() as connection:
        found = connection.execute(
            "UPDATE plans SET content = ? WHERE project = ? AND filename = ?", (text, project, filename)
        )
    return b"" if found.rowcount else _not_found(filename)


@application.get("/v1/projects/<project>/topics")  # type: ignore[untyped-decorator]
def list_topics(project: str) -> bytes:
    """All topics by name."""
    asked = "SELECT name, created_at FROM topics WHERE project = ? ORDER BY name"
    rows: list[tuple[Any, Any]] = _connection().execute(asked, (project,)).fetchall()
    return _answer([{"name": name, "created_at": created_at} for name, created_at in rows])


@application.post("/v1/projects/<project>/topics")  # type: ignore[untyped-decorator]
def create_topic(project: str) -> bytes:
    """A new topic."""
    sent = json.loads(bottle.request.body.read())
    try:
        with _writing() as connection:
            connection.execute(
                "INSERT INTO topics VALUES (?, ?, ?)", (project, sent["name"], sent.get("created_at") or "")
            )
    except sqlite3.IntegrityError:
        return _answer({"error": f"topic already exists: {sent['name']}"}, 409)
    return _answer(sent, 201)


def main() -> None:
    """Serve until killed."""
    global _database  # noqa: PLW0603 - a module is the application, as Bottle's documentation has it
    parser = argparse.ArgumentParser(description="A plain server of plans, to compare with.")
    parser.add_argument("database")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    _database = given.database
    _connection().executescript(_SCHEMA)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    waitress.serve(
        application,
        host="127.0.0.1",
        port=given.port,
        threads=given.threads,
        connection_limit=given.threads + 512,
        channel_timeout=60,
        asyncore_use_poll=True,
        ident="rival",
    )


if __name__ == "__main__":
    main()
