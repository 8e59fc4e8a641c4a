"""Statements that SQLAlchemy makes once, and the driver runs: to make one takes far longer than to run it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from git_kas_sql.statements import insert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy import Connection, Dialect, Executable, Table
    from sqlalchemy.sql.compiler import SQLCompiler

    Process = Callable[[Any], Any] | None

_DIALECTS: Final[Mapping[str, Dialect]] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": psycopg.dialect(),  # type: ignore[no-untyped-call]  # it has no types
}
_MOST: Final = 256
"""Statements that are kept; there are some dozens, and a few more for each number of statuses asked for."""


class Prepared(NamedTuple):
    """The text of a statement, and what turns the values of types of ours into the driver's and back."""

    text: str
    to_driver: tuple[tuple[str, Callable[[Any], Any]], ...]
    from_driver: tuple[Process, ...]

    def bound(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the driver is given for ``values``."""
        if not self.to_driver:
            return values
        return {**values, **{name: process(values[name]) for name, process in self.to_driver}}

    def rows(self, found: list[Any]) -> list[Any]:
        """The values of the rows that the driver gave."""
        if not self.from_driver:
            return found
        return [
            tuple(
                process(value) if process else value
                for process, value in zip(self.from_driver, row, strict=True)
            )
            for row in found
        ]


class Session:
    """A transaction of the driver's connection ``driver``; the dialect is SQLAlchemy's word for the database.

    A statement binds values by their names, all of which are given.
    """

    __slots__ = ("_dialect", "_driver")

    def __init__(self, driver: Any, dialect: str) -> None:  # noqa: ANN401 - sqlite3's and psycopg's have no common type
        self._driver = driver
        self._dialect = dialect

    @classmethod
    def of(cls, connection: Connection) -> Session:
        """In the transaction of ``connection``."""
        return cls(connection.connection.driver_connection, connection.dialect.name)

    def all(self, statement: Executable, **values: object) -> list[Any]:
        """All rows, as tuples."""
        prepared = _prepared(statement, self._dialect)
        return prepared.rows(self._driver.execute(prepared.text, prepared.bound(values)).fetchall())

    def one(self, statement: Executable, **values: object) -> Any:  # noqa: ANN401 - what the columns hold
        """The only row, None where there is none."""
        found = self.all(statement, **values)
        return found[0] if found else None

    def run(self, statement: Executable, **values: object) -> None:
        """A statement that gives nothing."""
        prepared = _prepared(statement, self._dialect)
        self._driver.execute(prepared.text, prepared.bound(values))

    def insert(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows of the same columns; of those already there see :func:`.statements.insert`."""
        values = list(rows)
        if not values:
            return
        prepared = _prepared(insert(table, self._dialect), self._dialect, tuple(values[0]))
        bound = [prepared.bound(row) for row in values]
        if len(bound) == 1:
            self._driver.execute(prepared.text, bound[0])
        else:
            self._driver.cursor().executemany(prepared.text, bound)


@lru_cache(_MOST)
def _prepared(statement: Executable, dialect: str, columns: tuple[str, ...] | None = None) -> Prepared:
    """``statement`` as text; of an INSERT, ``columns`` are those that get values."""
    speaks = _DIALECTS[dialect]
    compiled: SQLCompiler = statement.compile(dialect=speaks, column_keys=columns)  # type: ignore[attr-defined]
    unbound = [name for name, bind in compiled.binds.items() if not bind.required]
    assert not unbound, f"a statement holds values of its own: {compiled}"  # noqa: S101 - nobody would bind them
    binders = (
        (name, bind.type.dialect_impl(speaks).bind_processor(speaks)) for name, bind in compiled.binds.items()
    )
    readers = tuple(
        column.type.dialect_impl(speaks).result_processor(speaks, None)
        for column in getattr(statement, "selected_columns", ())
    )
    to_driver = tuple((name, process) for name, process in binders if process)
    return Prepared(str(compiled), to_driver, readers if any(readers) else ())
