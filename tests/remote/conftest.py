"""What the tests of the remote store start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from double_server import Double, double_server
from git_kas.ports.fakes import FakeClock
from support import EPOCH


@pytest.fixture
def double() -> Iterator[Double]:
    """A stand-in for ``git kas serve``."""
    with double_server(FakeClock(EPOCH)) as running:
        yield running


@pytest.fixture
def token_file(environment: dict[str, str]) -> Path:
    """Where the user keeps tokens; not there yet."""
    path = Path(environment["HOME"]) / ".config/git-kas/tokens"
    path.parent.mkdir(parents=True)
    return path
