"""A server learns from which repository a request comes, and refuses what comes from another one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from double_server import Double
from server.hosting import Running, start
from support import Repo, Run

COMMANDS = (
    "plan list",
    "plan create 2026-01-01-limit",
    "plan show 2026-01-01-limit",
    "export",
    "triage",
    "plan history 2026-01-01-limit",
)


@pytest.fixture
def running(environment: dict[str, str], tmp_path: Path) -> Iterator[Running]:
    """A server for everybody."""
    made = start(environment, tmp_path, "--db", "plans.db", "--no-auth")
    yield made
    made.stop()


def root_of(repo: Repo) -> str:
    return repo.git("rev-list", "--max-parents=0", "HEAD")


def test_the_root_commit_goes_with_every_request(double: Double, repo: Repo, kas: Run) -> None:
    repo.commit("second")
    env = {"KAS_STORE": double.url, "KAS_PROJECT": "p"}
    for command in COMMANDS:
        finished = kas(*command.split(), cwd=repo.path, env=env)
        assert finished.status == 0, finished
    assert len(double.seen) >= len(COMMANDS)
    assert {seen.headers.get("Kas-Repository") for seen in double.seen} == {root_of(repo)}


def test_a_repository_without_a_known_root_sends_none(
    double: Double, repo: Repo, new_repo: Callable[..., Repo], kas: Run, tmp_path: Path
) -> None:
    repo.commit("second")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", str(tmp_path / "shallow"))
    env = {"KAS_STORE": double.url, "KAS_PROJECT": "p"}
    for folder in (tmp_path / "shallow", new_repo("empty").path):
        assert kas("plan", "list", cwd=folder, env=env).status == 0
        assert not (folder / ".git/kas/cache/root-commit").exists()
    assert len(double.seen) == 2
    assert all("Kas-Repository" not in seen.headers for seen in double.seen)


def test_git_is_asked_once_for_a_clone_and_not_for_other_stores(
    double: Double, repo: Repo, kas: Run, tmp_path: Path
) -> None:
    log, folder = tmp_path / "calls", tmp_path / "bin"
    folder.mkdir()
    wrapper = folder / "git"
    wrapper.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {shutil.which("git")} "$@"\n')
    wrapper.chmod(0o755)
    path = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}

    def walks(store: str) -> int:
        log.write_text("")
        assert kas("plan", "list", cwd=repo.path, env={**path, "KAS_STORE": store}).status == 0
        return log.read_text().count("rev-list")

    assert walks("json") == 0
    assert [walks(double.url), walks(double.url)] == [1, 0]
    kept = repo.path / ".git/kas/cache/root-commit"
    assert kept.read_text() == root_of(repo) + "\n"
    kept.write_text("nonsense")
    assert walks(double.url) == 1
    assert {seen.headers["Kas-Repository"] for seen in double.seen} == {root_of(repo)}


def test_another_repository_of_the_same_name_is_told_the_way_out(
    running: Running, repo: Repo, new_repo: Callable[..., Repo], kas: Run, tmp_path: Path
) -> None:
    env = {"KAS_STORE": running.url, "KAS_PROJECT": "shop"}
    assert kas("plan", "create", "2026-01-01-limit", cwd=repo.path, env=env).status == 0
    repo.git("clone", "-q", str(repo.path), str(tmp_path / "clone"))
    other = new_repo("other")
    other.commit("another beginning")
    for command in ("plan list", "plan create 2026-01-02-mine", "triage", "export"):
        assert kas(*command.split(), cwd=tmp_path / "clone", env=env).status == 0, command
        refused = kas(*command.split(), "--json", cwd=other.path, env=env)
        error = json.loads(refused.out)["error"]
        assert (refused.status, error["code"], error["exit"]) == (4, "project_mismatch", 4)
        assert root_of(repo)[:12] in error["message"]
        assert "kas.project" in error["next"]
    other.git("config", "kas.project", "another shop")
    renamed = {"KAS_STORE": running.url}
    assert kas("plan", "create", "2026-01-02-mine", cwd=other.path, env=renamed).status == 0
