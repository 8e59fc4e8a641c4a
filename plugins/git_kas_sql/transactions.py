"""Transactions over the driver alone: what SQLAlchemy does for each takes longer than reading a plan."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from git_kas_sql.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import Engine, PoolProxiedConnection, Select

_Value = TypeVar("_Value")
_READING: Final = {"sqlite": "BEGIN", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
"""How a transaction begins that sees one moment."""

_WRITING: Final = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}


class Transactions:
    """Those of ``engine``, in whose connections nothing begins by itself, and a statement alone is one, too.

    No connection is tried before it is used. One that turns out to be lost by its first statement, as after a
    restart of the database, is replaced: nothing was done yet.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._dialect = engine.dialect.name
        self._errors: type[Exception] = engine.dialect.loaded_dbapi.Error

    @contextmanager
    def session(self, *, to_write: bool = False) -> Iterator[Session]:
        """A transaction that sees one moment, or one that writes; committed where the block ends well."""
        begin = (_WRITING if to_write else _READING)[self._dialect]
        lent, _ = self._lend(lambda driver: driver.execute(begin))
        driver: Any = lent.driver_connection
        try:
            yield Session(driver, self._dialect)
            driver.execute("COMMIT")  # after a rollback, psycopg would forget what it has prepared
        finally:
            _give_back(lent)

    def ask(self, asked: Select[Any], values: Mapping[str, object]) -> list[Any]:
        """The rows of one statement."""
        lent, rows = self._lend(lambda driver: Session(driver, self._dialect).all(asked, **values))
        lent.close()
        return rows

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _lend(self, first: Callable[[Any], _Value]) -> tuple[PoolProxiedConnection, _Value]:
        """A connection, and what ``first`` says over it."""
        try:
            return self._lend_once(first)
        except _Lost:
            self._engine.dispose()  # the others were lost with it
        try:
            return self._lend_once(first)
        except _Lost as lost:
            raise lost.error from lost

    def _lend_once(self, first: Callable[[Any], _Value]) -> tuple[PoolProxiedConnection, _Value]:
        lent = self._engine.raw_connection()
        try:
            return lent, first(lent.driver_connection)
        except BaseException as error:
            is_lost = _give_back(lent)
            if is_lost and isinstance(error, self._errors):
                raise _Lost(error) from error
            raise


def _give_back(lent: PoolProxiedConnection) -> bool:
    """Have the connection end what was not committed, and be used again; whether it is lost instead."""
    is_lost = bool(getattr(lent.driver_connection, "closed", False))  # psycopg says so; a file never is
    if is_lost:
        lent.invalidate()
    lent.close()
    return is_lost


class _Lost(Exception):
    """A connection is lost, as ``error`` says."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
