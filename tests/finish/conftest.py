"""What the tests of finish start from."""

from __future__ import annotations

import pytest

from finish.worlds import World
from support import Repo


@pytest.fixture
def world(repo: Repo, environment: dict[str, str]) -> World:
    return World(repo, environment)
