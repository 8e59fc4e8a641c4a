"""``git kas plan list`` loads and starts next to nothing (DESIGN 13)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import Repo

FORBIDDEN = {
    "asyncio",
    "bottle",
    "dataclasses",
    "dulwich",
    "git",
    "importlib.metadata",
    "inspect",
    "pathlib",
    "pluggy",
    "pygit2",
    "rich",
    "sqlalchemy",
    "subprocess",
    "textual",
    "urllib3",
}
REPORT = """
import sys
before = set(sys.modules)
from git_kas.cli.main import main
status = main(sys.argv[1:])
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(status)
"""
STATE = {"a.md": {"status": "ready", "branch": "plan/a"}, "b.md": {"status": "completed", "topic": "t"}}
COUNTING_GIT = """#!/bin/sh
echo "$*" >> '{log}'
exec '{git}' "$@"
"""


class Started:
    """What a run loaded, printed and started."""

    def __init__(self, finished: subprocess.CompletedProcess[str], log: Path) -> None:
        assert finished.returncode == 0, finished.stderr
        self.out = finished.stdout
        self.modules = set(finished.stderr.split("\n")[-2].split())
        self.git_calls = log.read_text().splitlines() if log.exists() else []


Start = Callable[..., Started]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Start:
    """Run a command in a fresh interpreter, with a git first on PATH that writes down its calls."""
    folder, log = tmp_path / "counting", tmp_path / "calls"
    folder.mkdir()
    git = shutil.which("git", path=environment["PATH"])
    (folder / "git").write_text(COUNTING_GIT.format(log=log, git=git))
    (folder / "git").chmod(0o755)
    counted = {name: value for name, value in environment.items() if name != "COVERAGE_PROCESS_START"}
    counted["PATH"] = f"{folder}{os.pathsep}{environment['PATH']}"

    def run(*arguments: str, cwd: Path, **more: str) -> Started:
        log.unlink(missing_ok=True)
        finished = subprocess.run(
            [sys.executable, "-c", REPORT, *arguments],
            cwd=cwd,
            env=counted | more,
            capture_output=True,
            text=True,
            check=False,
        )
        return Started(finished, log)

    return run


def burden(started: Started) -> list[str]:
    """The heavy modules that were loaded, and every call of git after the first."""
    return [*sorted(started.modules & FORBIDDEN), *started.git_calls[1:]]


def test_the_report_sees_what_is_loaded_and_started(start: Start, repo: Repo) -> None:
    started = start("triage", cwd=repo.path)
    assert {"subprocess", "dataclasses"} <= started.modules
    assert len(started.git_calls) > 1


@pytest.mark.parametrize("options", [(), ("--json", "--status", "ready", "--topic", "")])
def test_plan_list_is_light(start: Start, repo: Repo, options: tuple[str, ...]) -> None:
    repo.write_state(STATE)
    started = start("plan", "list", *options, cwd=repo.path)
    assert ".md" in started.out
    assert burden(started) == []


def test_plan_list_is_light_in_every_folder(start: Start, repo: Repo) -> None:
    repo.write_state(STATE)
    (repo.path / "src").mkdir()
    for folder in (repo.path / "src", repo.worktree("linked"), repo.path / ".git"):
        assert burden(start("plan", "list", cwd=folder)) == []
    assert burden(start("plan", "list", cwd=repo.path.parent, GIT_DIR=str(repo.path / ".git"))) == []


def test_plan_list_is_light_without_any_plan(start: Start, repo: Repo) -> None:
    assert burden(start("plan", "list", cwd=repo.path)) == []


def test_plan_list_is_light_with_the_earlier_system_s_file(start: Start, repo: Repo) -> None:
    repo.write_state(STATE, shared=False)
    started = start("plan", "list", cwd=repo.path)
    assert "a.md" in started.out
    assert burden(started) == []


def test_plan_list_is_light_with_a_policy_and_many_branches(start: Start, repo: Repo) -> None:
    repo.write_state(STATE)
    repo.commit("policy", {".kas.toml": 'plans = "notes"\nproject = "x"\n'})
    for number in range(20):
        repo.git("branch", f"plan/{number}")
    assert burden(start("plan", "list", cwd=repo.path)) == []


def test_commands_that_only_read_load_nothing_for_observers(start: Start, repo: Repo) -> None:
    repo.write_state(STATE)
    repo.git("config", "kas.onTransition", "true")
    for command in (("plan", "list"), ("plan", "show", "a"), ("plan", "history"), ("where",), ("prime",)):
        modules = start(*command, cwd=repo.path).modules
        assert "git_kas.usecases.observed_store" in modules
        assert modules.isdisjoint({"pluggy", "git_kas.plugin.observers", "git_kas_process.plugin"})
    moving = start("plan", "transition", "a", "plan_start", cwd=repo.path)
    assert {"pluggy", "git_kas_process.observer"} <= moving.modules


def test_version_starts_no_git(start: Start, repo: Repo) -> None:
    assert start("version", cwd=repo.path).git_calls == []
