"""Repositories with a plan, and watchers that are gone when the test is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drive.watching import PLAN, WatchingWaves, watch_command
from plan_commands import Plans
from plan_texts import text_of
from support import Repo


@pytest.fixture
def plans(repo: Repo, environment: dict[str, str]) -> Plans:
    """The program in a repository."""
    return Plans(repo, environment)


@pytest.fixture
def plan(plans: Plans) -> Callable[..., str]:
    """Create a plan with so many tasks in each wave, with further options."""

    def create(*waves: int, name: str = PLAN, text: str | None = None, options: tuple[str, ...] = ()) -> str:
        written = text_of(*waves) if text is None else text
        source = ("-F", "-") if written else ()
        made = plans("plan", "create", name, *source, *options, stdin=written.encode())
        assert made.status == 0, made
        return name.removesuffix(".md")

    return create


@pytest.fixture
def watch(plans: Plans) -> Iterator[Callable[..., WatchingWaves]]:
    """Start ``git kas watch --json``, with words before it."""
    started: list[WatchingWaves] = []

    def start(*before: str) -> WatchingWaves:
        started.append(WatchingWaves(watch_command(*before), plans.path, plans.environment))
        return started[-1]

    yield start
    for watching in started:
        watching.end()
