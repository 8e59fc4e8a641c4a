"""Doctor looks again before and after each fix, and never acts on what has changed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest

from git_kas.domain.branch import LocalBranch
from git_kas.domain.doctor import Check, FileStamp
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import BranchName
from git_kas.domain.worktree import FolderState, Worktree
from git_kas.errors import ProgramFailed, Unreachable
from git_kas.ports.fake_inspection import FakeAdminFiles, FakeProcessTable
from git_kas.ports.fakes import FakeClock, FakeGitFolders, FakePorcelain, FakeProgress, FakeRepository
from git_kas.ports.inspection import FileFacts
from git_kas.usecases.doctor import Diagnosed, diagnose, mend
from git_kas.usecases.examination import DoctorPorts, DoctorScope
from unit.situations import NOW, TIP, worktree

COMMON = "/repo/.git"
LOCATION = RepositoryLocation(COMMON, COMMON, "/repo", "/repo")
STAMP = FileStamp(1, 2, 3, 4)
MAIN = Worktree("", "/repo", COMMON, BranchName("main"), None)
CONFIG = ("config", "--file", f"{COMMON}/config", "--list", "-z")


@dataclass
class ActingPorcelain(FakePorcelain):
    """Does what ``effects`` say when a command with that first two words is run."""

    effects: dict[str, Callable[[], None]] = field(default_factory=dict)

    def run(self, folder: str, *arguments: str, at: int | None = None) -> str:
        answer = super().run(folder, *arguments, at=at)
        for word, effect in self.effects.items():
            if word in arguments:
                effect()
        return answer


@dataclass
class World:
    """Fakes of all that doctor reaches."""

    folders: FakeGitFolders = field(default_factory=lambda: FakeGitFolders(listed=[MAIN]))
    repository: FakeRepository = field(
        default_factory=lambda: FakeRepository(branches=[LocalBranch(BranchName("main"), TIP)])
    )
    porcelain: ActingPorcelain = field(
        default_factory=lambda: ActingPorcelain(answers={("version",): "git version 2.39.5"})
    )
    files: FakeAdminFiles = field(default_factory=FakeAdminFiles)
    processes: FakeProcessTable = field(default_factory=FakeProcessTable)

    def ports(self) -> DoctorPorts:
        return DoctorPorts(
            git_folders=self.folders,
            open_repository=lambda: self.repository,
            open_store=unreachable,
            porcelain=self.porcelain,
            admin_files=self.files,
            processes=self.processes,
            clock=FakeClock(NOW),
            progress=FakeProgress(),
            exclusive=nullcontext,
        )

    def ask(self, *checks: Check, fix: bool = True, assume_idle: bool = False) -> list[Diagnosed]:
        scope = DoctorScope(LOCATION, lambda: "docs/plans", assume_idle)
        return (mend if fix else diagnose)(self.ports(), scope, checks)

    def write(self, path: str, age: int = 7200) -> None:
        self.files.files[path] = FileFacts(STAMP, NOW - age, is_ours=True)


def unreachable() -> Any:
    raise Unreachable("The plan store cannot be reached.", next_step="Start it.")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def moved(world: World) -> World:
    """A worktree whose folder is elsewhere."""
    world.folders.listed = [MAIN, worktree("one", "side", folder=FolderState.MISSING)]
    world.files.others = {"one": ["/wt/elsewhere"]}
    return world


def repaired(world: World) -> None:
    world.folders.listed = [MAIN, worktree("elsewhere", "side")]
    world.files.others = {}


def test_diagnosis_changes_nothing(moved: World) -> None:
    (found,) = moved.ask(Check.MOVED_FOLDER, fix=False)
    assert (found.fixed, found.finding.fix is None) == (False, False)
    assert moved.porcelain.calls == []


def test_fix_is_confirmed_by_a_second_look(moved: World) -> None:
    moved.porcelain.effects = {"repair": lambda: repaired(moved)}
    (found,) = moved.ask(Check.MOVED_FOLDER)
    assert found.fixed
    assert moved.porcelain.calls == [(COMMON, ("worktree", "repair", "/wt/elsewhere"))]


def test_fix_that_changes_nothing_is_not_called_one(moved: World) -> None:
    (found,) = moved.ask(Check.MOVED_FOLDER)
    assert not found.fixed
    assert len(moved.porcelain.calls) == 1


def test_what_an_earlier_fix_settled_is_not_fixed_again(moved: World) -> None:
    moved.folders.listed = [*moved.folders.listed, worktree("two", "other", folder=FolderState.MISSING)]
    moved.files.others = {"one": ["/wt/a"], "two": ["/wt/b"]}
    moved.porcelain.effects = {"repair": lambda: repaired(moved)}
    assert [found.fixed for found in moved.ask(Check.MOVED_FOLDER)] == [True, True]
    assert len(moved.porcelain.calls) == 1


def test_what_has_changed_since_it_was_found_is_left(world: World) -> None:
    path = f"{COMMON}/index.lock"
    world.folders.listed = [Worktree("", "/repo", COMMON, BranchName("main"), lock_files=("index.lock",))]
    looks: list[int] = []

    class ChangingFiles(FakeAdminFiles):
        def facts(self, path: str) -> FileFacts | None:
            looks.append(len(path))
            return (
                None
                if not path.endswith("index.lock")
                else FileFacts(FileStamp(1, len(looks), 3, 4), NOW - 7200, is_ours=True)
            )

    world.files = ChangingFiles()
    (found,) = world.ask(Check.LOCK_FILE)
    assert (found.finding.subject, found.fixed) == (path, False)
    assert found.note == "it has changed since it was found, and was left"
    assert world.files.aside == []


def test_file_that_changes_at_the_last_moment_is_left(world: World) -> None:
    path = f"{COMMON}/index.lock"
    world.folders.listed = [Worktree("", "/repo", COMMON, BranchName("main"), lock_files=("index.lock",))]

    class LateFiles(FakeAdminFiles):
        def set_aside(self, path: str, stamp: FileStamp) -> str:
            self.files[path] = FileFacts(FileStamp(1, 9, 3, 4), NOW, is_ours=True)
            return super().set_aside(path, stamp)

    world.files = LateFiles()
    world.write(path)
    (found,) = world.ask(Check.LOCK_FILE)
    assert (found.fixed, found.note, path in world.files.files) == (False, f"{path} has changed", True)


def test_section_is_kept_before_it_is_removed(world: World) -> None:
    world.write(f"{COMMON}/config")
    world.porcelain.answers = {CONFIG: "branch.gone.remote\norigin\0branch.main.remote\norigin\0"}
    kept_at: list[dict[str, str]] = []
    world.porcelain.effects = {"--remove-section": lambda: kept_at.append(dict(world.files.kept))}
    world.ask(Check.BRANCH_SETTINGS)
    assert kept_at == [{"branch-section": '[branch "gone"]\n\tremote = "origin"\n'}]
    assert world.porcelain.calls.count((COMMON, (*CONFIG[:3], "--remove-section", "branch.gone"))) == 1


def test_failing_fix_does_not_keep_the_next_from_being_tried(moved: World) -> None:
    def fail() -> None:
        raise ProgramFailed("git worktree failed.", next_step="Look.")

    moved.folders.listed = [*moved.folders.listed, worktree("two", "other", folder=FolderState.MISSING)]
    moved.files.others = {"one": ["/wt/a"], "two": ["/wt/b"]}
    moved.porcelain.effects = {"repair": fail}
    assert [found.note for found in moved.ask(Check.MOVED_FOLDER)] == ["git worktree failed"] * 2


def test_check_that_cannot_look_says_so_and_stops_no_other(moved: World) -> None:
    found = moved.ask(Check.NO_BRANCH, Check.MOVED_FOLDER, fix=False)
    assert [each.finding.failed_to_look for each in found] == [True, False]
    assert found[0].finding.evidence == ("The plan store cannot be reached",)


def test_every_check_has_a_look(world: World) -> None:
    found = world.ask(*Check, fix=False)
    assert {each.finding.check for each in found} == {Check.NO_BRANCH, Check.SHARED_BRANCH}


@pytest.mark.parametrize(
    ("blind", "assume_idle", "fixed"), [("", False, True), ("hidden", False, False), ("hidden", True, True)]
)
def test_dead_lock(world: World, blind: str, *, assume_idle: bool, fixed: bool) -> None:
    tree = worktree("one", "side", locked=True, lock_reason="host=box pid=7 start=1")
    world.folders.listed = [MAIN, tree]
    world.write(f"{tree.admin_dir}/locked")
    world.processes.blind = blind
    (found,) = world.ask(Check.DEAD_LOCK, assume_idle=assume_idle)
    assert (found.finding.fix is not None) == fixed
    assert (f"{tree.admin_dir}/locked" in world.files.aside) == fixed


def test_live_lock_is_no_finding(world: World) -> None:
    world.folders.listed = [worktree("one", "side", locked=True, lock_reason="host=box pid=7 start=5")]
    world.write(f"{world.folders.listed[0].admin_dir}/locked")
    world.processes.starts = {7: 5}
    assert world.ask(Check.DEAD_LOCK, assume_idle=True) == []
