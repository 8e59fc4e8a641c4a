"""The versions of the schema, and the way from each to the next.

A database that a newer git-kas wrote is refused. One of an older version is read as it is; the first writer
brings it up to date, after a backup, in a transaction of its own: whatever happens, it is of the one version or
of the other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect

from git_kas.errors import Busy, SchemaTooNew, StoreCorrupt
from git_kas_sql.backup import copy_file, copy_tables
from git_kas_sql.schema import METADATA, SCHEMA, VERSION
from git_kas_sql.session import Session
from git_kas_sql.statements import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from git_kas_sql.database import Database

_LOCK: Final = 7_433_001
"""Of PostgreSQL's advisory locks, the one of whoever changes the schema."""

MIGRATIONS: Final[Mapping[int, Sequence[str]]] = {
    2: (
        """
        CREATE TABLE tokens (
            id TEXT NOT NULL, digest TEXT NOT NULL, role TEXT NOT NULL, project TEXT, name TEXT NOT NULL,
            created_at TEXT NOT NULL, expires_at TEXT NOT NULL, revoked_at TEXT NOT NULL, PRIMARY KEY (id)
        )
        """,
        "CREATE UNIQUE INDEX name_of_token ON tokens (name) WHERE revoked_at = ''",
    ),
    3: ("ALTER TABLE projects ADD COLUMN repository TEXT DEFAULT '' NOT NULL",),
}
"""By the version that they lead to, the statements that make it of the one before, on every kind of database.

They are never changed, as databases everywhere have gone this way. Tests hold that it leads to the schema that
:mod:`git_kas_sql.schema` describes.
"""


def version_of(connection: Connection, place: str) -> int:
    """The version of the schema that the database has; 0 where it has none.

    Raises:
        SchemaTooNew: this program does not know it.
        StoreCorrupt: there are other tables of the same names, or no version where there should be one.
    """
    names = set(inspect(connection).get_table_names())
    if SCHEMA.name not in names:
        if taken := sorted(names.intersection(METADATA.tables)):
            raise _belongs_to_others(place, taken[0])
        return 0
    return stored_version(Session.of(connection), place)


def stored_version(session: Session, place: str) -> int:
    """The same of a database that has a schema.

    Raises:
        SchemaTooNew, StoreCorrupt: see :func:`version_of`.
    """
    versions = [version for (version,) in session.all(VERSIONS)]
    if len(versions) != 1 or versions[0] < 1:
        raise StoreCorrupt(
            f"The database {place} is damaged: it does not say which schema it has.",
            next_step="Restore it from a backup.",
        )
    if versions[0] > VERSION:
        raise SchemaTooNew(
            f"The database {place} has schema {versions[0]}; this git-kas knows up to {VERSION}.",
            next_step="Use the newer git-kas.",
        )
    return int(versions[0])


def create_schema(connection: Connection, place: str) -> None:
    """Make the tables of the newest schema, if nobody else has done so meanwhile.

    Raises:
        Busy: an older git-kas has made those of an older schema meanwhile.
    """
    _lock_schema(connection)
    version = version_of(connection, place)
    if version not in {0, VERSION}:
        raise Busy(f"The database {place} was made by an older git-kas just now.", next_step="Try again.")
    if version == 0:
        METADATA.create_all(connection)
        connection.execute(SCHEMA.insert().values(version=VERSION))


def upgrade(connection: Connection, database: Database) -> None:
    """Bring an older schema up to date, after a backup, if nobody else has done so meanwhile.

    Raises:
        StoreCorrupt: there is a table of others where a new one of ours should be.
        ReadOnly, StoreFull: there is no room for the backup.
    """
    place = database.place
    _lock_schema(connection)
    version = version_of(connection, place)
    if version in {0, VERSION}:
        return
    ours = _tables_before(connection, version, place)
    if database.is_sqlite:
        copy_file(database.path, f"schema-{version}")
    else:
        _stop_writers(connection, ours)
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # copies take as long as they take
        copy_tables(connection, ours, f"kas_schema_{version}")
    for number in range(version + 1, VERSION + 1):
        for statement in MIGRATIONS[number]:
            connection.exec_driver_sql(statement)
    connection.execute(SCHEMA.update().values(version=VERSION))


def _tables_before(connection: Connection, version: int, place: str) -> list[str]:
    """Our tables in a database of ``version``; what is made later may not be there yet."""
    names = set(inspect(connection).get_table_names())
    later = [statement for number in MIGRATIONS if number > version for statement in MIGRATIONS[number]]
    made = set(re.findall(r"CREATE TABLE (\w+)", " ".join(later)))
    if taken := sorted(names & made):
        raise _belongs_to_others(place, taken[0])
    return sorted(names.intersection(METADATA.tables))


def _lock_schema(connection: Connection) -> None:
    """Be the only one who changes the schema; of a SQLite database a writer is that anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _stop_writers(connection: Connection, tables: Sequence[str]) -> None:
    """Wait for those who write, and let nobody begin to; readers go on."""
    quote = connection.dialect.identifier_preparer.quote
    named = ", ".join(quote(table) for table in tables)
    connection.exec_driver_sql(f"LOCK TABLE {named} IN EXCLUSIVE MODE")


def _belongs_to_others(place: str, table: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"The database {place} belongs to something else: it has a table {table}.",
        next_step="Name another database. One of the earlier system is read by 'git kas import'.",
    )
