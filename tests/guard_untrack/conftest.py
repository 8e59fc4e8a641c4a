"""What the tests of ``git kas init --untrack`` start from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from guard_untrack.worlds import OldProject
from support import Repo


@pytest.fixture
def project(new_repo: Callable[..., Repo], environment: dict[str, str]) -> OldProject:
    """A repository whose plan state is committed, as the earlier system had it."""
    return OldProject.of(new_repo("shop"), environment)
