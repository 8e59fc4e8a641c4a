"""Reads the earlier system's database from a copy, so that nothing is written into it or beside it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from hashlib import sha256
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from git_kas.domain.earlier import EarlierPlan, EarlierProject
from git_kas.errors import Busy, KasError, SchemaTooNew, StoreCorrupt, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NEEDED: Final = ("project", *EarlierPlan._fields[:-1])
_CONTENT: Final = "content"
_LOGS: Final = ("-wal", "-journal")
_ATTEMPTS: Final = 20
_PIECE: Final = 1024 * 1024
_LATER: Final = "tasks"
"""A table of a later version, whose columns are not known (ORIGIN 1.5)."""

_OURS: Final = "kas_schema"
_UNTOUCHED: Final = "The file was left untouched; restore it from a copy."


class CopiedDatabase:
    """The port :class:`~git_kas.ports.earlier_database.EarlierDatabase` over a copy of the file ``path``."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._folder = TemporaryDirectory(prefix="git-kas-")
        try:
            copy = os.path.join(self._folder.name, "copy.db")
            copy_database(os.path.realpath(path), copy)
            with self._speaking():
                self._connection = sqlite3.connect(copy)
                self._connection.text_factory = bytes
            self._check()
        except BaseException:
            self.close()
            raise

    def projects(self) -> Sequence[str]:
        """See :class:`git_kas.ports.earlier_database.EarlierDatabase`."""
        asked = "SELECT rowid, project FROM plans"
        if "topics" in self._tables():
            asked += " UNION ALL SELECT rowid, project FROM topics"
        return sorted({self._text("a project's name", row, value) for row, value in self._rows(asked)})

    def read(self, project: str) -> EarlierProject:
        """See :class:`git_kas.ports.earlier_database.EarlierDatabase`."""
        columns = [*_NEEDED[1:], *([_CONTENT] if _CONTENT in self._columns("plans") else [])]
        asked = f"SELECT rowid, project, {', '.join(columns)} FROM plans"  # noqa: S608 - names of our own
        plans = []
        for row, owner, *values in self._rows(asked):
            if self._text("a project's name", row, owner) == project:
                plans.append(self._plan(row, dict(zip(columns, values, strict=True))))
        topics = {}
        if "topics" in self._tables():
            for row, owner, name, created_at in self._rows(
                "SELECT rowid, project, name, created_at FROM topics"
            ):
                if self._text("a project's name", row, owner) == project:
                    topics[self._text("name", row, name)] = self._text("created_at", row, created_at)
        return EarlierProject(plans, topics)

    def other_rows(self) -> Mapping[str, int]:
        """See :class:`git_kas.ports.earlier_database.EarlierDatabase`."""
        counts = {table: self._count(table) for table in self._tables() - {"plans", "topics"}}
        return {table: count for table, count in counts.items() if count}

    def close(self) -> None:
        """See :class:`git_kas.ports.earlier_database.EarlierDatabase`."""
        if "_connection" in self.__dict__:
            self._connection.close()
        self._folder.cleanup()

    # -- whether it can be read ------------------------------------------------------------------------------

    def _check(self) -> None:
        """Go on only with a sound database of the earlier system.

        Raises:
            UsageError: it is one of git-kas. SchemaTooNew: a later version of the earlier system made it.
            StoreCorrupt: it is damaged, or something else.
        """
        (sound,) = next(iter(self._rows("PRAGMA integrity_check(1)")))
        if sound != b"ok":
            said = " ".join(sound.decode("utf-8", "replace").split())
            raise self._corrupt(f"SQLite says: {said}")
        tables = self._tables()
        if _OURS in tables:
            raise UsageError(
                f"{self._path} is a plan store of git-kas.",
                next_step=f"Take its plans over with: git kas import --from sqlite:///{os.path.abspath(self._path)}",
            )
        if _LATER in tables and (self._count(_LATER) or "plans" not in tables):
            raise SchemaTooNew(
                f"{self._path} was made by a version of the earlier system that keeps tasks; 1.3.0 kept plans.",
                next_step="Only databases of that version can be read; nothing was imported.",
            )
        if missing := [column for column in _NEEDED if column not in self._columns("plans")]:
            lacks = f"the column {missing[0]} of the table plans" if "plans" in tables else "the table plans"
            raise self._corrupt(f"it is no database of the earlier system: it lacks {lacks}")

    def _tables(self) -> set[str]:
        asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        return {name.decode("utf-8", "replace") for (name,) in self._rows(asked)}

    def _columns(self, table: str) -> set[str]:
        return {row[1].decode("utf-8", "replace") for row in self._rows(f"PRAGMA table_info({table})")}

    def _count(self, table: str) -> int:
        quoted = table.replace('"', '""')
        ((count,),) = self._rows(f'SELECT count(*) FROM "{quoted}"')  # noqa: S608 - quoted
        return int(count)

    # -- rows ------------------------------------------------------------------------------------------------

    def _plan(self, row: int, values: dict[str, Any]) -> EarlierPlan:
        content = values.pop(_CONTENT, b"")
        if not isinstance(content, bytes | None):
            raise self._corrupt(f"row {row} of its plans holds no text in the column {_CONTENT}")
        texts = {column: self._text(column, row, value) for column, value in values.items()}
        return EarlierPlan(**texts, content=content or b"")

    def _text(self, column: str, row: int, value: object) -> str:
        """The value of a column; SQLite keeps one of any type in each."""
        if value is None:
            return ""
        try:
            if isinstance(value, bytes):
                return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._corrupt(f"row {row} holds what is no UTF-8 in the column {column}") from error
        raise self._corrupt(f"row {row} holds no text in the column {column}")

    def _rows(self, asked: str) -> list[tuple[Any, ...]]:
        with self._speaking():
            return self._connection.execute(asked).fetchall()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._corrupt(str(error)) from error

    def _corrupt(self, why: str) -> StoreCorrupt:
        return StoreCorrupt(f"{self._path} cannot be understood: {why.rstrip('.')}.", next_step=_UNTOUCHED)


class _Copied(NamedTuple):
    """What was found of a file: its size and a hash of its bytes; None where there is none."""

    size: int
    digest: bytes


def copy_database(path: str, target: str) -> None:
    """Copy a database that others may be writing to, with its log, as of one moment.

    SQLite itself would make a file beside it, or mark its reading in one. So the bytes are copied, and read
    once more: where the database was the same before and after its log was read, and that log has since only
    grown, no checkpoint came between, and both together are a state that there was.

    Raises:
        Busy: it was changed all the time. KasError: a file cannot be read, or not be copied.
    """
    try:
        for _ in range(_ATTEMPTS):
            if _copy_once(path, target):
                return
    except OSError as error:
        raise KasError(
            f"{error.filename or path} cannot be copied: {error.strerror}.",
            next_step="It must be readable, with room for a copy where TMPDIR says.",
        ) from error
    raise Busy(f"{path} is changed all the time.", next_step="Stop what writes to it, or try again.")


def _copy_once(path: str, target: str) -> bool:
    before = _read(path, target)
    logs = {suffix: _read(path + suffix, target + suffix) for suffix in _LOGS}
    return before == _read(path) and all(
        log == _read(path + suffix, most=log.size if log else 0) for suffix, log in logs.items()
    )


def _read(path: str, target: str | None = None, most: int | None = None) -> _Copied | None:
    """Read up to ``most`` bytes of a file, and copy them to ``target``; nothing is left there of no file."""
    if target is not None and os.path.lexists(target):
        os.unlink(target)
    try:
        source = open(path, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return None
    left = most if most is not None else os.fstat(source.fileno()).st_size
    size, digest = 0, sha256()
    with source, closing(open(target or os.devnull, "wb")) as copy:
        while left > 0 and (piece := source.read(min(left, _PIECE))):
            left -= len(piece)
            size += len(piece)
            digest.update(piece)
            copy.write(piece)
    return _Copied(size, digest.digest())
