"""One look at a repository for the checks of doctor: each thing is read when the first check asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from git_kas.domain import doctor_rules as rules
from git_kas.domain.branch import BranchSurvey, UnknownReason
from git_kas.domain.doctor import Check, Finding
from git_kas.domain.lock_files import SHARED_LOCK_FILES, LockFile, left_over, works_in
from git_kas.domain.lock_owner import lock_owner
from git_kas.domain.state_file import EARLIER_FOLDER, STATE_FILE_NAME
from git_kas.domain.triage import Situation, triage_rows
from git_kas.domain.verdicts import unknown
from git_kas.domain.worktree import FolderState
from git_kas.errors import KasError, PluginUnusable, ProgramFailed, UnsupportedRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from git_kas.domain.branch import LocalBranch
    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.triage import Row
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.clock import Clock
    from git_kas.ports.git import GitFolderReader, Porcelain, Repository
    from git_kas.ports.inspection import AdminFiles, ProcessTable
    from git_kas.ports.progress import Progress
    from git_kas.ports.store import Store


@dataclass(frozen=True, slots=True)
class DoctorPorts:
    """What doctor looks and acts through. What may be unusable is opened by the check that needs it.

    ``exclusive``: be the only one who acts on branches and worktrees, or raise Busy.
    """

    git_folders: GitFolderReader
    open_repository: Callable[[], Repository]
    open_store: Callable[[], Store]
    porcelain: Porcelain
    admin_files: AdminFiles
    processes: ProcessTable
    clock: Clock
    progress: Progress
    exclusive: Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class DoctorScope:
    """Which repository, and what may be taken for granted.

    ``assume_idle``: processes that cannot be seen do nothing.
    """

    location: RepositoryLocation
    find_plans_folder: Callable[[], str]
    assume_idle: bool = False


class Examination:
    """One look. A new one sees what has changed."""

    def __init__(self, ports: DoctorPorts, scope: DoctorScope) -> None:
        self._ports = ports
        self._scope = scope

    def findings(self, check: Check) -> list[Finding]:
        """What ``check`` finds. Where it cannot look, that is what it says."""
        try:
            return list(self._looks[check]())
        except KasError as error:
            return [Finding(check, "", (error.message.removesuffix("."),), failed_to_look=True)]

    @cached_property
    def _looks(self) -> Mapping[Check, Callable[[], Iterable[Finding]]]:
        return {
            Check.GIT_VERSION: lambda: rules.git_versions(self._git_version(), self._settings),
            Check.READER: self._reader,
            Check.CORE_BARE: self._core_bare,
            Check.CORE_WORKTREE: lambda: rules.misled_core(self._settings, self._worktrees),
            Check.SHARED_SETTINGS: lambda: rules.shared_settings(self._settings, self._worktrees),
            Check.MOVED_FOLDER: lambda: rules.moved_folders(self._folders),
            Check.BROKEN_LINK: lambda: rules.broken_links(self._folders),
            Check.MISSING_FOLDER: lambda: rules.missing_folders(self._folders),
            Check.FOREIGN_FOLDER: lambda: rules.foreign_folders(self._folders),
            Check.COPIED_FOLDER: lambda: rules.copied_folders(self._folders),
            Check.LOCK_FILE: self._lock_files,
            Check.DEAD_LOCK: self._dead_locks,
            Check.BRANCH_SETTINGS: self._branch_settings,
            Check.NO_BRANCH: lambda: rules.plans_without_branch(self._rows),
            Check.SHARED_BRANCH: lambda: rules.shared_branches(self._rows),
            Check.TRACKED_STATE: self._tracked_states,
            Check.OLD_OPERATION: self._old_operations,
            Check.SHALLOW: self._shallow,
        }

    # -- what is read ----------------------------------------------------------------------------------------

    @cached_property
    def _worktrees(self) -> Sequence[Worktree]:
        return self._ports.git_folders.worktrees(self._scope.location)

    @cached_property
    def _resolved(self) -> Sequence[Worktree]:
        """The worktrees by their paths without links, as processes are seen to use them."""
        resolved = self._ports.admin_files.resolved
        return [
            replace(tree, path=resolved(tree.path), admin_dir=resolved(tree.admin_dir))
            for tree in self._worktrees
        ]

    @cached_property
    def _folders(self) -> rules.Folders:
        files, dangling = self._ports.admin_files, {}
        for tree in self._worktrees:
            if tree.folder is FolderState.FOREIGN:
                target = files.gitfile_target(tree.path)
                if target is not None and not files.is_folder(target):
                    dangling[tree.path] = target
        return rules.Folders(self._worktrees, files.other_folders(self._worktrees), dangling)

    @cached_property
    def _settings(self) -> rules.Settings:
        return rules.Settings(self._entries("config"), self._entries("config.worktree"))

    def _entries(self, name: str) -> rules.Entries:
        common_dir = self._scope.location.common_dir
        path = f"{common_dir}/{name}"
        if self._ports.admin_files.facts(path) is None:
            return ()
        listed = self._ports.porcelain.run(common_dir, "config", "--file", path, "--list", "-z")
        items = (item.partition("\n") for item in listed.split("\0") if item)
        return tuple((key, value if separator else "true") for key, separator, value in items)

    @cached_property
    def _branches(self) -> Sequence[LocalBranch]:
        return self._ports.open_repository().local_branches()

    @cached_property
    def _rows(self) -> Sequence[Row]:
        """The plans as triage joins them with branches; what else triage looks at is left out."""
        not_judged = unknown(UnknownReason.CONTENT_NOT_COMPARED)
        plans = self._ports.open_store().list_plans()
        return triage_rows(
            Situation(
                plans=plans,
                remarks=(),
                plans_with_text=frozenset(plan.filename for plan in plans),
                branches=[BranchSurvey(branch, not_judged) for branch in self._branches],
                worktrees=(),
                dirt={},
                base=None,
                protected=frozenset(),
                now=self._ports.clock.now(),
                stalled_after=0,
            )
        )

    def _git_version(self) -> tuple[int, ...]:
        said = self._ports.porcelain.run(self._scope.location.common_dir, "version").split()
        numbers = said[2].split(".") if len(said) > 2 else []
        if len(numbers) < 2 or not (numbers[0].isdecimal() and numbers[1].isdecimal()):
            raise ProgramFailed("Git does not say its version.", next_step="Run 'git version'.")
        return int(numbers[0]), int(numbers[1])

    # -- checks that read more than one thing ----------------------------------------------------------------

    def _reader(self) -> Iterator[Finding]:
        try:
            self._ports.open_repository().local_branches()
        except (UnsupportedRepository, PluginUnusable) as error:
            look = ("git", "kas", "config", "--show-origin")
            evidence = (
                error.message.removesuffix("."),
                "the reader gitcli reads every repository that Git reads",
            )
            yield Finding(Check.READER, self._scope.location.common_dir, evidence, look=look)

    def _core_bare(self) -> Iterable[Finding]:
        location = self._scope.location
        has_index = self._ports.admin_files.facts(f"{location.common_dir}/index") is not None
        return rules.bare_core(self._settings, location, has_index=has_index)

    def _lock_files(self) -> Iterable[Finding]:
        files, processes = self._ports.admin_files, self._ports.processes
        now = self._ports.clock.now()
        common_dir = files.resolved(self._scope.location.common_dir)
        places: list[tuple[Worktree | None, str]] = [
            (None, f"{common_dir}/{name}") for name in SHARED_LOCK_FILES
        ]
        places += [(tree, f"{tree.admin_dir}/{name}") for tree in self._resolved for name in tree.lock_files]
        locks: list[LockFile] = []
        for tree, path in places:
            if (facts := files.facts(path)) is not None:
                unseen, age = processes.unseen(path), now - facts.modified_at
                locks.append(LockFile(tree, path, facts.stamp, age, facts.is_ours, unseen))
        seen = processes.processes() if locks else ()
        return left_over(locks, seen, common_dir, self._resolved, assume_idle=self._scope.assume_idle)

    def _dead_locks(self) -> Iterable[Finding]:
        files, processes = self._ports.admin_files, self._ports.processes
        owners = [(tree, lock_owner(tree.lock_reason)) for tree in self._resolved if tree.locked]
        seen = processes.processes() if any(owner for _, owner in owners) else ()
        locks: list[rules.WorktreeLock] = []
        for tree, owner in owners:
            facts = files.facts(rules.lock_path(tree))
            if owner is not None and facts is not None:
                workers = [process for process in seen if works_in(process, tree, self._resolved)]
                start, unseen = processes.start_of(owner.pid), processes.unseen(tree.admin_dir)
                locks.append(rules.WorktreeLock(tree, owner, facts.stamp, start, unseen, workers))
        return rules.dead_locks(locks, processes.host(), assume_idle=self._scope.assume_idle)

    def _branch_settings(self) -> Iterable[Finding]:
        names = {str(branch.name) for branch in self._branches}
        for finding in rules.branch_settings(self._settings, names, self._worktrees):
            # A file without a branch in it is one that was damaged, and may be mended.
            if (
                self._ports.admin_files.facts(f"{self._scope.location.common_dir}/refs/heads/{finding.subject}")
                is None
            ):
                yield finding

    def _tracked_states(self) -> Iterable[Finding]:
        repository = self._ports.open_repository()
        tips = {branch.name.ref: branch.tip for branch in self._branches if branch.tip}
        tips |= repository.remote_branches()
        folders = dict.fromkeys(("/".join(EARLIER_FOLDER), self._scope.find_plans_folder()))
        found: dict[str, list[str]] = {}
        for path in (f"{folder}/{STATE_FILE_NAME}" for folder in folders):
            held = repository.existing_paths([(tip, path) for tip in tips.values()])
            found[path] = [ref for ref, exists in zip(tips, held, strict=True) if exists]
        return rules.tracked_states(found)

    def _old_operations(self) -> Iterable[Finding]:
        times = {
            tree.path: self._ports.admin_files.last_touched(tree) for tree in self._worktrees if tree.operations
        }
        touched = {path: time for path, time in times.items() if time is not None}
        return rules.old_operations(self._worktrees, touched, self._ports.clock.now())

    def _shallow(self) -> Iterable[Finding]:
        is_shallow = self._ports.open_repository().is_shallow()
        return rules.shallow_clone(self._scope.location.common_dir, is_shallow=is_shallow)
