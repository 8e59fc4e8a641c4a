"""``git kas doctor`` on lock files and locks that processes have left behind, with real processes."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scenario.doctoring import Doctor, age, only, set_aside
from support import Repo

HOUR = 3600
HOLD = "import sys; {before} print('ready', flush=True); sys.stdin.read()"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only /proc shows other processes")


@contextmanager
def running(cwd: Path, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process that works in ``cwd``."""
    command = [sys.executable, "-c", HOLD.format(before=before)]
    with subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def start_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


@pytest.fixture
def tree(repo: Repo) -> Path:
    path = repo.path.parent / "with space"
    repo.git("worktree", "add", "-q", "-b", "side", str(path))
    return path


def admin_dir(repo: Repo, tree: Path) -> Path:
    return Path(repo.git("rev-parse", "--absolute-git-dir", cwd=tree))


# -- index.lock and HEAD.lock ------------------------------------------------------------------------------


@pytest.fixture(params=["index.lock", "HEAD.lock"])
def lock(request: pytest.FixtureRequest, repo: Repo, tree: Path) -> Path:
    """A lock file of the linked worktree, two hours old."""
    path = admin_dir(repo, tree) / str(request.param)
    path.write_bytes(b"half an index")
    age(path, 2 * HOUR)
    return path


def test_left_over_lock_is_set_aside(repo: Repo, doctor: Doctor, lock: Path, tree: Path) -> None:
    row = only(doctor(), "lock_file")
    assert row["subject"] == str(lock)
    assert row["evidence"] == ["written 120 minutes ago", "no process could hold it"]
    assert lock.exists()
    row = only(doctor("--fix"), "lock_file")
    assert (row["fixed"], lock.exists()) == (True, False)
    (kept,) = set_aside(repo)
    assert (kept.read_bytes(), row["note"]) == (b"half an index", f"kept as {kept}")
    repo.commit("goes on", cwd=tree)


def test_young_lock_is_not_told(doctor: Doctor, lock: Path) -> None:
    age(lock, -2 * HOUR + 10)
    assert doctor("--fix") == []
    assert lock.exists()


@pytest.mark.parametrize("place", ["tree", "below", "common"])
def test_lock_is_left_while_a_process_works_there(
    repo: Repo, doctor: Doctor, lock: Path, tree: Path, place: str
) -> None:
    (tree / "below").mkdir()
    folder = {"tree": tree, "below": tree / "below", "common": repo.path / ".git"}[place]
    with running(folder) as process:
        row = only(doctor("--fix"), "lock_file")
        assert (row["fix"], row["fixed"]) == (None, False)
        assert f"({process.pid})" in row["evidence"][1]
        assert lock.exists()
    assert only(doctor("--fix"), "lock_file")["fixed"]


def test_lock_is_left_while_a_process_works_behind_a_link(
    repo: Repo, doctor: Doctor, lock: Path, tree: Path
) -> None:
    link = repo.path.parent / "link"
    link.symlink_to(tree)
    with running(link):
        assert not only(doctor("--fix"), "lock_file")["fixed"]
    assert lock.exists()


def test_lock_that_is_open_is_not_told(doctor: Doctor, lock: Path, tmp_path: Path) -> None:
    with running(tmp_path, f"held = open({str(lock)!r}, 'rb');"):
        assert doctor("--fix") == []
    assert lock.exists()


def test_process_in_another_worktree_holds_nothing_here(repo: Repo, doctor: Doctor, lock: Path) -> None:
    with running(repo.path), running(repo.worktree("other")):
        assert only(doctor("--fix"), "lock_file")["fixed"]


def test_lock_of_the_main_worktree(repo: Repo, doctor: Doctor) -> None:
    lock = repo.path / ".git/index.lock"
    lock.touch()
    age(lock, 2 * HOUR)
    nested = repo.path / ".worktrees/nested"
    repo.git("worktree", "add", "-q", "-b", "nested", str(nested))
    with running(repo.path):
        assert not only(doctor("--fix"), "lock_file")["fixed"]
    with running(nested):
        assert only(doctor("--fix"), "lock_file")["fixed"]


@pytest.mark.parametrize("name", ["config.lock", "packed-refs.lock", "shallow.lock"])
def test_lock_in_the_common_directory(repo: Repo, doctor: Doctor, tree: Path, name: str) -> None:
    lock = repo.path / ".git" / name
    lock.touch()
    age(lock, 2 * HOUR)
    for place in (repo.path, tree, repo.path / ".git"):
        with running(place):
            row = only(doctor("--fix"), "lock_file")
            assert (row["subject"], row["fixed"]) == (str(lock), False)
    with running(repo.path.parent):
        assert only(doctor("--fix"), "lock_file")["fixed"]
    repo.git("pack-refs", "--all")
    repo.git("config", "some.thing", "else")


def test_git_that_waits_for_an_editor_keeps_its_lock(
    repo: Repo, doctor: Doctor, tree: Path, environment: dict[str, str]
) -> None:
    """`git commit` closes index.lock and holds it while the message is written."""
    (tree / "new.txt").write_text("new")
    repo.git("add", "--all", cwd=tree)
    fifo = repo.path.parent / "fifo"
    os.mkfifo(fifo)
    editor = f"sh -c 'cat {fifo}; echo message > \"$1\"' -"
    with (
        subprocess.Popen(
            ["git", "commit", "-q", "--all"], cwd=tree, env=environment | {"GIT_EDITOR": editor}
        ) as git,
        fifo.open("w"),
    ):  # opens as soon as the editor reads
        held = admin_dir(repo, tree) / "index.lock"
        age(held, 2 * HOUR)
        row = only(doctor("--fix"), "lock_file")
        assert (row["fixed"], held.exists()) == (False, True)
        assert f"git ({git.pid})" in row["evidence"][1]
    assert repo.git("log", "-1", "--format=%s", cwd=tree) == "message"
    assert doctor() == []


def test_doctor_in_a_hook_leaves_the_lock_of_its_git(
    repo: Repo, doctor: Doctor, tree: Path, environment: dict[str, str]
) -> None:
    hook = repo.path / ".git/hooks/pre-commit"
    hook.write_text(
        f'#!/bin/sh\ntouch -d "2 hours ago" "{admin_dir(repo, tree)}/index.lock"\n'
        "git kas doctor --fix lock_file > $HOME/said\n"
        "true\n"
    )
    hook.chmod(0o755)
    (tree / "README.md").write_text("changed")
    repo.git("commit", "-q", "--all", "-m", "changed", cwd=tree)
    assert "could be held by git" in (Path(environment["HOME"]) / "said").read_text()
    assert set_aside(repo) == []
    assert doctor() == []


# -- locks of worktrees ------------------------------------------------------------------------------------


def test_lock_of_a_dead_process_is_set_aside(repo: Repo, doctor: Doctor, tree: Path) -> None:
    reason = f"kas host={platform.node()} pid={dead_pid()} start=1 session=x"
    repo.git("worktree", "lock", "--reason", reason, str(tree))
    row = only(doctor(), "dead_lock")
    assert (row["subject"], row["evidence"][0]) == (str(tree), f"the reason is: {reason}")
    assert only(doctor("--fix"), "dead_lock")["fixed"]
    (kept,) = set_aside(repo)
    assert kept.read_text().strip() == reason
    assert "locked" not in repo.git("worktree", "list", "--porcelain")


def test_lock_is_kept_while_somebody_works_in_the_worktree(repo: Repo, doctor: Doctor, tree: Path) -> None:
    """The process that locked it may have left others behind, or be one of a pool."""
    reason = f"host={platform.node()} pid={dead_pid()} start=1"
    repo.git("worktree", "lock", "--reason", reason, str(tree))
    with running(tree) as process:
        row = only(doctor("--fix", "--assume-idle"), "dead_lock")
        assert (row["fix"], row["fixed"]) == (None, False)
        assert f"({process.pid}) works in it" in row["evidence"][-1]
    with running(repo.path):
        assert only(doctor("--fix"), "dead_lock")["fixed"]


def test_lock_of_a_process_whose_number_was_given_away(repo: Repo, doctor: Doctor, tree: Path) -> None:
    with running(repo.path.parent) as process:
        begun = start_of(process.pid)
        for start, count in ((begun, 0), (begun - 1, 1)):
            reason = f"host={platform.node()} pid={process.pid} start={start}"
            repo.git("worktree", "lock", "--reason", reason, str(tree))
            rows = doctor("--fix")
            assert [(row["check"], row["fixed"]) for row in rows] == [("dead_lock", True)] * count
            if not count:
                repo.git("worktree", "unlock", str(tree))


@pytest.mark.parametrize("host", ["", "host=elsewhere "])
def test_lock_that_may_be_somebody_else_s_is_kept(repo: Repo, doctor: Doctor, tree: Path, host: str) -> None:
    reason = f"{host}claude agent a1 (pid {dead_pid()} start Fri Jun 19 21:37:40 2026)"
    repo.git("worktree", "lock", "--reason", reason, str(tree))
    rows = doctor("--fix")
    assert [(row["check"], row["fix"]) for row in rows] == ([] if host else [("dead_lock", None)])
    rows = doctor("--fix", "--assume-idle")
    assert [row["fixed"] for row in rows] == ([] if host else [True])


@pytest.mark.parametrize("reason", ["", "on a drive", "pid of nobody"])
def test_lock_that_names_no_process_is_kept(repo: Repo, doctor: Doctor, tree: Path, reason: str) -> None:
    repo.git("worktree", "lock", "--reason", reason, str(tree))
    assert doctor("--fix", "--assume-idle") == []
    assert "locked" in repo.git("worktree", "list", "--porcelain")
