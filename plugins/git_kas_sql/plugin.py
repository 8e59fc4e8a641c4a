"""Entry points ``sqlite``, ``postgresql`` and ``postgresql+psycopg``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.ports.earlier_database import EarlierDatabase
    from git_kas.ports.store import Store, StoreRequest
    from git_kas.ports.store_host import HostRequest, Outage, StoreHost
    from git_kas.ports.tokens import TokenStore


def kas_store(request: StoreRequest) -> Store:
    """The plan store in a SQLite file or a PostgreSQL database."""
    from git_kas_sql.opening import open_store

    return open_store(request)


def kas_store_host(request: HostRequest) -> StoreHost:
    """All projects of a SQLite file or a PostgreSQL database."""
    from git_kas_sql.opening import open_host

    return open_host(request)


def kas_tokens(request: HostRequest) -> TokenStore:
    """The tokens in a SQLite file or a PostgreSQL database."""
    from git_kas_sql.opening import open_tokens

    return open_tokens(request)


def kas_store_outage(request: HostRequest, user: str) -> Outage | None:
    """Outages of a PostgreSQL database; a SQLite file has no connections."""
    from git_kas_sql.database import parse_url
    from git_kas_sql.outage import PostgresqlOutage

    is_sqlite = parse_url(request.url).get_backend_name() == "sqlite"
    return None if is_sqlite else PostgresqlOutage(request.url, user)


def kas_store_damages(request: HostRequest) -> Sequence[str]:
    """Damaged rows of a SQLite file or a PostgreSQL database."""
    from git_kas_sql.checking import damages
    from git_kas_sql.database import Database

    database = Database(request.url)
    try:
        return damages(database)
    finally:
        database.close()


def kas_earlier_database(path: str) -> EarlierDatabase:
    """The earlier system's database in the file ``path``."""
    from git_kas_sql.earlier import CopiedDatabase

    return CopiedDatabase(path)
