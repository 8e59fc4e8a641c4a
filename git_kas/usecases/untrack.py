"""Takes plan state out of version control without losing a plan: ``git kas init --untrack``.

In this order, so that whatever interrupts it loses nothing and the next run goes on: the plans into the store,
and read back; the rules into ``.gitignore``; the paths out of the index. The files are left alone, and nothing
is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from git_kas.domain.guard import pathspecs
from git_kas.domain.untrack import EMPTY_BLOBS, IGNORE_FILE, TrackedPath, commit_command, tracked_paths
from git_kas.errors import Busy, NotFound, WouldLoseData
from git_kas.usecases.finish_checks import named, worktree_problem
from git_kas.usecases.untrack_git import UntrackGit
from git_kas.usecases.untrack_ignore import IgnoreFile, Ignoring
from git_kas.usecases.untrack_plans import Elsewhere, FilePlans, Importing
from git_kas.usecases.untrack_versions import Holder, Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.base import References
    from git_kas.domain.guard import GuardPattern
    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.mutation import Request
    from git_kas.domain.names import ObjectId
    from git_kas.domain.untrack import Entry
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.contents import Contents
    from git_kas.ports.files import WorktreeFiles
    from git_kas.ports.git import Porcelain
    from git_kas.ports.store import Store


@dataclass(frozen=True, slots=True)
class UntrackPorts:
    """What it works through; ``open_store`` opens the store anew each time."""

    open_store: Callable[[], Store]
    porcelain: Porcelain
    contents: Contents
    files: WorktreeFiles


@dataclass(frozen=True, slots=True)
class UntrackScope:
    """Where, and for whom.

    ``here`` is the worktree we are in as Git knows it, ``worktrees`` are all. ``earlier`` is the path of the
    earlier system's state file, None if there is no place for it. ``patterns`` say what never belongs into a
    commit.
    """

    location: RepositoryLocation
    here: Worktree | None
    worktrees: Sequence[Worktree]
    references: References
    earlier: str | None
    patterns: Sequence[GuardPattern]
    request: Request


@dataclass(frozen=True, slots=True)
class UntrackedFile:
    """A guarded path that was tracked; ``plans`` is None where it holds none."""

    tracked: TrackedPath
    plans: FilePlans | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The commit up to which history is old, and the branches that have more of the file than it."""

    commit: ObjectId
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class Untracked:
    """What was done, or with ``dry_run`` what would be.

    ``commit`` is the command that commits it, empty if there is nothing to commit; ``other_staged`` are paths
    that would be in that commit, too. ``holders`` are the branches and worktrees that still have a file.
    """

    dry_run: bool
    files: Sequence[UntrackedFile] = ()
    elsewhere: Sequence[Elsewhere] = ()
    ignored: Sequence[IgnoreFile] = ()
    commit: str = ""
    other_staged: Sequence[str] = ()
    baseline: Baseline | None = None
    holders: Sequence[Holder] = ()
    warnings: Sequence[str] = ()


def untrack(ports: UntrackPorts, scope: UntrackScope, *, dry_run: bool) -> Untracked:
    """Take every guarded path out of the index of this worktree, its plans into the store first.

    Raises:
        NotFound: we are in no worktree.
        Busy: another Git is at work here.
        WouldLoseData: something unfinished is in the way, or a staged version stands nowhere else.
        StoreCorrupt: a state file is damaged, or the store does not give back what was imported.
    """
    try:
        return _Untracking(ports, scope, dry_run=dry_run).all()
    finally:
        ports.contents.close()


class _Untracking:
    def __init__(self, ports: UntrackPorts, scope: UntrackScope, *, dry_run: bool) -> None:
        self._ports, self._scope, self._dry_run = ports, scope, dry_run
        self._top = _insist_on_worktree(scope.location)
        self._git = UntrackGit(ports.porcelain, self._top, scope.location.git_dir)
        self._specs = pathspecs(scope.patterns)
        self._warnings: list[str] = []

    def all(self) -> Untracked:
        self._refuse_unfinished()
        head = self._git.head()
        index = self._git.index([*self._specs, f":(top,glob)**/{IGNORE_FILE}"])
        in_head: Mapping[str, Entry] = self._git.tree(head) if head is not None else {}
        tracked = tracked_paths(index, in_head, self._scope.patterns)
        baseline = self._baseline(head)
        if not tracked:
            return Untracked(self._dry_run, baseline=baseline, warnings=self._warnings)
        self._refuse_lonely_versions(tracked)
        versions = self._versions(head)
        files, elsewhere = self._import(tracked, versions)
        ignored, others = self._unstage(tracked, index, in_head)
        staged = (
            any(path.head is not None for path in tracked) or others or any(file.staged for file in ignored)
        )
        return Untracked(
            self._dry_run,
            files,
            elsewhere,
            ignored,
            commit_command([path.path for path in tracked]) if staged else "",
            others,
            baseline,
            [holder for path in tracked for holder in versions.holders(path)],
            list(dict.fromkeys(self._warnings)),
        )

    def _refuse_unfinished(self) -> None:
        here = self._scope.here
        if here is not None and here.lock_files:
            raise Busy(
                f"Another git is at work in {here.path} ({here.lock_files[0]}).",
                next_step="Wait for it; 'git kas doctor' says if it is gone.",
            )
        if here is not None and (problem := worktree_problem(here)):
            raise WouldLoseData(
                f"{problem}.", next_step="Finish or give up what was begun, then run this again."
            )
        if paths := self._git.unmerged():
            raise WouldLoseData(
                f"The index has conflicts: {named(paths)}.", next_step="Settle them, then run this again."
            )

    def _refuse_lonely_versions(self, tracked: Sequence[TrackedPath]) -> None:
        """Refuse what ``git rm --cached`` would refuse, before anything is done."""
        for path in tracked:
            staged = path.staged
            if staged is None or staged.object in EMPTY_BLOBS or staged == path.head:
                continue
            there = self._ports.files.read(self._top, path.path) is not None if path.holds_plans else True
            if there and self._git.is_changed(path.path):
                raise WouldLoseData(
                    f"What is staged of {path.path} stands nowhere else, neither in the file nor in HEAD.",
                    next_step="Commit it, or take it back with 'git restore --staged', then run this again.",
                )

    def _versions(self, head: ObjectId | None) -> Versions:
        here = self._scope.here
        return Versions(
            self._git,
            self._ports.files,
            self._ports.contents.blob,
            self._top,
            here.path if here is not None else self._top,
            self._scope.worktrees,
            self._scope.references,
            head,
            self._warnings,
        )

    def _import(
        self, tracked: Sequence[TrackedPath], versions: Versions
    ) -> tuple[list[UntrackedFile], Sequence[Elsewhere]]:
        scope, holding = self._scope, [path for path in tracked if path.holds_plans]
        found = {path: version for path in holding if (version := versions.of_here(path)) is not None}
        importing = Importing(
            self._ports.open_store, scope.request, scope.earlier, self._dry_run, self._warnings
        )
        importing.check(found.values())
        # The file that the store shows comes first: where two say different things of a plan, it counts.
        order = sorted(found, key=lambda path: (found[path].path != scope.earlier, path.path))
        plans = {path: importing.bring_in(found[path]) for path in order}
        importing.begin()
        elsewhere = importing.missing(version for path in holding for version in versions.others(path))
        return [UntrackedFile(path, plans.get(path)) for path in tracked], elsewhere

    def _unstage(
        self, tracked: Sequence[TrackedPath], index: Mapping[str, Entry], head: Mapping[str, Entry]
    ) -> tuple[list[IgnoreFile], list[str]]:
        """Write the rules and take the paths out; the files with rules, and what else is staged."""
        paths = [path.path for path in tracked]
        ignoring = Ignoring(
            self._git, self._ports.files, self._top, index, head, self._ports.contents.blob, self._warnings
        )
        others = [path for path in self._git.staged() if path not in paths]
        ignored = ignoring.ignore(paths, dry_run=self._dry_run)
        ours = {file.file for file in ignored if ignoring.was_staged_by_us(file.file, paths)}
        in_index = [path.path for path in tracked if path.staged is not None]
        if in_index and not self._dry_run:
            self._git.take_out(in_index)
        return ignored, [path for path in others if path not in ours]

    def _baseline(self, head: ObjectId | None) -> Baseline | None:
        """Where the old history ends, None if there is no history that has a guarded path."""
        if head is None:
            return None
        here = self._git.refs_that_change(self._specs, "--max-count=1", head)
        others = self._git.refs_that_change(self._specs, "--branches", "--not", head)
        if not here and not others:
            return None
        return Baseline(head, [ref.removeprefix("refs/heads/") for ref in others])


def _insist_on_worktree(location: RepositoryLocation) -> str:
    if location.worktree is None:
        raise NotFound(
            f"{location.git_dir} has no worktree here, and what is tracked is said by the index of one.",
            next_step="Change to a worktree, or make one with 'git worktree add'.",
        )
    return location.worktree
