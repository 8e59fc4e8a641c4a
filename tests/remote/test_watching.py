"""Watching from far: what one does in one clone shows in the other, whatever becomes of the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from postgresql import postgresql_url
from server.hosting import Running, start
from support import GIT_KAS, Repo, Run
from watching import Watching

COMMANDS = [("triage",), ("plan", "list")]
Serve = Callable[..., Running]
Watch = Callable[..., Watching]


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    """Start a server."""
    started: list[Running] = []

    def serve_(place: str, *options: str) -> Running:
        started.append(start(environment, tmp_path, "--db", place, *options))
        return started[-1]

    yield serve_
    for running in started:
        running.process.kill()
        running.process.communicate(timeout=60)


@pytest.fixture
def other(repo: Repo, tmp_path: Path) -> Path:
    """A clone of the repository."""
    repo.commit("first", {"a": "b"})
    repo.git("clone", "-q", str(repo.path), str(tmp_path / "other"))
    return tmp_path / "other"


@pytest.fixture
def watch(environment: dict[str, str], other: Path) -> Iterator[Watch]:
    """Watch from the clone."""
    started: list[Watching] = []

    def watch_(env: dict[str, str], *command: str) -> Watching:
        started.append(Watching([str(GIT_KAS), *command, "--watch", "--json"], other, environment | env))
        return started[-1]

    yield watch_
    for watching in started:
        watching.end()


@pytest.fixture(params=["sqlite", "postgresql", "two replicas"])
def ends(request: pytest.FixtureRequest, serve: Serve, tmp_path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What makes the program use a server here, and one there."""
    place = str(tmp_path / "plans.db") if request.param == "sqlite" else postgresql_url()
    here = {"KAS_STORE": serve(place, "--no-auth").url, "KAS_PROJECT": uuid4().hex}
    if request.param != "two replicas":
        return here, here
    return here, here | {"KAS_STORE": serve(place, "--no-auth").url}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_one_does_shows_elsewhere(
    ends: tuple[dict[str, str], dict[str, str]], watch: Watch, repo: Repo, kas: Run, command: tuple[str, ...]
) -> None:
    here, there = ends
    assert kas("plan", "create", "x", cwd=repo.path, env=here).status == 0
    watching = watch(there, *command)
    assert watching.rows()["x.md"]["status"] == "ready"
    for event, status in (("plan_start", "planning"), ("planner_finished", "ready"), ("cancel", "cancelled")):
        assert kas("plan", "transition", "x", event, cwd=repo.path, env=here).status == 0
        assert watching.rows()["x.md"]["status"] == status
    assert watching.stop() == 130
    assert set(watching.has_said()) <= {"git-kas: Interrupted.\n"}  # where it was just about to print


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_server_that_goes_and_comes_back_is_told_once_and_only_delays(
    serve: Serve, watch: Watch, repo: Repo, kas: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    place = str(tmp_path / "plans.db")
    first = serve(place, "--no-auth")
    env = {"KAS_STORE": first.url, "KAS_PROJECT": "p"}
    assert kas("plan", "create", "x", cwd=repo.path, env=env).status == 0
    watching = watch(env, *command)
    assert watching.rows()["x.md"]["status"] == "ready"
    first.process.kill()
    first.process.wait(60)
    assert watching.said().startswith(f"git-kas: plan store unreachable: {first.url}: ")
    assert watching.said() == "git-kas: It is asked again until it answers; what is shown may be old.\n"
    serve(place, "--no-auth", "--port", str(first.address[1]))
    assert kas("plan", "transition", "x", "plan_start", cwd=repo.path, env=env).status == 0
    assert watching.rows()["x.md"]["status"] == "planning"
    assert watching.said() == "git-kas: The plan store answers again.\n"
    assert kas("plan", "transition", "x", "cancel", cwd=repo.path, env=env).status == 0
    assert watching.rows()["x.md"]["status"] == "cancelled"
    assert watching.stop() == 130
    assert set(watching.has_said()) <= {"git-kas: Interrupted.\n"}  # where it was just about to print


def test_a_token_opens_the_feed_and_none_does_not(
    serve: Serve, watch: Watch, repo: Repo, kas: Run, tmp_path: Path
) -> None:
    place = str(tmp_path / "plans.db")
    made = kas("token", "create", "reader", "--role", "read", "--db", place, "--json", cwd=repo.path).data
    server = serve(place)  # its first start has a token already, so it makes none for itself
    env = {"KAS_STORE": server.url, "KAS_PROJECT": "p"}
    writer = kas("token", "create", "writer", "--db", place, "--json", cwd=repo.path).data
    writing = env | {"KAS_TOKEN": writer["token"]}
    assert kas("plan", "create", "x", cwd=repo.path, env=writing).status == 0
    watching = watch(env | {"KAS_TOKEN": made["token"]}, "plan", "list")
    assert watching.rows()["x.md"]["status"] == "ready"
    assert kas("plan", "transition", "x", "plan_start", cwd=repo.path, env=writing).status == 0
    assert watching.rows()["x.md"]["status"] == "planning"
    assert kas("plan", "list", "--watch", cwd=repo.path, env=env).status == 9
