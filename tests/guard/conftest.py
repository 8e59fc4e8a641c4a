"""A client and a server for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from guarded import World, make_world


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    """A client and its server, without hooks yet."""
    return make_world(tmp_path, environment)
