"""Cases that a reader of the code found: forged dates, damaged history, links, misleading reflogs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenario.rows import READERS, configuration
from support import Repo, Run


def rows(kas: Run, folder: Path, reader: str = "gitcli") -> dict[str, dict[str, Any]]:
    found = kas("triage", "--json", cwd=folder, env=configuration(kas__reader=reader)).data["rows"]
    return {row["plan"] or row["branch"] or row["worktree"]: row for row in found}


@pytest.fixture
def pulled(repo: Repo, tmp_path: Path) -> Repo:
    """A repository whose main has merged its upstream, so that the old upstream tip is a second parent."""
    server = Repo(tmp_path / "server", repo._environment)
    repo.git("clone", "-q", "--bare", str(repo.path), str(server.path))
    repo.git("remote", "add", "origin", str(server.path))
    repo.git("switch", "-q", "-c", "side")
    repo.commit("theirs")
    repo.git("push", "-q", "origin", "side:main")
    repo.git("switch", "-q", "main")
    repo.git("branch", "-D", "side")
    repo.git("fetch", "-q", "origin")
    repo.git("branch", "-q", "--set-upstream-to", "origin/main")
    repo.git("branch", "--no-track", "justmade", "origin/main")
    repo.commit("mine")
    repo.git("merge", "-q", "--no-edit", "origin/main")
    return repo


@pytest.mark.parametrize("reader", READERS)
def test_branch_made_from_the_upstream_of_the_base_is_fresh(kas: Run, pulled: Repo, reader: str) -> None:
    assert rows(kas, pulled.path, reader)["justmade"]["verdict"] == "fresh"


@pytest.mark.parametrize("reader", READERS)
def test_copy_of_another_branch_that_was_merged_is_an_ancestor(kas: Run, repo: Repo, reader: str) -> None:
    repo.git("switch", "-q", "-c", "feature")
    repo.commit("work")
    repo.git("switch", "-q", "main")
    repo.git("branch", "copy", "feature")
    repo.git("merge", "-q", "--no-ff", "--no-edit", "feature")
    assert rows(kas, repo.path, reader)["copy"]["verdict"] == "ancestor"


@pytest.mark.parametrize("reader", READERS)
def test_a_date_beyond_the_calendar_stops_nobody(kas: Run, repo: Repo, reader: str) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}")
    odd = repo.git("commit-tree", "-p", "HEAD", "-m", "from the future", tree, at=999_999_999_999)
    repo.git("branch", "future", odd)
    row = rows(kas, repo.path, reader)["future"]
    assert (row["ahead"], row["last_commit"]) == (1, None)


@pytest.mark.parametrize("reader", READERS)
def test_damaged_history_of_one_branch_is_the_problem_of_that_branch(kas: Run, repo: Repo, reader: str) -> None:
    repo.git("switch", "-q", "-c", "bad")
    lost = repo.commit("lost")
    repo.commit("after")
    repo.git("switch", "-q", "-c", "good", "main")
    repo.commit("fine")
    repo.git("switch", "-q", "main")
    (repo.path / ".git/objects" / lost[:2] / lost[2:]).unlink()
    finished = kas("triage", "--json", cwd=repo.path, env=configuration(kas__reader=reader))
    found = {row["branch"]: row for row in finished.data["rows"]}
    assert (found["bad"]["verdict"], found["bad"]["reason"]) == ("unknown", "history_unreadable")
    assert (found["good"]["ahead"], found["good"]["behind"]) == (1, 0)
    (warning,) = finished.json()["warnings"]
    assert "bad" in warning
    assert "git fsck" in warning


def test_linked_git_folder_gives_one_answer_everywhere(kas: Run, repo: Repo, tmp_path: Path) -> None:
    repo.write_state({"2026-01-01-a.md": {"status": "ready"}}, shared=False)
    linked = repo.worktree("side")
    shutil.move(repo.path / ".git", tmp_path / "elsewhere")
    (repo.path / ".git").symlink_to(tmp_path / "elsewhere")
    (linked / ".git").write_text(f"gitdir: {tmp_path}/elsewhere/worktrees/{linked.name}\n")
    answers = [kas("where", "--json", cwd=folder).data for folder in (repo.path, linked)]
    assert answers[0]["project"] == answers[1]["project"]
    assert answers[0]["place"] == answers[1]["place"]
    assert kas("plan", "list", cwd=repo.path).out == kas("plan", "list", cwd=linked).out


@pytest.mark.parametrize("kind", ["dangling link", "link to a device", "pipe", "folder"])
def test_a_state_file_that_is_no_file_is_refused(kas: Run, repo: Repo, kind: str) -> None:
    path = repo.path / ".git/kas/plan-state.json"
    path.parent.mkdir()
    if kind == "dangling link":
        path.symlink_to("/nonexistent/state.json")
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    finished = kas("plan", "list", cwd=repo.path)
    assert (finished.status, finished.out) == (1, "")
    assert str(path) in finished.err
    assert len(finished.err.splitlines()) == 2


def test_unreadable_worktrees_count_as_perhaps_dirty(kas: Run, repo: Repo) -> None:
    repo.worktree("side")
    (repo.path / ".git/worktrees/wt-side/index").write_text("junk")
    shown = kas("triage", "--dirty", "--json", cwd=repo.path).data["rows"]
    assert [row["branch"] for row in shown] == ["side"]
    assert shown[0]["dirty"] is None


def test_doubtful_done_of_a_flat_file_is_shown(kas: Run, repo: Repo) -> None:
    (repo.path / ".git/kas").mkdir()
    (repo.path / ".git/kas/plan-state.json").write_text('{"a.md": {"status": "done"}}\n')
    row = rows(kas, repo.path)["a.md"]
    assert "ambiguous_done" in row["flags"]
    assert not row["settled"]


def test_git_dir_that_is_none_is_named(kas: Run, repo: Repo) -> None:
    finished = kas("where", cwd=repo.path, env={"GIT_DIR": "/nonexistent"})
    assert finished.status == 3
    assert "GIT_DIR is set to /nonexistent" in finished.err


def test_git_file_that_leads_nowhere_ends_the_search(kas: Run, repo: Repo) -> None:
    inner = repo.path / "inner"
    inner.mkdir()
    (inner / ".git").write_text("gitdir: /nonexistent\n")
    finished = kas("where", cwd=inner)
    assert finished.status in {2, 3}
    assert finished.out == ""


def test_git_that_cannot_be_started_is_no_defect(kas: Run, repo: Repo, tmp_path: Path) -> None:
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    program.write_text("not a program")
    finished = kas("where", cwd=repo.path, env={"PATH": str(program.parent)})
    assert finished.status == 1
    assert "cannot be started" in finished.err


def test_repository_without_a_commit(new_repo: Callable[..., Repo], kas: Run) -> None:
    data = kas("triage", "--json", cwd=new_repo("empty").path).data
    assert data["base"] is None
    assert [(row["branch"], row["tip"], row["dirty"]) for row in data["rows"]] == [("main", None, 0)]
