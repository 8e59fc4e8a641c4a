"""What the tests of commands start from, beside what all tests do."""

from __future__ import annotations

import pytest

from plan_commands import Plans
from support import Repo


@pytest.fixture
def plans(repo: Repo, environment: dict[str, str]) -> Plans:
    """The plan commands in a repository without a plan."""
    return Plans(repo, environment)
