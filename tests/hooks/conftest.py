"""A repository with hooks."""

from __future__ import annotations

from pathlib import Path

import pytest

from hooks.worlds import HookWorld


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> HookWorld:
    return HookWorld(tmp_path / "world", environment)
