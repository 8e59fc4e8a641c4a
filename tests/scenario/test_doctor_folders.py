"""``git kas doctor`` on real worktrees whose folders are missing, moved, copied or replaced."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scenario.doctoring import Doctor, only
from scenario.rows import differences, listing
from support import Repo, Run

ODD_NAMES = ["plain", "with space", "line\nbreak", "-dash", "ünï"]


def registered(repo: Repo) -> list[str]:
    blocks = repo.git("worktree", "list", "--porcelain", "-z").split("\0\0")
    return [block.split("\0")[0].removeprefix("worktree ") for block in blocks if block]


def linked(repo: Repo, name: str = "side", branch: str = "side") -> Path:
    path = repo.path.parent / name
    repo.git("worktree", "add", "-q", "-b", branch, str(path))
    return path


# -- nothing wrong -----------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_a_healthy_repository(repo: Repo, doctor: Doctor, kas: Run) -> None:
    for number, name in enumerate(ODD_NAMES):
        linked(repo, name, f"branch-{number}")
    repo.git("worktree", "add", "-q", "--detach", str(repo.path / ".worktrees/nested"))
    repo.git("worktree", "lock", "--reason", "kept on a drive", str(repo.path.parent / "plain"))
    repo.git("config", "branch.branch-0.remote", "origin")
    repo.git("config", "branch.autoSetupMerge", "true")
    repo.write_state({"2026-01-01-a.md": {"status": "implementing", "branch": "branch-0"}})
    for folder in (repo.path, repo.path.parent / "with space", repo.path.parent / "line\nbreak"):
        assert doctor(cwd=folder) == []
        assert doctor("--fix", cwd=folder) == []
    assert kas("doctor", cwd=repo.path).out == ""


def test_nothing_is_wrong_with_a_bare_repository(
    repo: Repo, doctor: Doctor, new_repo: Callable[..., Repo]
) -> None:
    bare = new_repo("bare.git", "--bare")
    repo.git("push", "-q", str(bare.path), "main")
    bare.git("worktree", "add", "-q", "-b", "one", str(bare.path.parent / "one"), "main")
    assert doctor(cwd=bare.path) == []
    assert doctor(cwd=bare.path.parent / "one") == []
    dotted = repo.path.parent / "project"
    repo.git("clone", "-q", "--bare", str(repo.path), str(dotted / ".git"))
    repo.git("worktree", "add", "-q", str(dotted / "main"), "main", cwd=dotted / ".git")
    assert doctor(cwd=dotted / "main") == []


def test_looking_changes_nothing(repo: Repo, doctor: Doctor) -> None:
    moved = linked(repo)
    moved.rename(repo.path.parent / "elsewhere")
    repo.git("config", "branch.gone.remote", "origin")
    before = listing(repo.path.parent)
    assert len(doctor()) == 2
    assert differences(before, listing(repo.path.parent)) == []


# -- moved -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("seen_from", ["main", "moved"])
def test_moved_folder_is_found_and_repaired(repo: Repo, doctor: Doctor, name: str, seen_from: str) -> None:
    path, moved = linked(repo), repo.path.parent / name
    (path / "work.txt").write_text("work")
    path.rename(moved)
    cwd = moved if seen_from == "moved" else repo.path
    row = only(doctor(cwd=cwd), "moved_folder")
    assert (row["subject"], row["evidence"][1]) == (str(path), f"its folder is {moved}")
    assert row["fix"] is not None
    row = only(doctor("--fix", cwd=cwd), "moved_folder")
    assert row["fixed"]
    assert registered(repo)[1:] == [str(moved)]
    assert repo.git("status", "--porcelain", cwd=moved) == "?? work.txt"
    assert doctor() == []


def test_two_folders_that_claim_to_be_one_are_left(repo: Repo, doctor: Doctor) -> None:
    path = linked(repo)
    for name in ("one", "two"):
        shutil.copytree(path, repo.path.parent / name)
    shutil.rmtree(path)
    row = only(doctor("--fix"), "moved_folder")
    assert (row["fix"], row["fixed"]) == (None, False)
    assert registered(repo)[1:] == [str(path)]


def test_repair_never_takes_over_a_folder_of_somebody_else(
    repo: Repo, doctor: Doctor, new_repo: Callable[..., Repo]
) -> None:
    """`git worktree repair` rewrites the `.git` file at every registered path, whoever it belongs to."""
    moved, replaced = linked(repo), linked(repo, "replaced", "other")
    moved.rename(repo.path.parent / "elsewhere")
    shutil.rmtree(replaced)
    other = new_repo("other")
    other.commit()
    other.git("worktree", "add", "-q", "-b", "theirs", str(replaced))
    gitfile = (replaced / ".git").read_text()
    rows = {row["check"]: row for row in doctor("--fix")}
    assert {check: row["fixed"] for check, row in rows.items()} == {
        "moved_folder": False,
        "foreign_folder": False,
    }
    assert (replaced / ".git").read_text() == gitfile
    assert str(replaced) in rows["moved_folder"]["evidence"][-1]


def test_copy_of_a_worktree_is_told(repo: Repo, doctor: Doctor) -> None:
    path, copy = linked(repo), repo.path.parent / "copy"
    shutil.copytree(path, copy)
    row = only(doctor("--fix"), "copied_folder")
    assert (row["subject"], row["fixed"]) == (str(copy), False)


# -- the repository itself was moved -----------------------------------------------------------------------


def test_links_of_a_moved_repository_are_repaired(
    repo: Repo, doctor: Doctor, environment: dict[str, str]
) -> None:
    paths = [linked(repo), linked(repo, "with space", "other")]
    moved = Repo(repo.path.parent / "moved", environment)
    repo.path.rename(moved.path)
    rows = doctor(cwd=moved.path)
    assert {row["subject"]: row["check"] for row in rows} == {str(path): "broken_link" for path in paths}
    assert [row["fixed"] for row in doctor("--fix", cwd=moved.path)] == [True, True]
    for path in paths:
        assert moved.git("status", "--porcelain", cwd=path) == ""


# -- missing and foreign -----------------------------------------------------------------------------------


def test_missing_folder_is_told_and_left(repo: Repo, doctor: Doctor) -> None:
    path = linked(repo)
    shutil.rmtree(path)
    row = only(doctor("--fix"), "missing_folder")
    assert (row["subject"], row["fix"], row["fixed"]) == (str(path), None, False)
    assert row["look"] == "git worktree list --porcelain"
    assert registered(repo)[1:] == [str(path)]


def test_missing_folder_with_a_detached_head_names_it(repo: Repo, doctor: Doctor) -> None:
    path = repo.path.parent / "detached"
    repo.git("worktree", "add", "-q", "--detach", str(path))
    lost = repo.commit("only here", cwd=path)
    shutil.rmtree(path)
    assert lost in only(doctor(), "missing_folder")["evidence"][0]


def test_locked_worktree_may_be_away(repo: Repo, doctor: Doctor) -> None:
    path = linked(repo)
    repo.git("worktree", "lock", "--reason", "on a drive", str(path))
    shutil.rmtree(path)
    assert doctor() == []


@pytest.mark.parametrize("kind", ["folder", "file", "repository", "dangling"])
def test_foreign_folder_is_told_and_left(repo: Repo, doctor: Doctor, kind: str) -> None:
    path = linked(repo)
    shutil.rmtree(path)
    if kind == "file":
        path.write_text("a file")
    else:
        path.mkdir()
        (path / "precious.txt").write_text("precious")
    if kind == "repository":
        repo.git("init", "-q", cwd=path)
    elif kind == "dangling":
        (path / ".git").write_text("gitdir: /nowhere/.git/worktrees/another\n")
    before = listing(path)
    row = only(doctor("--fix"), "foreign_folder")
    assert (row["subject"], row["fixed"]) == (str(path), False)
    assert differences(before, listing(path)) == []
