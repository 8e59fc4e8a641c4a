"""Observers and a shared store: the client that asks for a move tells, the server tells nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from plan_commands import Plans
from server.hosting import Running, start
from support import Repo


@pytest.fixture
def server(repo: Repo, environment: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    """A server that runs in the repository whose configuration names a command."""
    repo.git("config", "kas.onTransition", f"cat >> '{tmp_path}/log'; echo >> '{tmp_path}/log'")
    running = start(environment, repo.path, "--db", str(tmp_path / "plans.db"), "--no-auth")
    yield running
    running.process.terminate()
    running.process.communicate(timeout=60)


@pytest.mark.parametrize("where", ["served", "database"])
def test_each_move_is_told_once_by_who_asked_for_it(
    server: Running, repo: Repo, environment: dict[str, str], tmp_path: Path, where: str
) -> None:
    url = server.url if where == "served" else f"sqlite:///{tmp_path}/own.db"
    plans = Plans(repo, environment | {"KAS_STORE": url})
    plans.out("plan", "create", "a")
    plans.out("plan", "transition", "a", "implement_start", "implement_finished", "-m", "there")
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(move["event"], move["note"], move["round"]) for move in told] == [
        ("implement_start", "there", 1),
        ("implement_finished", "there", 1),
    ]
    history = [entry for entry in plans.data("plan", "history", "a") if entry["event"]]
    assert [move["time"] for move in told] == [entry["time"] for entry in history]
    quiet = Plans(repo, environment | {"KAS_STORE": url, "KAS_OBSERVING": "1"})
    quiet.out("signal", "review_approved", "a")
    quiet("signals", "apply")
    assert plans.data("plan", "show", "a")["plan"]["status"] == "done"
    assert len((tmp_path / "log").read_text().splitlines()) == 2  # had the server told, there were three
