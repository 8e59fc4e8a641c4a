"""What went wrong in a database, in the words of git-kas."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from git_kas.errors import Busy, KasError, ReadOnly, StoreCorrupt, StoreFull, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

# Result codes of SQLite (https://www.sqlite.org/rescode.html), without their extensions.
_SQLITE: Final[dict[int, str]] = {
    5: "busy",  # BUSY
    6: "busy",  # LOCKED
    8: "read only",  # READONLY
    10: "unreachable",  # IOERR
    11: "corrupt",  # CORRUPT
    13: "full",  # FULL
    14: "unreachable",  # CANTOPEN
    26: "corrupt",  # NOTADB
}

# Classes and codes of PostgreSQL (appendix A of its manual).
_POSTGRESQL: Final[dict[str, str]] = {
    "53100": "full",  # disk_full
    "55P03": "busy",  # lock_not_available
    "57014": "busy",  # query_canceled, by statement_timeout
    "40001": "busy",  # serialization_failure
    "40P01": "busy",  # deadlock_detected
    "25006": "read only",  # read_only_sql_transaction
    "42501": "read only",  # insufficient_privilege
    "53300": "unreachable",  # too_many_connections
    "57P01": "unreachable",  # admin_shutdown
    "57P02": "unreachable",  # crash_shutdown
    "57P03": "unreachable",  # cannot_connect_now
    "XX001": "corrupt",  # data_corrupted
    "XX002": "corrupt",  # index_corrupted
}


@contextmanager
def speaking_of(place: str) -> Iterator[None]:
    """Say what went wrong with the database at ``place``, which holds no password.

    Raises:
        Busy, ReadOnly, StoreCorrupt, StoreFull, Unreachable: as the database said.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Busy(f"All connections to {place} are in use.", next_step="Try again.") from error
    except DBAPIError as error:
        raise _error_for(_kind(error), place, _reason(error)) from error
    except sqlite3.Error as error:
        raise _error_for(_sqlite_kind(error), place, _first_line(str(error))) from error
    except SQLAlchemyError as error:
        raise Unreachable(
            f"The database {place} cannot be used: {_first_line(str(error))}.",
            next_step="See 'git kas where' for the store that is configured.",
        ) from error
    except Exception as error:
        psycopg = sys.modules.get("psycopg")  # not where there is no PostgreSQL
        if psycopg is None or not isinstance(error, psycopg.Error):
            raise
        kind = _postgresql_kind(error, is_operational=isinstance(error, psycopg.OperationalError))
        raise _error_for(kind, place, _first_line(str(error))) from error


def _kind(error: DBAPIError) -> str:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _sqlite_kind(cause)
    is_operational = isinstance(error, OperationalError) or error.connection_invalidated
    return _postgresql_kind(cause, is_operational=is_operational)


def _postgresql_kind(error: BaseException | None, *, is_operational: bool) -> str:
    state: str | None = getattr(error, "sqlstate", None)
    if state is not None:
        return _POSTGRESQL.get(state, "unreachable" if state.startswith(("08", "57")) else "corrupt")
    return "unreachable" if is_operational else "corrupt"


def _sqlite_kind(error: sqlite3.Error) -> str:
    return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "corrupt")


def _error_for(kind: str, place: str, reason: str) -> KasError:
    if kind == "busy":
        return Busy(f"The database {place} is busy: {reason}.", next_step="Try again.")
    if kind == "full":
        return StoreFull(
            f"The database {place} cannot be written: {reason}. Nothing was changed.",
            next_step="Make room there, then repeat the command.",
        )
    if kind == "read only":
        return ReadOnly(
            f"The database {place} cannot be written: {reason}. Nothing was changed.",
            next_step="See who owns it, and how it is mounted.",
        )
    if kind == "unreachable":
        return Unreachable(
            f"plan store unreachable: the database {place}: {reason}.",
            next_step="See whether it runs; nothing was written elsewhere.",
        )
    return StoreCorrupt(
        f"The database {place} cannot be understood: {reason}.",
        next_step="'git kas store check' looks through it.",
    )


def _reason(error: DBAPIError) -> str:
    return _first_line(str(error.orig))


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason was given"])[0].rstrip(".")
