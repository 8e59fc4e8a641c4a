"""Copies of a database from before its schema is changed; none is ever written over."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import inspect

from git_kas.disk import refusal, sync

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from git_kas.errors import KasError


def copy_file(path: str, label: str) -> str:
    """A copy of the SQLite database at ``path`` beside it, down to the disk; its path.

    The caller holds the lock of the writer, so that nothing is changed meanwhile.

    Raises:
        ReadOnly, StoreFull: it cannot be written.
    """
    wanted = f"{path}.{label}.backup"
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    target = next(name for name in names if not os.path.lexists(name))
    unfinished = f"{target}.tmp"
    try:
        _make_as_closed_as(unfinished, path)
        _copy_pages(path, unfinished)
        os.replace(unfinished, target)
        sync(os.path.dirname(path))
    except OSError as error:
        raise _cannot_be_written(target, error) from error
    finally:
        with suppress(OSError):
            _remove(unfinished)
    return target


def copy_tables(connection: Connection, tables: Sequence[str], schema: str) -> str:
    """A copy of ``tables`` in a new schema of the PostgreSQL database, part of the transaction; its name."""
    quote = connection.dialect.identifier_preparer.quote
    taken = set(inspect(connection).get_schema_names())
    names = (schema if number == 1 else f"{schema}_{number}" for number in count(1))
    target = next(name for name in names if name not in taken)
    connection.exec_driver_sql(f"CREATE SCHEMA {quote(target)}")
    for table in tables:
        connection.exec_driver_sql(f"CREATE TABLE {quote(target)}.{quote(table)} AS TABLE {quote(table)}")
    return target


def _make_as_closed_as(path: str, other: str) -> None:
    """A new, empty file that nobody may read who may not read ``other``."""
    _remove(path)  # of somebody who was killed
    mode = os.stat(other).st_mode & 0o777
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.fchmod(opened, mode)
    finally:
        os.close(opened)


def _copy_pages(path: str, target: str) -> None:
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # all of it in the one file
    sync(target)


def _remove(path: str) -> None:
    """Remove a database, with its log: one that is left would be taken for that of a new database there."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.unlink(path + suffix)


def _cannot_be_written(path: str, error: OSError) -> KasError:
    return refusal(
        error,
        f"The backup {path} cannot be written: {error.strerror}. Nothing was changed.",
        next_step="Make room and have it writable there; the database is not changed without a backup.",
    )
