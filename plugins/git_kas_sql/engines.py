"""SQLAlchemy's engines for the databases that there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event

from git_kas.errors import PluginUnusable

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

PATIENCE: Final = 30.0
"""Seconds to wait for a lock."""

APPLICATION: Final = "application_name"
"""The parameter by which a session of PostgreSQL is named for its administrator; a URL may set it."""

WRITING: Final = "kas_writing"
"""The option of a connection that says whether its transaction is to write."""

_CONNECT_PATIENCE: Final = 5


def sqlite_engine(url: URL) -> Engine:
    """Connections to a SQLite file, whose transactions begin as :data:`WRITING` says."""
    engine = create_engine(url, connect_args={"timeout": PATIENCE, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
        connection.isolation_level = None  # transactions begin where we say so
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING)
        if writing is not None:
            driver: Any = (
                connection.connection.driver_connection
            )  # a tenth of what a transaction costs is saved
            driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def postgresql_engine(url: URL) -> Engine:
    """Connections to a PostgreSQL database; each is tried before it is used."""
    return _postgresql(url, pool_pre_ping=True, pool_size=2, max_overflow=6)


def plain_postgresql_engine(url: URL) -> Engine:
    """Connections that are not tried, in which a statement is a transaction unless there is a ``BEGIN``."""
    return _postgresql(url, isolation_level="AUTOCOMMIT", pool_size=8, max_overflow=16)


def _postgresql(url: URL, **how: Any) -> Engine:  # noqa: ANN401 - what SQLAlchemy takes
    try:
        import psycopg  # noqa: F401 - SQLAlchemy would say less about what is missing
    except ImportError as error:
        raise PluginUnusable(
            f"PostgreSQL is reached through psycopg, which cannot be imported here: {error}.",
            next_step="Install git-kas with this extra: pip install '.[postgresql]' in its clone.",
        ) from error
    patience = int(PATIENCE * 1000)
    options = f"-c lock_timeout={patience} -c statement_timeout={2 * patience} -c timezone=UTC"
    return create_engine(
        url,
        pool_timeout=PATIENCE,
        connect_args={
            "connect_timeout": _CONNECT_PATIENCE,
            APPLICATION: url.query.get(APPLICATION, "git-kas"),
            "options": options,
            "prepare_threshold": 3,
        },
        **how,
    )
