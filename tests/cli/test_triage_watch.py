"""``git kas triage --watch``: shown again when something changes, and nothing done meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import GIT_KAS, Repo, Run, needs_program
from watching import Watching


@pytest.fixture
def start(repo: Repo, environment: dict[str, str]) -> Iterator[Callable[..., Watching]]:
    """Start ``git kas triage --watch --json``, with words before it."""
    started: list[Watching] = []

    def start_(*before: str) -> Watching:
        command = [*before, str(GIT_KAS), "triage", "--watch", "--json"]
        started.append(Watching(command, repo.path, environment))
        return started[-1]

    yield start_
    for watching in started:
        watching.end()


@pytest.fixture
def watching(repo: Repo, kas: Run, start: Callable[..., Watching]) -> Watching:
    repo.commit("plan", {"docs/plans/a.md": "# a\n"})
    assert kas("plan", "register", "a", cwd=repo.path).status == 0
    return start()


def test_each_change_is_shown_once(watching: Watching, repo: Repo, kas: Run) -> None:
    assert watching.rows()["a.md"]["status"] == "ready"
    assert kas("plan", "transition", "a", "implement_start", cwd=repo.path).status == 0
    assert watching.rows()["a.md"]["status"] == "implementing"
    repo.git("branch", "plan/a")
    assert watching.rows()["a.md"]["tip"] is not None
    assert watching.is_quiet(1)
    (repo.path / "docs/plans/a.md").write_text("# a, changed\n")
    assert "text_changed" in watching.rows()["a.md"]["flags"]
    signals = repo.path / "docs/plans/.signals"
    signals.mkdir()
    (signals / "implement-finished-a.md").write_text("")
    assert "signals_waiting" in watching.rows()["a.md"]["flags"]
    assert watching.stop() == 130


def test_a_signal_in_a_new_worktree_is_noticed(watching: Watching, repo: Repo) -> None:
    watching.rows()
    worktree = repo.worktree("plan/a")
    while watching.rows()["a.md"]["worktree"] is None:
        pass
    folder = worktree / ".kasmos/signals"
    folder.mkdir(parents=True)
    (folder / "planner-finished-a.md").write_text("")
    while "signals_waiting" not in watching.rows()["a.md"]["flags"]:
        pass


def test_waiting_costs_nothing(start: Callable[..., Watching], tmp_path: Path) -> None:
    needs_program("strace")
    log = tmp_path / "calls"
    calls = "trace=execve,openat,read,pread64,newfstatat,clone,clone3,vfork"
    run = start("strace", "-f", "-o", str(log), "-e", calls)
    run.rows()
    assert run.is_quiet(2)
    before = log.stat().st_size
    assert run.is_quiet(5)
    assert log.read_bytes()[before:] == b""


def test_watch_and_walk_exclude_each_other(repo: Repo, kas: Run) -> None:
    assert kas("triage", "--watch", "-i", cwd=repo.path).status == 2
