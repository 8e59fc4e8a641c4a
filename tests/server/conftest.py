"""What the tests of the server start from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_kas.ports.fakes import FakeClock
from git_kas.server.services import Services
from server.hosting import Client, Running, application, host_at, start
from support import EPOCH


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database of its own."""
    return f"sqlite:///{tmp_path}/plans.db"


@pytest.fixture
def services(url: str) -> Iterator[Services]:
    """What stands behind an application."""
    made = Services(host_at(url, FakeClock(EPOCH)))
    yield made
    made.close()


@pytest.fixture
def ask(services: Services) -> Client:
    """A user's client of an application in this process."""
    return application(services)


Serve = Callable[..., Running]


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    """Start the program on a database in the test's folder: ``serve("--read-only")``."""
    started: list[Running] = []

    def run(*options: str, auth: str = "--no-auth") -> Running:
        started.append(start(environment, tmp_path, "--db", "plans.db", auth, *options))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            assert running.stop() == (0, "")
