"""``git kas plan list --watch``: over each kind of store, and nothing done meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from postgresql import postgresql_url
from server.hosting import start as start_server
from support import GIT_KAS, Repo, Run, needs_program
from watching import PATIENCE, Watching

KINDS = ("json", "sqlite", "postgresql", "http")
CALLS = "trace=execve,openat,read,pread64,write,newfstatat,clone,clone3,vfork,fcntl,sendto"
Start = Callable[..., Watching]


@pytest.fixture(params=KINDS)
def env(
    request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """What chooses a store of each kind."""
    project = uuid4().hex
    if request.param != "http":
        url = postgresql_url() if request.param == "postgresql" else request.param
        yield {"KAS_STORE": url, "KAS_PROJECT": project}
        return
    server = start_server(environment, tmp_path, "--db", str(tmp_path / "server/plans.db"), "--no-auth")
    yield {"KAS_STORE": server.url, "KAS_PROJECT": project}
    server.process.kill()
    server.process.communicate(timeout=PATIENCE)


@pytest.fixture
def start(repo: Repo, environment: dict[str, str], env: dict[str, str]) -> Iterator[Start]:
    """Start the program, with words before it."""
    started: list[Watching] = []

    def start_(*command: str, before: tuple[str, ...] = ()) -> Watching:
        started.append(Watching([*before, str(GIT_KAS), *command], repo.path, environment | env))
        return started[-1]

    yield start_
    for watching in started:
        watching.end()


@pytest.fixture
def say(repo: Repo, kas: Run, env: dict[str, str]) -> Callable[..., None]:
    """Run a command on plans."""

    def say_(*arguments: str) -> None:
        finished = kas("plan", *arguments, cwd=repo.path, env=env)
        assert finished.status == 0, finished

    return say_


def test_the_list_is_shown_again_when_it_changes(start: Start, say: Callable[..., None]) -> None:
    say("create", "a", "--topic", "api")
    every, some = start("plan", "list", "-w", "--json"), start("plan", "list", "-w", "--json", "--topic", "api")
    text = start("plan", "list", "--watch", "--status", "ready")
    assert list(every.rows()) == list(some.rows()) == ["a.md"]
    assert text.line().split() == ["ready", "a.md", "plan/a"]
    say("create", "b")
    assert list(every.rows()) == ["a.md", "b.md"]
    say("transition", "a", "plan_start")
    assert [plan["status"] for plan in every.rows().values()] == ["planning", "ready"]
    assert some.rows()["a.md"]["status"] == "planning"  # b.md is not theirs
    assert [text.line().split()[1] for _ in range(2)] == ["a.md", "b.md"]
    assert text.line().split()[1] == "b.md"
    assert [watching.stop() for watching in (every, some, text)] == [130, 130, 130]
    assert text.has_said() == ["git-kas: Interrupted.\n"]


@pytest.mark.parametrize("command", [("plan", "list"), ("triage",)], ids=" ".join)
def test_waiting_costs_nothing(
    start: Start, say: Callable[..., None], command: tuple[str, ...], tmp_path: Path
) -> None:
    """Where a commit can be seen only after it is told, one looks again for a while, ever less often."""
    needs_program("strace")
    say("create", "a")
    log = tmp_path / "calls"
    watching = start(*command, "--watch", "--json", before=("strace", "-f", "-o", str(log), "-e", CALLS))
    watching.rows()
    deadline, done = time.monotonic() + PATIENCE, -1
    while (now := log.stat().st_size) != done:
        assert time.monotonic() < deadline
        done = now
        assert watching.is_quiet(4)
    say("transition", "a", "plan_start")
    assert watching.rows()["a.md"]["status"] == "planning"
    assert log.stat().st_size > done


def test_a_store_that_does_not_answer_at_first_is_an_error(repo: Repo, kas: Run) -> None:
    env = {"KAS_STORE": "http://127.0.0.1:1"}
    assert kas("plan", "list", "--watch", cwd=repo.path, env=env).status == 6
    assert kas("plan", "list", "--watch", "--status", "odd", cwd=repo.path).status == 2
