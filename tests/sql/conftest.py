"""Databases for the tests of stores in databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postgresql import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of its own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/plans.db"
    else:
        with new_database() as made:
            yield made
