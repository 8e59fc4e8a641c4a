"""What the tests of ``git kas setup`` start from."""

from __future__ import annotations

import pytest

from plan_commands import Plans
from support import Repo


@pytest.fixture
def place(repo: Repo, environment: dict[str, str]) -> Plans:
    """The program in a fresh repository."""
    return Plans(repo, environment)
