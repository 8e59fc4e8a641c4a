"""What the tests of the server start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from git_kas.ports.fakes import FakeClock
from git_kas.server.services import Services
from server.hosting import Client, application, host_at
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
