"""A client and a server for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName
from guarded import World, make_world


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    """A client and its server, without hooks yet."""
    return make_world(tmp_path, environment)


@pytest.fixture(params=[HookName.PRE_RECEIVE, HookName.UPDATE, HookName.PRE_PUSH])
def guarded_world(world: World, request: pytest.FixtureRequest) -> World:
    """A world with one hook that sees pushes."""
    if request.param is HookName.PRE_PUSH:
        world.guard_client(HookName.PRE_PUSH)
    else:
        world.guard_server(request.param)
    return world
