"""The rules of the checks in :mod:`git_kas.domain.doctor`: from what was read to findings. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.doctor import (
    Check,
    FileStamp,
    Finding,
    MoveSetting,
    RemoveSection,
    RepairWorktree,
    SetAside,
)
from git_kas.domain.lock_files import SeenProcess, named
from git_kas.domain.lock_owner import LockOwner, OwnerState, owner_state
from git_kas.domain.triage import SECONDS_PER_DAY, Flag
from git_kas.domain.worktree import FolderState, Worktree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.triage import Row

_LIST: Final = ("git", "worktree", "list", "--porcelain")
_OLD_OPERATION: Final = 7 * SECONDS_PER_DAY
_MOST_NAMED: Final = 5


# -- folders -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Folders:
    """What was found at and around the paths of worktrees.

    ``others`` maps a worktree's id to folders that claim to be it and are not registered. ``dangling`` maps the
    path of a worktree to what its ``.git`` file names, where nothing is there.
    """

    worktrees: Sequence[Worktree]
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)
    dangling: Mapping[str, str] = field(default_factory=dict)

    def claimants(self, tree: Worktree) -> list[str]:
        """The unregistered folders that claim to be ``tree``."""
        here = [tree.moved_to] if tree.moved_to else []
        return list(dict.fromkeys([*here, *self.others.get(tree.id, ())]))

    def is_moved(self, tree: Worktree) -> bool:
        """Whether the folder is elsewhere and nothing of it is left where it is registered."""
        return not tree.is_main and not tree.readable and bool(self.claimants(tree))

    def is_broken(self, tree: Worktree) -> bool:
        """Whether the folder's ``.git`` file names this entry in a repository that is no longer there."""
        target = self.dangling.get(tree.path)
        foreign = not tree.is_main and tree.folder is FolderState.FOREIGN and not self.claimants(tree)
        return foreign and target is not None and _ending(target) == _ending(tree.admin_dir)

    def strangers(self) -> list[Worktree]:
        """The worktrees at whose path lies something that belongs to somebody else."""
        linked = (tree for tree in self.worktrees if not tree.is_main)
        foreign = (tree for tree in linked if tree.folder is FolderState.FOREIGN)
        return [tree for tree in foreign if not self.is_moved(tree) and not self.is_broken(tree)]


def _ending(path: str) -> list[str]:
    """The part of an administrative folder's path that stays when the repository is moved."""
    return path.split("/")[-3:]


def moved_folders(folders: Folders) -> Iterator[Finding]:
    """Worktrees whose folder was found elsewhere."""
    for tree in filter(folders.is_moved, folders.worktrees):
        found = folders.claimants(tree)
        evidence = (f"it is registered at {tree.path}", *(f"its folder is {path}" for path in found))
        several = (
            ("there is more than one, and which of them counts is yours to say",) if len(found) > 1 else ()
        )
        blocked = _why_no_repair(folders)
        fix = None if several or blocked else RepairWorktree(found[0])
        yield Finding(Check.MOVED_FOLDER, tree.path, (*evidence, *several, *blocked), fix, _LIST)


def broken_links(folders: Folders) -> Iterator[Finding]:
    """Worktrees whose ``.git`` file leads nowhere."""
    for tree in filter(folders.is_broken, folders.worktrees):
        blocked = _why_no_repair(folders)
        evidence = (f"its .git file names {folders.dangling[tree.path]}, which is not there", *blocked)
        yield Finding(
            Check.BROKEN_LINK, tree.path, evidence, None if blocked else RepairWorktree(tree.path), _LIST
        )


def _why_no_repair(folders: Folders) -> tuple[str, ...]:
    return tuple(
        f"git worktree repair would also take over {tree.path}, which belongs to somebody else"
        for tree in folders.strangers()
    )


def missing_folders(folders: Folders) -> Iterator[Finding]:
    """Worktrees without a folder. Locked ones are left out: the lock is made for volumes that come and go."""
    for tree in folders.worktrees:
        if tree.is_main or tree.locked or tree.folder is not FolderState.MISSING or folders.is_moved(tree):
            continue
        holds = f"branch {tree.branch}" if tree.branch else f"a detached HEAD at {tree.head}"
        evidence = (f"its entry holds {holds}, an index and a reflog", "nothing was found at or near the path")
        yield Finding(Check.MISSING_FOLDER, tree.path, evidence, look=_LIST)


def foreign_folders(folders: Folders) -> Iterator[Finding]:
    """Worktrees at whose path lies something else."""
    for tree in folders.strangers():
        target = folders.dangling.get(tree.path)
        evidence = (
            f"its .git file names {target}, which is not there" if target else "it does not point back here"
        )
        yield Finding(Check.FOREIGN_FOLDER, tree.path, (evidence,), look=_LIST)


def copied_folders(folders: Folders) -> Iterator[Finding]:
    """Worktrees that are in their place, and have a copy that claims to be them."""
    for tree in folders.worktrees:
        if tree.readable and not tree.is_main:
            for copy in folders.claimants(tree):
                evidence = (f"its .git file names the entry of {tree.path}, which is in its place",)
                yield Finding(Check.COPIED_FOLDER, copy, evidence, look=("git", "-C", copy, "status"))


# -- settings ------------------------------------------------------------------------------------------------

Entries = tuple[tuple[str, str], ...]
"""Keys and values of one configuration file, as git-config(1) lists them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The repository's shared configuration file, and the main worktree's own one."""

    shared: Entries
    main: Entries = ()

    def last(self, key: str) -> str:
        """The value of ``key`` in the shared file that counts; empty without one."""
        return next((value for name, value in reversed(self.shared) if name == key), "")

    def is_true(self, key: str) -> bool:
        """Whether ``key`` is set to one of Git's words for true."""
        return self.last(key).lower() in {"true", "yes", "on", "1"}


def bare_core(settings: Settings, location: RepositoryLocation, *, has_index: bool) -> Iterator[Finding]:
    """A repository that says that it is bare, and lies in a worktree of its own."""
    if settings.is_true("core.bare") and has_index and location.common_dir.endswith("/.git"):
        evidence = (
            f"{location.common_dir} is called .git and has an index",
            "its configuration says core.bare",
        )
        look = ("git", "config", "--show-origin", "--get-all", "core.bare")
        yield Finding(Check.CORE_BARE, location.common_dir.removesuffix("/.git"), evidence, look=look)


def misled_core(settings: Settings, worktrees: Sequence[Worktree]) -> Iterator[Finding]:
    """A main worktree that ``core.worktree`` leads astray."""
    values = dict(settings.shared) | dict(settings.main)
    if not values.get("core.worktree"):
        return
    look = ("git", "config", "--show-origin", "--get-all", "core.worktree")
    linked = {tree.path for tree in worktrees if not tree.is_main}
    for tree in worktrees:
        if tree.is_main and (not tree.readable or tree.path in linked):
            state = "is a linked worktree" if tree.path in linked else f"is {tree.folder}"
            evidence = (f"core.worktree is {values['core.worktree']}", f"{tree.path} {state}")
            yield Finding(Check.CORE_WORKTREE, tree.path, evidence, look=look)


def shared_settings(settings: Settings, worktrees: Sequence[Worktree]) -> Iterator[Finding]:
    """Settings of the main worktree that count in all of them."""
    if not settings.is_true("extensions.worktreeconfig") or all(tree.is_main for tree in worktrees):
        return
    for key, harmful in (("core.bare", settings.is_true("core.bare")), ("core.worktree", True)):
        values = [value for name, value in settings.shared if name == key]
        if not values or not harmful:
            continue
        own = [value for name, value in settings.main if name == key]
        clear = len(values) == 1 and (not own or own == values)
        evidence = [f"the shared configuration says {key} = {value}" for value in values]
        evidence += [f"the main worktree's own says {key} = {value}" for value in own]
        fix = MoveSetting(key, values[0]) if clear else None
        look = ("git", "config", "--show-origin", "--get-all", key)
        yield Finding(Check.SHARED_SETTINGS, key, tuple(evidence), fix, look)


def branch_settings(
    settings: Settings, branches: Collection[str], worktrees: Sequence[Worktree]
) -> Iterator[Finding]:
    """Sections of branches that do not exist, and are not about to be born in a worktree.

    On a file system that does not tell case apart one branch may have several spellings; those are left alone.
    """
    known = {name.lower() for name in branches} | {tree.branch.lower() for tree in worktrees if tree.branch}
    sections: dict[str, list[tuple[str, str]]] = {}
    for key, value in settings.shared:
        if key.startswith("branch.") and key.count(".") > 1:
            name, _, variable = key.removeprefix("branch.").rpartition(".")
            sections.setdefault(name, []).append((variable, value))
    for name, variables in sections.items():
        if name.lower() not in known:
            evidence = tuple(f"{variable} = {value}" for variable, value in variables)
            fix = RemoveSection(f"branch.{name}", _section_text(name, variables))
            yield Finding(Check.BRANCH_SETTINGS, name, evidence, fix)


def _section_text(name: str, variables: Iterable[tuple[str, str]]) -> str:
    lines = [f'\t{variable} = "{_escaped(value)}"\n' for variable, value in variables]
    return f'[branch "{_escaped(name)}"]\n' + "".join(lines)


def _escaped(text: str) -> str:
    """For use between quotation marks, as in git-config(1), Syntax."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


# -- locks ---------------------------------------------------------------------------------------------------


class WorktreeLock(NamedTuple):
    """The lock of a worktree whose reason names a process.

    ``found_start`` is when the process that now has that number began, None if there is none; ``unseen`` why
    processes may be hidden; ``workers`` are processes that work in the worktree.
    """

    worktree: Worktree
    owner: LockOwner
    stamp: FileStamp
    found_start: int | None
    unseen: str = ""
    workers: Sequence[SeenProcess] = ()


def lock_path(worktree: Worktree) -> str:
    """The file by which Git locks ``worktree`` (gitrepository-layout(5))."""
    return f"{worktree.admin_dir}/locked"


def dead_locks(locks: Iterable[WorktreeLock], host: str, *, assume_idle: bool) -> Iterator[Finding]:
    """Locks for a process that is gone. ``assume_idle``: processes that cannot be seen do nothing.

    A lock is kept while anybody works in the worktree: the named process may only have started others.
    """
    for lock in locks:
        owner, path = lock.owner, lock_path(lock.worktree)
        state = owner_state(owner, host, lock.found_start, lock.unseen)
        if state is OwnerState.ALIVE:
            continue
        is_none = lock.found_start is None
        gone = (
            f"there is no process {owner.pid} here" if is_none else f"process {owner.pid} here is another one"
        )
        doubts = [f"{named(lock.workers)} works in it"] if lock.workers else []
        if state is OwnerState.UNSEEN and not assume_idle:
            reason = lock.unseen or "the reason does not name this machine"
            doubts.append(f"{reason} (--assume-idle is your word that it is dead)")
        evidence = (f"the reason is: {lock.worktree.lock_reason}", gone, *doubts)
        fix = None if doubts else SetAside(path, lock.stamp)
        yield Finding(Check.DEAD_LOCK, lock.worktree.path, evidence, fix, _LIST)


# -- the rest ------------------------------------------------------------------------------------------------


def old_operations(worktrees: Iterable[Worktree], touched: Mapping[str, int], now: int) -> Iterator[Finding]:
    """Operations that have stood still; ``touched`` says by a worktree's path when they last went on."""
    for tree in worktrees:
        since = touched.get(tree.path)
        if tree.operations and since is not None and now - since > _OLD_OPERATION:
            evidence = (f"{', '.join(tree.operations)}, untouched for {(now - since) // SECONDS_PER_DAY} days",)
            yield Finding(Check.OLD_OPERATION, tree.path, evidence, look=("git", "-C", tree.path, "status"))


def plans_without_branch(rows: Iterable[Row]) -> Iterator[Finding]:
    """Plans that triage flags so."""
    for row in rows:
        if row.plan and Flag.NO_BRANCH in row.flags:
            named = row.branch or row.plan.branch or row.plan.filename.default_branch
            evidence = (f"its status is {row.status}", f"there is no branch {named}")
            look = ("git", "kas", "plan", "show", row.plan.filename)
            yield Finding(Check.NO_BRANCH, row.plan.filename, evidence, look=look)


def shared_branches(rows: Iterable[Row]) -> Iterator[Finding]:
    """Branches that triage says several plans share."""
    plans: dict[str, list[str]] = {}
    for row in rows:
        if row.plan and Flag.SHARED_BRANCH in row.flags:
            plans.setdefault(row.branch or row.plan.filename.default_branch, []).append(row.plan.filename)
    for branch, names in plans.items():
        look = ("git", "kas", "triage", "--flag", Flag.SHARED_BRANCH)
        yield Finding(Check.SHARED_BRANCH, branch, (f"of {', '.join(sorted(names))}",), look=look)


def tracked_states(refs_by_path: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """State files that branches track; ``refs_by_path`` says which."""
    for path, refs in refs_by_path.items():
        if refs:
            more = f", and {len(refs) - _MOST_NAMED} more" if len(refs) > _MOST_NAMED else ""
            evidence = (f"tracked by {', '.join(refs[:_MOST_NAMED])}{more}",)
            look = ("git", "log", "--oneline", "--all", "--", f":(top){path}")
            yield Finding(Check.TRACKED_STATE, path, evidence, look=look)


def git_versions(version: tuple[int, ...], settings: Settings) -> Iterator[Finding]:
    """What this git is too old for."""
    partial = any(key.startswith("remote.") and key.endswith(".promisor") for key, _ in settings.shared)
    needs = [((2, 30), "git-kas needs 2.30")]
    if partial:
        needs.append(
            ((2, 45), "before 2.45 Git fetches missing objects of a partial clone while it is only read")
        )
    shown = ".".join(map(str, version))
    missed = tuple(text for needed, text in needs if version < needed)
    if missed:
        yield Finding(Check.GIT_VERSION, f"git {shown}", missed, look=("git", "version"))


def shallow_clone(common_dir: str, *, is_shallow: bool) -> Iterator[Finding]:
    """A clone whose history is cut off."""
    if is_shallow:
        evidence = ("branches whose history is cut off are shown as unknown (shallow_history)",)
        yield Finding(Check.SHALLOW, common_dir, evidence, look=("git", "rev-parse", "--is-shallow-repository"))
