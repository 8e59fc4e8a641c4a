"""The program against a real ``git kas serve``: the same commands, the same answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from plan_commands import go_their_way
from postgresql import postgresql_url
from server.hosting import Running, start
from support import Repo, Run

KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    """A server over each kind of database."""
    place = str(tmp_path / "plans.db") if request.param == "sqlite" else postgresql_url()
    running = start(environment, tmp_path, "--db", place, "--no-auth")
    yield running
    running.process.terminate()
    running.process.communicate(timeout=60)


@pytest.fixture
def env(server: Running) -> dict[str, str]:
    """What makes the program use that server."""
    return {"KAS_STORE": server.url, "KAS_PROJECT": uuid4().hex}


def test_a_plan_goes_its_way(repo: Repo, kas: Run, env: dict[str, str]) -> None:
    def say(*arguments: str) -> str:
        finished = kas(*arguments, cwd=repo.path, env=env)
        assert (finished.status, finished.err) == (0, ""), finished
        return finished.out

    go_their_way(say, repo)
    where: Any = json.loads(say("where", "--json"))["data"]
    assert (where["store"], where["place"]) == (env["KAS_STORE"], env["KAS_STORE"])
    assert not (repo.path / ".git/kas/plan-state.json").exists()


def test_export_then_import_is_the_identity(repo: Repo, kas: Run, env: dict[str, str], tmp_path: Path) -> None:
    for words in (
        ["create", "one", "-d", "<first> & \u2028"],
        ["transition", "one", "plan_start", "-m", "a note"],
    ):
        assert kas("plan", *words, cwd=repo.path, env=env).status == 0
    exported = kas("export", cwd=repo.path, env=env).out
    (tmp_path / "export.json").write_text(exported)
    for other in ({}, {"KAS_STORE": "sqlite"}, {**env, "KAS_PROJECT": uuid4().hex}):
        folder = tmp_path / uuid4().hex
        repo.git("clone", "-q", str(repo.path), str(folder))
        assert kas("import", str(tmp_path / "export.json"), cwd=folder, env=other).status == 0
        assert kas("export", cwd=folder, env=other).out == exported


def test_without_a_server_the_program_says_so(
    repo: Repo, kas: Run, env: dict[str, str], server: Running
) -> None:
    server.process.kill()
    server.process.wait(60)
    finished = kas("plan", "create", "x", cwd=repo.path, env=env)
    assert finished.status == 6
    assert finished.err.startswith(f"git-kas: plan store unreachable: {server.url}: ")
    assert isinstance(server.process, subprocess.Popen)
