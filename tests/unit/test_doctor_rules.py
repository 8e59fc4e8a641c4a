"""The rules of doctor's checks, each at its edges."""

from __future__ import annotations

from typing import Any

import pytest

from git_kas.domain.doctor import (
    Check,
    FileStamp,
    Finding,
    MoveSetting,
    RemoveSection,
    RepairWorktree,
    SetAside,
)
from git_kas.domain.doctor_rules import (
    Folders,
    Settings,
    WorktreeLock,
    bare_core,
    branch_settings,
    broken_links,
    copied_folders,
    dead_locks,
    foreign_folders,
    git_versions,
    misled_core,
    missing_folders,
    moved_folders,
    old_operations,
    plans_without_branch,
    shallow_clone,
    shared_branches,
    shared_settings,
    tracked_states,
)
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.lock_files import SeenProcess
from git_kas.domain.lock_owner import LockOwner
from git_kas.domain.worktree import FolderState, Operation, Worktree
from unit.situations import DAY, NOW, branch, plan, rows, worktree

MISSING, FOREIGN = FolderState.MISSING, FolderState.FOREIGN
MAIN = worktree("main")
STAMP = FileStamp(1, 2, 3, 4)


def folder_checks(folders: Folders) -> dict[str, Check]:
    """What is found, by subject."""
    every = (moved_folders, broken_links, missing_folders, foreign_folders, copied_folders)
    found = [finding for rule in every for finding in rule(folders)]
    assert len({finding.subject for finding in found}) == len(found)
    return {finding.subject: finding.check for finding in found}


def one(found: Any) -> Finding:
    (finding,) = found
    assert isinstance(finding, Finding)
    return finding


# -- folders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "others", "dangling", "found"),
    [
        (worktree("a"), (), "", {}),
        (worktree("a", folder=MISSING), (), "", {"/wt/a": Check.MISSING_FOLDER}),
        (worktree("a", folder=MISSING, locked=True), (), "", {}),
        (worktree("a", folder=MISSING), ("/x",), "", {"/wt/a": Check.MOVED_FOLDER}),
        (worktree("a", folder=MISSING, locked=True), ("/x",), "", {"/wt/a": Check.MOVED_FOLDER}),
        (worktree("a", folder=FOREIGN), ("/x",), "", {"/wt/a": Check.MOVED_FOLDER}),
        (worktree("a", folder=MISSING, moved_to="/x"), (), "", {"/wt/a": Check.MOVED_FOLDER}),
        (worktree("a"), ("/x", "/y"), "", {"/x": Check.COPIED_FOLDER, "/y": Check.COPIED_FOLDER}),
        (worktree("a", folder=FOREIGN), (), "", {"/wt/a": Check.FOREIGN_FOLDER}),
        (worktree("a", folder=FOREIGN), (), "/old/.git/worktrees/a", {"/wt/a": Check.BROKEN_LINK}),
        (worktree("a", folder=FOREIGN), (), "/old/.git/worktrees/b", {"/wt/a": Check.FOREIGN_FOLDER}),
        (worktree("a", folder=FOREIGN), (), "/old/bare.git/worktrees/a", {"/wt/a": Check.FOREIGN_FOLDER}),
    ],
)
def test_each_state_of_a_folder_has_one_name(
    tree: Worktree, others: tuple[str, ...], dangling: str, found: dict[str, Check]
) -> None:
    folders = Folders([MAIN, tree], {"a": others}, {tree.path: dangling} if dangling else {})
    assert folder_checks(folders) == found


def test_main_worktree_is_no_business_of_these() -> None:
    assert folder_checks(Folders([worktree("main", folder=FOREIGN)])) == {}


@pytest.mark.parametrize("stranger", [True, False])
def test_repair_only_where_no_stranger_is_registered(*, stranger: bool) -> None:
    trees = [MAIN, worktree("a", folder=MISSING), worktree("b", folder=FOREIGN)]
    dangling = {} if stranger else {"/wt/b": "/old/.git/worktrees/b"}
    folders = Folders(trees, {"a": ("/x",)}, dangling)
    fix = one(moved_folders(folders)).fix
    assert fix == (None if stranger else RepairWorktree("/x"))
    assert [finding.fix for finding in broken_links(folders)] == ([] if stranger else [RepairWorktree("/wt/b")])


def test_a_worktree_that_is_seen_twice_is_one() -> None:
    tree = worktree("a", folder=MISSING, moved_to="/x")
    assert one(moved_folders(Folders([tree], {"a": ("/x",)}))).fix == RepairWorktree("/x")


# -- settings ----------------------------------------------------------------------------------------------

HERE = RepositoryLocation("/repo/.git", "/repo/.git", "/repo", "/repo")


@pytest.mark.parametrize(
    ("value", "common_dir", "has_index", "count"),
    [
        ("true", "/repo/.git", True, 1),
        ("Yes", "/repo/.git", True, 1),
        ("false", "/repo/.git", True, 0),
        ("true", "/repo/.git", False, 0),
        ("true", "/repo.git", True, 0),
    ],
)
def test_core_bare(value: str, common_dir: str, count: int, *, has_index: bool) -> None:
    location = HERE._replace(common_dir=common_dir)
    settings = Settings((("core.bare", value),))
    assert len(list(bare_core(settings, location, has_index=has_index))) == count


@pytest.mark.parametrize(
    ("value", "main", "count"),
    [
        ("/elsewhere", worktree("main"), 0),
        ("/elsewhere", worktree("main", folder=MISSING), 1),
        ("/elsewhere", worktree("main", folder=FOREIGN), 1),
        ("", worktree("main", folder=FOREIGN), 0),
    ],
)
def test_core_worktree(value: str, main: Worktree, count: int) -> None:
    settings = Settings((("core.worktree", value),) if value else ())
    assert len(list(misled_core(settings, [main, worktree("a")]))) == count


WORKTREE_CONFIG = ("extensions.worktreeconfig", "true")


@pytest.mark.parametrize(
    ("shared", "main", "fixes"),
    [
        ((("core.worktree", "/x"),), (), []),  # without the extension it counts for the main worktree only
        ((WORKTREE_CONFIG, ("core.worktree", "/x")), (), [MoveSetting("core.worktree", "/x")]),
        ((WORKTREE_CONFIG, ("core.bare", "true")), (), [MoveSetting("core.bare", "true")]),
        ((WORKTREE_CONFIG, ("core.bare", "false")), (), []),
        (
            (WORKTREE_CONFIG, ("core.worktree", "/x")),
            (("core.worktree", "/x"),),
            [MoveSetting("core.worktree", "/x")],
        ),
        ((WORKTREE_CONFIG, ("core.worktree", "/x")), (("core.worktree", "/y"),), [None]),
        ((WORKTREE_CONFIG, ("core.worktree", "/x"), ("core.worktree", "/y")), (), [None]),
    ],
)
def test_shared_settings(shared: Any, main: Any, fixes: list[MoveSetting | None]) -> None:
    found = shared_settings(Settings(shared, main), [MAIN, worktree("a")])
    assert [finding.fix for finding in found] == fixes
    assert list(shared_settings(Settings(shared, main), [MAIN])) == []


def test_section_keeps_its_text() -> None:
    shared = (
        ("branch.a.b.description", 'x\n"y"\t\\'),
        ("branch.a.b.remote", "o"),
        ("branch.autosetuprebase", "x"),
    )
    finding = one(branch_settings(Settings(shared), {"main"}, []))
    text = '[branch "a.b"]\n\tdescription = "x\\n\\"y\\"\\t\\\\"\n\tremote = "o"\n'
    assert (finding.subject, finding.fix) == ("a.b", RemoveSection("branch.a.b", text))


@pytest.mark.parametrize("known", ["gone", "GONE", "checked out"])
def test_section_of_a_branch_that_is_there_or_about_to_be_is_left(known: str) -> None:
    trees = [worktree("a", "gone")] if known == "checked out" else []
    names = set() if known == "checked out" else {known}
    assert list(branch_settings(Settings((("branch.gone.remote", "o"),)), names, trees)) == []


# -- the rest ----------------------------------------------------------------------------------------------


def test_dead_lock_needs_a_proof_and_an_empty_worktree() -> None:
    tree = worktree("a", locked=True, lock_reason="pid=7 host=box")
    lock = WorktreeLock(tree, LockOwner(7, "box"), STAMP, None)
    path = f"{tree.admin_dir}/locked"
    assert one(dead_locks([lock], "box", assume_idle=False)).fix == SetAside(path, STAMP)
    assert list(dead_locks([lock._replace(found_start=1)], "box", assume_idle=True)) == []
    busy = lock._replace(workers=[SeenProcess(9, "node", frozenset({tree.path}))])
    assert one(dead_locks([busy], "box", assume_idle=True)).fix is None
    hidden = lock._replace(unseen="a container")
    assert one(dead_locks([hidden], "box", assume_idle=False)).fix is None
    assert one(dead_locks([hidden], "box", assume_idle=True)).fix == SetAside(path, STAMP)


@pytest.mark.parametrize(("age", "count"), [(0, 0), (7 * DAY, 0), (7 * DAY + 1, 1), (-DAY, 0)])
def test_operation_is_old_after_a_week(age: int, count: int) -> None:
    tree = worktree("a", operations=(Operation.REBASE,))
    assert len(list(old_operations([tree, worktree("b")], {tree.path: NOW - age, "/wt/b": 0}, NOW))) == count


def test_plans_and_their_branches() -> None:
    joined = rows(
        plan("gone", "implementing", "plan/gone"),
        plan("later", "ready", "plan/later"),
        plan("one", "ready", "shared"),
        plan("two", "done", "shared"),
        plan("2026-01-01-x", "ready"),
        plan("2026-01-02-x", "ready"),
        branch("shared"),
    )
    assert one(plans_without_branch(joined)).subject == "gone.md"
    assert {finding.subject: finding.evidence for finding in shared_branches(joined)} == {
        "shared": ("of one.md, two.md",),
        "plan/x": ("of 2026-01-01-x.md, 2026-01-02-x.md",),
    }


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "tracked by r0"),
        (5, "tracked by r0, r1, r2, r3, r4"),
        (7, "tracked by r0, r1, r2, r3, r4, and 2 more"),
    ],
)
def test_tracked_state_names_some_branches(count: int, said: str) -> None:
    found = tracked_states({"a.json": [f"r{number}" for number in range(count)], "b.json": []})
    assert one(found).evidence == (said,)


def test_git_version_says_all_that_is_missing() -> None:
    partial = Settings((("remote.origin.promisor", "true"),))
    assert len(one(git_versions((2, 29), partial)).evidence) == 2
    assert list(git_versions((3, 0), partial)) == []
    assert list(git_versions((2, 30), Settings(()))) == []


def test_shallow() -> None:
    assert one(shallow_clone("/repo/.git", is_shallow=True)).check is Check.SHALLOW
    assert list(shallow_clone("/repo/.git", is_shallow=False)) == []
