"""The earlier system's database, made from what ORIGIN 1.4 says of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

WORDS = ("project", "filename", "status", "description", "branch", "topic", "created_at", "implemented")


def tables(*, with_content: bool = True) -> str:
    """The statements that make its tables."""
    texts = [f"{word} TEXT NOT NULL DEFAULT '{'ready' if word == 'status' else ''}'" for word in WORDS]
    if with_content:
        texts.append("content TEXT NOT NULL DEFAULT ''")
    return (
        f"CREATE TABLE plans (id INTEGER PRIMARY KEY, {', '.join(texts)}, UNIQUE (project, filename));"
        "CREATE TABLE topics (id INTEGER PRIMARY KEY, project TEXT NOT NULL DEFAULT '',"
        " name TEXT NOT NULL DEFAULT '', created_at TEXT NOT NULL DEFAULT '', UNIQUE (project, name));"
        "CREATE TABLE audit_events (id INTEGER PRIMARY KEY, kind TEXT);"
        "CREATE TABLE permissions (id INTEGER PRIMARY KEY, pattern TEXT);"
    )


SHOP: Sequence[Mapping[str, Any]] = (
    {
        "filename": "2026-02-20-login-form.md",
        "status": "completed",
        "branch": "plan/login-form",
        "created_at": "2026-02-20T10:12:44.5Z",
        "implemented": "2026-02-21",
        "content": "# Login form\n\n<b> & ü\n",
    },
    {
        "filename": "2026-02-21-rate-limit.md",
        "status": "in_progress",
        "topic": "api",
        "created_at": "2026-02-21T09:15:02.114503887Z",
        "description": "throttle clients",
    },
    {"filename": "2026-02-22-billing.md", "status": "blocked by law", "topic": "orphan"},
    {"filename": "2026-02-23-times.md", "created_at": "yesterday"},
    {"filename": "notes", "content": "no plan"},
)
"""Plans of a project: legacy words, one that is none, a time that is none, and a name that no plan has."""


def insert(connection: sqlite3.Connection, project: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add plans to a project."""
    for row in rows:
        values = {"project": project, **row}
        marks = ", ".join("?" * len(values))
        connection.execute(f"INSERT INTO plans ({', '.join(values)}) VALUES ({marks})", [*values.values()])  # noqa: S608 - our own words


def make_earlier(
    path: Path, projects: Mapping[str, Sequence[Mapping[str, Any]]], *, with_content: bool = True
) -> Path:
    """A database of plans by project that nobody uses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(tables(with_content=with_content))
        for project, rows in projects.items():
            kept = [{key: row[key] for key in row if with_content or key != "content"} for row in rows]
            insert(connection, project, kept)
        connection.execute("INSERT INTO topics (project, name, created_at) VALUES ('shop', 'api', '')")
        connection.commit()
    return path


@contextmanager
def in_use(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that keeps all that is written from now on in the log beside the database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection


def picture(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Everything in a folder: bytes, times and modes."""
    return {
        path.name: (path.read_bytes(), path.lstat().st_mtime_ns, path.lstat().st_mode)
        for path in folder.iterdir()
    }
