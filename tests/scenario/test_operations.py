"""Operations that Git has begun and not finished, lock files, and signal folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scenario.rows import Triage
from support import Repo

Begin = Callable[[Repo, Path], None]


def stops(repo: Repo, *arguments: str, cwd: Path) -> None:
    """A Git command that ends with an error, because it stops half-way."""
    with pytest.raises(AssertionError):
        repo.git(*arguments, cwd=cwd)


def begin_rebase(repo: Repo, cwd: Path) -> None:
    stops(repo, "rebase", "--merge", "theirs", cwd=cwd)


def begin_rebase_by_patches(repo: Repo, cwd: Path) -> None:
    stops(repo, "rebase", "--apply", "theirs", cwd=cwd)


def begin_interactive_rebase(repo: Repo, cwd: Path) -> None:
    repo.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "-q", "-i", "HEAD~1", cwd=cwd)


def begin_merge(repo: Repo, cwd: Path) -> None:
    stops(repo, "merge", "theirs", cwd=cwd)


def begin_merge_without_commit(repo: Repo, cwd: Path) -> None:
    repo.git("merge", "-q", "--no-commit", "--no-ff", "harmless", cwd=cwd)


def begin_cherry_pick(repo: Repo, cwd: Path) -> None:
    stops(repo, "cherry-pick", "theirs", cwd=cwd)


def begin_long_cherry_pick(repo: Repo, cwd: Path) -> None:
    """The first conflict is solved and committed; the second commit is still to be picked."""
    stops(repo, "cherry-pick", "theirs", "harmless", cwd=cwd)
    repo.git("add", "--all", cwd=cwd)
    repo.git("commit", "-q", "-m", "solved", cwd=cwd)
    assert "Cherry-pick currently in progress" in repo.git("status", cwd=cwd)


def begin_revert(repo: Repo, cwd: Path) -> None:
    repo.commit("over it", {"file.txt": "over it"}, cwd=cwd)
    stops(repo, "revert", "--no-edit", "HEAD~1", cwd=cwd)


def begin_long_revert(repo: Repo, cwd: Path) -> None:
    repo.commit("harmless", {"other.txt": "other"}, cwd=cwd)
    repo.commit("over it", {"file.txt": "over it"}, cwd=cwd)
    stops(repo, "revert", "--no-edit", "HEAD~2", "HEAD~1", cwd=cwd)
    repo.git("add", "--all", cwd=cwd)
    repo.git("commit", "-q", "--allow-empty", "-m", "solved", cwd=cwd)
    assert "Revert currently in progress" in repo.git("status", cwd=cwd)


def begin_am(repo: Repo, cwd: Path) -> None:
    patch = repo.path.parent / "0001.patch"
    patch.write_text(repo.git("format-patch", "-1", "--stdout", "theirs") + "\n")
    stops(repo, "am", str(patch), cwd=cwd)


def begin_bisect(repo: Repo, cwd: Path) -> None:
    for _ in range(4):
        repo.commit(cwd=cwd)
    repo.git("bisect", "start", "HEAD", "HEAD~4", cwd=cwd)


CONFLICTS: dict[Begin, str] = {
    begin_rebase: "rebase",
    begin_rebase_by_patches: "rebase",
    begin_merge: "merge",
    begin_cherry_pick: "cherry-pick",
    begin_revert: "revert",
}
OTHERS: dict[Begin, str] = {
    begin_interactive_rebase: "rebase",
    begin_merge_without_commit: "merge",
    begin_long_cherry_pick: "cherry-pick",
    begin_long_revert: "revert",
    begin_am: "am",
    begin_bisect: "bisect",
}
BEGINNINGS = {**CONFLICTS, **OTHERS}


@pytest.fixture(params=["main", "linked"])
def place(request: pytest.FixtureRequest, repo: Repo) -> Path:
    """A worktree on the branch ``ours`` that conflicts with ``theirs`` and not with ``harmless``."""
    repo.commit("common", {"file.txt": "common"})
    for name, file in (("theirs", "file.txt"), ("harmless", "harmless.txt")):
        repo.git("switch", "-q", "-c", name, "main")
        repo.commit(name, {file: name})
    repo.git("switch", "-q", "-c", "ours", "main")
    repo.commit("ours", {"file.txt": "ours"})
    if request.param == "main":
        return repo.path
    repo.git("switch", "-q", "main")
    path = repo.path.parent / "linked"
    repo.git("worktree", "add", "-q", str(path), "ours")
    return path


@pytest.mark.parametrize("begin", BEGINNINGS)
def test_unfinished_operation_is_shown(repo: Repo, triage: Triage, place: Path, begin: Begin) -> None:
    begin(repo, place)
    row = triage().worktree(place)
    assert row["worktree_details"]["operations"] == [BEGINNINGS[begin]]
    assert "operation" in row["flags"]
    assert row["notes"]["operation"] == BEGINNINGS[begin]


@pytest.mark.parametrize("begin", BEGINNINGS)
def test_worktree_stays_with_its_branch(repo: Repo, triage: Triage, place: Path, begin: Begin) -> None:
    begin(repo, place)
    row = triage().branch("ours")
    assert row["worktree"] == str(place)
    assert "detached" not in row["flags"]


@pytest.mark.parametrize("begin", CONFLICTS)
def test_conflict_is_counted(repo: Repo, triage: Triage, place: Path, begin: Begin) -> None:
    begin(repo, place)
    row = triage().worktree(place)
    assert row["dirt"] == {"changed": 1, "untracked": 0, "conflicts": 1}
    assert "conflicted" in row["flags"]


def test_nothing_unfinished_is_shown_when_all_is_aborted(repo: Repo, triage: Triage, place: Path) -> None:
    begin_rebase(repo, place)
    repo.git("rebase", "--abort", cwd=place)
    begin_merge(repo, place)
    repo.git("merge", "--abort", cwd=place)
    begin_bisect(repo, place)
    repo.git("bisect", "reset", cwd=place)
    row = triage().worktree(place)
    assert (row["worktree_details"]["operations"], row["branch"], row["dirty"]) == ([], "ours", 0)


def test_operation_is_shown_in_its_own_worktree_only(repo: Repo, triage: Triage, place: Path) -> None:
    other = repo.worktree("other")
    begin_rebase(repo, place)
    begin_bisect(repo, other)
    answer = triage()
    assert answer.worktree(place)["worktree_details"]["operations"] == ["rebase"]
    assert answer.worktree(other)["worktree_details"]["operations"] == ["bisect"]


def test_rebase_of_a_detached_head_belongs_to_no_branch(repo: Repo, triage: Triage, place: Path) -> None:
    repo.git("checkout", "-q", "--detach", cwd=place)
    begin_rebase(repo, place)
    row = triage().worktree(place)
    assert (row["branch"], row["worktree_details"]["operations"]) == (None, ["rebase"])


def test_two_operations_at_once(repo: Repo, triage: Triage, place: Path) -> None:
    begin_bisect(repo, place)
    begin_merge(repo, place)
    assert set(triage().worktree(place)["worktree_details"]["operations"]) == {"bisect", "merge"}


# -- lock files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock"])
def test_lock_file_is_shown_and_dirt_still_counted(repo: Repo, triage: Triage, place: Path, name: str) -> None:
    admin_dir = Path(repo.git("rev-parse", "--absolute-git-dir", cwd=place))
    (admin_dir / name).touch()
    (place / "new.txt").write_text("new")
    row = triage().worktree(place)
    assert row["worktree_details"]["lock_files"] == [name]
    assert ("lock_file" in row["flags"], row["dirty"]) == (True, 1)


def test_lock_file_of_another_worktree_is_not_shown(repo: Repo, triage: Triage, place: Path) -> None:
    other = repo.worktree("other")
    (repo.path / ".git/worktrees" / other.name / "index.lock").touch()
    assert triage().worktree(place)["worktree_details"]["lock_files"] == []


# -- signal folders ----------------------------------------------------------------------------------------

SIGNAL_FOLDERS = ["docs/plans/.signals", ".kasmos/signals"]


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text")


@pytest.fixture(params=["nothing", "sibling"])
def surroundings(request: pytest.FixtureRequest, repo: Repo) -> str:
    """Whether the folders above the signal folders hold tracked files."""
    if request.param == "sibling":
        repo.commit("plans", {"docs/plans/a.md": "a", ".kasmos/settings": "s"})
    return str(request.param)


@pytest.mark.parametrize("kind", ["main", "linked"])
@pytest.mark.parametrize("folders", [SIGNAL_FOLDERS[:1], SIGNAL_FOLDERS[1:], SIGNAL_FOLDERS])
def test_signals_are_no_dirt(
    repo: Repo, triage: Triage, surroundings: str, folders: list[str], kind: str
) -> None:
    path = repo.path if kind == "main" else repo.worktree("side")
    for folder in folders:
        write(path / folder / "implement-finished-2026-01-01-a.md")
        write(path / folder / "processing/claimed")
    assert triage().worktree(path)["dirty"] == 0


@pytest.mark.parametrize("beside", ["docs/plans/new.md", "docs/notes.txt", ".kasmos/notes.txt", ".signals/x"])
def test_what_lies_beside_signals_is_dirt(repo: Repo, triage: Triage, surroundings: str, beside: str) -> None:
    for folder in SIGNAL_FOLDERS:
        write(repo.path / folder / "one")
    write(repo.path / beside)
    assert triage().worktree(repo.path)["dirt"] == {"changed": 0, "untracked": 1, "conflicts": 0}


def test_signals_lie_in_the_configured_plans_folder(repo: Repo, triage: Triage) -> None:
    repo.git("config", "kas.plans", "notes/plans")
    write(repo.path / "notes/plans/.signals/one")
    assert triage().worktree(repo.path)["dirty"] == 0
