"""Worktrees as triage shows them: where they are, what became of their folders, what they have checked out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scenario.rows import Triage, git_version, registered_worktrees
from support import Repo, Run

HEALTHY: dict[str, object] = {
    "folder": "present",
    "moved_to": None,
    "locked": False,
    "lock_reason": "",
    "operations": [],
    "lock_files": [],
}
FOLDER_FLAGS = {"missing_worktree", "moved_worktree", "foreign_folder", "unreadable_worktree"}


def folder_flags(row: dict[str, list[str]]) -> set[str]:
    return FOLDER_FLAGS.intersection(row["flags"])


# -- main and linked ---------------------------------------------------------------------------------------


def test_main_and_linked_worktree(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    answer = triage()
    assert answer.worktree(repo.path)["worktree_details"] == {**HEALTHY, "main": True, "head": None}
    assert answer.worktree(linked)["worktree_details"] == {**HEALTHY, "main": False, "head": None}
    assert answer.worktree(repo.path)["branch"] == "main"
    assert answer.worktree(linked)["branch"] == "side"


@pytest.mark.parametrize("place", ["main", "linked", "below", "inside"])
def test_every_place_shows_the_same_rows(repo: Repo, triage: Triage, place: str) -> None:
    linked = repo.worktree("side")
    (linked / "below").mkdir()
    repo.worktree("other", "--detach")
    (linked / "new.txt").write_text("new")
    folder = {"main": repo.path, "linked": linked, "below": linked / "below", "inside": repo.path / ".git"}[
        place
    ]
    assert triage(folder).rows == triage().rows


def test_every_registered_worktree_has_one_row(repo: Repo, triage: Triage) -> None:
    shutil.rmtree(repo.worktree("deleted"))
    repo.git("worktree", "lock", str(repo.worktree("locked")))
    repo.worktree("detached", "--detach")
    repo.worktree("plan/nested/name")
    repo.git("checkout", "-q", "--orphan", "unborn", cwd=repo.worktree("orphan"))
    assert triage().worktrees() == registered_worktrees(repo)


def test_two_worktrees_on_one_branch_have_a_row_each(repo: Repo, triage: Triage) -> None:
    paths = [repo.worktree("one"), repo.path.parent / "again"]
    repo.git("worktree", "add", "-q", "--force", str(paths[1]), "one")
    answer = triage()
    assert [answer.worktree(path)["branch"] for path in paths] == ["one", "one"]


def test_administrative_folder_without_its_files_harms_no_other(repo: Repo, triage: Triage) -> None:
    healthy, broken = repo.worktree("healthy"), repo.worktree("broken")
    for name in ("gitdir", "HEAD"):
        (repo.path / ".git/worktrees" / broken.name / name).unlink()
    row = triage().worktree(healthy)
    assert (row["dirty"], folder_flags(row)) == (0, set())


# -- deleted and moved -------------------------------------------------------------------------------------


def test_deleted_folder_is_missing(repo: Repo, triage: Triage) -> None:
    linked, sibling = repo.worktree("side"), repo.worktree("sibling")
    shutil.rmtree(linked)
    answer = triage()
    row = answer.worktree(linked)
    assert (row["worktree_details"]["folder"], row["dirty"], row["dirt"]) == ("missing", None, None)
    assert (row["branch"], folder_flags(row)) == ("side", {"missing_worktree"})
    assert answer.worktree(sibling)["worktree_details"]["folder"] == "present"


def test_moved_folder_is_missing_for_the_others(repo: Repo, triage: Triage, tmp_path: Path) -> None:
    linked, sibling = repo.worktree("side"), repo.worktree("sibling")
    linked.rename(tmp_path / "elsewhere")
    for place in (repo.path, sibling):
        answer = triage(place)
        assert answer.worktree(linked)["worktree_details"]["folder"] == "missing"
        assert folder_flags(answer.worktree(linked)) == {"missing_worktree"}
        assert folder_flags(answer.worktree(sibling)) == set()


def test_moved_folder_knows_itself(repo: Repo, triage: Triage, tmp_path: Path) -> None:
    linked, moved = repo.worktree("side"), tmp_path / "elsewhere"
    linked.rename(moved)
    row = triage(moved).worktree(linked)
    assert row["worktree_details"]["moved_to"] == str(moved)
    assert (row["branch"], folder_flags(row)) == ("side", {"moved_worktree"})
    assert row["notes"]["moved_worktree"] == str(moved)


def test_siblings_of_a_moved_worktree_stay_healthy(repo: Repo, triage: Triage, tmp_path: Path) -> None:
    linked, siblings = repo.worktree("side"), [repo.worktree("one"), repo.worktree("two", "--detach")]
    linked.rename(tmp_path / "elsewhere")
    answer = triage(tmp_path / "elsewhere")
    for path in (*siblings, repo.path):
        row = answer.worktree(path)
        assert (row["worktree_details"]["folder"], row["dirty"], folder_flags(row)) == ("present", 0, set())


def test_moved_and_repaired_is_healthy(repo: Repo, triage: Triage, tmp_path: Path) -> None:
    linked, moved = repo.worktree("side"), tmp_path / "elsewhere"
    linked.rename(moved)
    repo.git("worktree", "repair", cwd=moved)
    assert folder_flags(triage().worktree(moved)) == set()


# -- something else at the path ----------------------------------------------------------------------------


def other_repository(repo: Repo, path: Path) -> None:
    repo.git("init", "-q", str(path))


def plain_folder(repo: Repo, path: Path) -> None:
    path.mkdir()
    (path / "precious.txt").write_text("not of this worktree")


def plain_file(repo: Repo, path: Path) -> None:
    path.write_text("a file")


def linked_elsewhere(repo: Repo, path: Path) -> None:
    other = path.parent / "other"
    repo.git("init", "-q", str(other))
    repo.git("commit", "-q", "--allow-empty", "-m", "other", cwd=other)
    repo.git("worktree", "add", "-q", str(path), cwd=other)


def gitfile_lost(repo: Repo, path: Path) -> None:
    path.mkdir()
    (path / ".git").write_text("gitdir: /nowhere/at/all\n")


@pytest.mark.parametrize("other", [other_repository, plain_folder, plain_file, linked_elsewhere, gitfile_lost])
def test_something_else_at_the_path_is_foreign(
    repo: Repo, triage: Triage, other: Callable[[Repo, Path], None]
) -> None:
    linked = repo.worktree("side")
    shutil.rmtree(linked)
    other(repo, linked)
    row = triage().worktree(linked)
    assert (row["worktree_details"]["folder"], folder_flags(row)) == ("foreign", {"foreign_folder"})
    assert (row["dirty"], row["branch"]) == (None, "side")


def test_exchanged_worktrees_are_foreign(repo: Repo, triage: Triage, tmp_path: Path) -> None:
    one, two = repo.worktree("one"), repo.worktree("two")
    one.rename(tmp_path / "aside")
    two.rename(one)
    (tmp_path / "aside").rename(two)
    answer = triage()
    assert [answer.worktree(path)["worktree_details"]["folder"] for path in (one, two)] == ["foreign"] * 2


# -- locked ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["", "on a stick", "ünï: 日本", "two\nlines", "claude pid 4711 @ athena"])
def test_lock_and_its_reason(repo: Repo, triage: Triage, reason: str) -> None:
    linked = repo.worktree("side")
    repo.git("worktree", "lock", *(["--reason", reason] if reason else []), str(linked))
    row = triage().worktree(linked)
    assert (row["worktree_details"]["locked"], row["worktree_details"]["lock_reason"]) == (True, reason)
    assert "locked" in row["flags"]
    assert row["dirty"] == 0


def test_locked_and_missing_is_both(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    repo.git("worktree", "lock", "--reason", "away", str(linked))
    shutil.rmtree(linked)
    row = triage().worktree(linked)
    assert {"locked", "missing_worktree"} <= set(row["flags"])
    assert row["worktree_details"]["lock_reason"] == "away"


def test_main_worktree_is_never_locked(repo: Repo, triage: Triage) -> None:
    (repo.path / ".git/locked").write_text("no lock of git's")
    assert not triage().worktree(repo.path)["worktree_details"]["locked"]


# -- HEAD --------------------------------------------------------------------------------------------------


def test_detached_worktree(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side", "--detach")
    commit = repo.commit("on no branch", cwd=linked)
    row = triage().worktree(linked)
    assert (row["branch"], row["worktree_details"]["head"], row["dirty"]) == (None, commit, 0)
    assert "detached" in row["flags"]


def test_detached_main_worktree(repo: Repo, triage: Triage) -> None:
    repo.git("checkout", "-q", "--detach")
    answer = triage()
    assert answer.worktree(repo.path)["branch"] is None
    assert answer.branch("main")["worktree"] is None


def test_unborn_branch(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    repo.git("checkout", "-q", "--orphan", "unborn", cwd=linked)
    row = triage().worktree(linked)
    assert (row["branch"], row["tip"], row["ahead"], row["verdict"]) == ("unborn", None, None, None)
    assert row["dirt"] == {"changed": 1, "untracked": 0, "conflicts": 0}
    assert "detached" not in row["flags"]


def test_head_to_a_deleted_branch(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    repo.git("update-ref", "-d", "refs/heads/side")
    row = triage().worktree(linked)
    assert (row["branch"], row["tip"], row["worktree_details"]["folder"]) == ("side", None, "present")
    assert row["dirty"] == 1


def test_repository_without_commit(new_repo: Callable[..., Repo], triage: Triage) -> None:
    empty = new_repo("empty")
    (empty.path / "new.txt").write_text("new")
    answer = triage(empty.path)
    row = answer.worktree(empty.path)
    assert (answer.base, row["branch"], row["tip"], row["dirty"]) == (None, "main", None, 1)


# -- bare repositories and configuration per worktree ------------------------------------------------------


@pytest.fixture(params=["plain", "worktree-config", "dot-git"])
def bare(request: pytest.FixtureRequest, repo: Repo, tmp_path: Path) -> Repo:
    """A bare repository: on its own, with core.bare in its worktree configuration, or as ``project/.git``."""
    path = tmp_path / ("project/.git" if request.param == "dot-git" else "bare.git")
    repo.git("clone", "-q", "--bare", str(repo.path), str(path))
    made = Repo(path, repo._environment)
    if request.param == "worktree-config":
        made.git("config", "extensions.worktreeConfig", "true")
        made.git("config", "--unset", "core.bare")
        made.git("config", "--worktree", "core.bare", "true")
    return made


def test_bare_repository_has_only_linked_worktrees(bare: Repo, triage: Triage, tmp_path: Path) -> None:
    paths = [tmp_path / "project/a", tmp_path / "project/b"]
    for path in paths:
        bare.git("worktree", "add", "-q", str(path))
    (paths[1] / "new.txt").write_text("new")
    for place in (bare.path, *paths):
        answer = triage(place)
        assert answer.worktrees() == registered_worktrees(bare) == [str(path) for path in paths]
        assert [answer.worktree(path)["dirty"] for path in paths] == [0, 1]
        assert answer.branch("main")["worktree"] is None


@pytest.mark.parametrize("scope", ["local", "worktree"])
def test_main_worktree_may_be_elsewhere(repo: Repo, triage: Triage, tmp_path: Path, scope: str) -> None:
    linked, tree = repo.worktree("side"), tmp_path / "tree"
    repo.git("config", "extensions.worktreeConfig", "true")
    (repo.path / ".git").rename(tmp_path / "gitdir")
    repo.path.rename(tree)
    administrative = Repo(tmp_path / "gitdir", repo._environment)
    administrative.git("config", f"--{scope}", "core.worktree", str(tree))
    administrative.git("worktree", "repair", str(linked))
    (tree / "new.txt").write_text("new")
    for place in (administrative.path, linked):
        row = triage(place).worktree(tree)
        assert (row["worktree_details"]["main"], row["branch"], row["dirty"]) == (True, "main", 1)


def test_kas_keys_of_one_worktree_do_not_count(repo: Repo, triage: Triage) -> None:
    linked = repo.worktree("side")
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "kas.base", "side", cwd=linked)
    assert triage(linked).base == "main"


# -- names of folders --------------------------------------------------------------------------------------

ODD_NAMES = [
    "with space",
    "line\nbreak",
    "ünï 日本 🙂",
    "-dash",
    "quo\"te's",
    "[glob]*?",
    "tab\there",
    ":!magic",
    "back\\slash",
]


@pytest.mark.parametrize("parent", ["beside", "repo"], ids=["beside", "nested"])
@pytest.mark.parametrize("name", [*ODD_NAMES, os.fsdecode(b"not-utf8-\xe9")])
def test_odd_path(repo: Repo, triage: Triage, tmp_path: Path, name: str, parent: str) -> None:
    linked = tmp_path / parent / name
    repo.git("worktree", "add", "-q", "-b", "side", str(linked))
    (linked / "new.txt").write_text("new")
    answer = triage()
    row = answer.worktree(linked)
    assert (row["branch"], row["worktree_details"]["folder"], row["dirty"]) == ("side", "present", 1)
    assert answer.worktree(repo.path)["dirty"] == 0


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_path_keeps_its_row_on_one_line(repo: Repo, kas: Run, tmp_path: Path, name: str) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / name))
    header, *rows = kas("triage", cwd=repo.path).out.splitlines()
    assert header.startswith("plan")
    assert len(rows) == 2


def test_path_through_a_symbolic_link(repo: Repo, triage: Triage, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "link/tree"))
    (listed,) = set(registered_worktrees(repo)) - {str(repo.path)}
    for place in (repo.path, tmp_path / "link/tree", tmp_path / "real/tree"):
        row = triage(place).worktree(listed)
        assert (row["worktree_details"]["folder"], row["worktree_details"]["moved_to"]) == ("present", None)


def test_relative_worktree(repo: Repo, triage: Triage, tmp_path: Path) -> None:
    if git_version(repo) < (2, 48):
        pytest.skip(f"{repo.git('version')} cannot link worktrees by relative paths; 2.48 can")
    repo.git("worktree", "add", "-q", "--relative-paths", "-b", "side", str(tmp_path / "tree"))
    assert folder_flags(triage().worktree(tmp_path / "tree")) == set()
