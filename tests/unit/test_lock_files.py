"""Which lock files count as left over, and who could hold one."""

from __future__ import annotations

import pytest

from git_kas.domain.doctor import FileStamp, Finding, SetAside
from git_kas.domain.lock_files import SETTLED, STANDING, LockFile, SeenProcess, could_hold, left_over
from unit.situations import worktree

COMMON = "/repo/.git"
STAMP = FileStamp(1, 2, 3, 4)
TREE = worktree("one")
MAIN = worktree("main")
NESTED = worktree("one/nested")
TREES = [MAIN, TREE, NESTED]
PATH = f"{TREE.admin_dir}/index.lock"


def process(name: str, *places: str, files: tuple[str, ...] = (), ancestor: bool = False) -> SeenProcess:
    return SeenProcess(7, name, frozenset(places), frozenset(files), ancestor)


def lock(age: int = STANDING, *, is_ours: bool = True, unseen: str = "") -> LockFile:
    return LockFile(TREE, PATH, STAMP, age, is_ours, unseen)


def look(found: LockFile, *processes: SeenProcess, assume_idle: bool = False) -> list[Finding]:
    return list(left_over([found], processes, COMMON, TREES, assume_idle=assume_idle))


COULD = [
    process("git", TREE.path),
    process("git", f"{TREE.path}/below"),
    process("git", COMMON),
    process("git", TREE.admin_dir),
    process("node", TREE.path),
    process("git", "/elsewhere", TREE.path),
    process("git", TREE.path, ancestor=True),  # a hook
    process("bash", "/elsewhere", files=(PATH,)),
    process("node", "/elsewhere", files=(PATH,), ancestor=True),
    SeenProcess(7, "git", None),
    SeenProcess(7, "git-remote-http", None),
]
COULD_NOT = [
    process("git", "/elsewhere"),
    process("git", f"{TREE.path}-beside"),
    process("git", MAIN.path),
    process("node", NESTED.path),
    process("bash", TREE.path),
    process("node", TREE.path, ancestor=True),
    SeenProcess(7, "ssh-agent", None),
]


@pytest.mark.parametrize("seen", COULD)
def test_who_could_hold_a_lock(seen: SeenProcess) -> None:
    assert could_hold(seen, lock(), COMMON, TREES)
    assert [finding.fix for finding in look(lock(), seen)] in ([], [None])


@pytest.mark.parametrize("seen", COULD_NOT)
def test_who_could_not(seen: SeenProcess) -> None:
    assert not could_hold(seen, lock(), COMMON, TREES)
    assert [finding.fix for finding in look(lock(), seen)] == [SetAside(PATH, STAMP)]


@pytest.mark.parametrize(("age", "count"), [(0, 0), (SETTLED - 1, 0), (SETTLED, 1), (10**9, 1)])
def test_a_young_lock_is_nobody_s_business(age: int, count: int) -> None:
    assert len(look(lock(age))) == count


@pytest.mark.parametrize(("age", "count"), [(SETTLED, 0), (STANDING - 1, 0), (STANDING, 1)])
def test_one_that_could_be_held_is_told_late_and_never_touched(age: int, count: int) -> None:
    found = look(lock(age), process("node", TREE.path), assume_idle=True)
    assert [finding.fix for finding in found] == [None] * count


def test_one_that_is_held_for_certain_is_not_told() -> None:
    assert look(lock(10**9), process("git", files=(PATH,))) == []


def test_a_time_in_the_future_proves_nothing() -> None:
    (finding,) = look(lock(-5))
    assert finding.fix is None
    assert finding.evidence[0] == "its time lies in the future"


def test_another_account_s_lock_is_not_touched() -> None:
    (finding,) = look(lock(is_ours=False), assume_idle=True)
    assert (finding.fix, finding.evidence[1]) == (None, "it belongs to another account")


def test_where_nobody_can_look_the_user_may_vouch() -> None:
    (finding,) = look(lock(unseen="a container"))
    assert finding.fix is None
    assert finding.evidence[1].startswith("a container (--assume-idle")
    (finding,) = look(lock(unseen="a container"), assume_idle=True)
    assert finding.fix == SetAside(PATH, STAMP)


@pytest.mark.parametrize("place", [COMMON, MAIN.path, TREE.path, f"{NESTED.path}/below"])
def test_a_lock_of_all_worktrees_could_be_held_from_any(place: str) -> None:
    shared = lock()._replace(worktree=None, path=f"{COMMON}/packed-refs.lock")
    assert could_hold(process("git", place), shared, COMMON, TREES)
    assert not could_hold(process("git", "/elsewhere"), shared, COMMON, TREES)
    assert [finding.fix for finding in look(shared, process("git", place))] == [None]
