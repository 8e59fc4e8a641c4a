"""The versions of the schema, and the way from each to the next.

Version 1 is the first. A database that a newer git-kas wrote is refused; an older one is brought up to date by
the first writer, after a backup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect, select, text

from git_kas.errors import SchemaTooNew, StoreCorrupt
from git_kas_sql.schema import METADATA, SCHEMA, VERSION

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LOCK: Final = 7_433_001
"""Of PostgreSQL's advisory locks, the one of whoever changes the schema."""


def version_of(connection: Connection, place: str) -> int:
    """The version of the schema that the database has; 0 where it has none.

    Raises:
        SchemaTooNew: this program does not know it.
        StoreCorrupt: there are other tables of the same names.
    """
    names = set(inspect(connection).get_table_names())
    if SCHEMA.name not in names:
        if taken := sorted(names.intersection(METADATA.tables)):
            raise StoreCorrupt(
                f"The database {place} belongs to something else: it has a table {taken[0]}.",
                next_step="Name another database. One of the earlier system is read by 'git kas import'.",
            )
        return 0
    version = connection.execute(select(SCHEMA.c.version)).scalar_one()
    if version > VERSION:
        raise SchemaTooNew(
            f"The database {place} has schema {version}; this git-kas knows up to {VERSION}.",
            next_step="Use the newer git-kas.",
        )
    return int(version)


def create_schema(connection: Connection, place: str) -> None:
    """Make the tables of the newest schema, if nobody else has done so meanwhile."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if version_of(connection, place):
            return
    METADATA.create_all(connection)
    connection.execute(SCHEMA.insert().values(version=VERSION))
