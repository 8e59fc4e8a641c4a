"""What may be removed, and what stands in the way: the one table of reasons (DESIGN 8, GIT-FACTS 6).

A reason either keeps a thing whatever is asked, or names the option by which its owner accepts the loss.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.branch import Presence, VerdictKind
from git_kas.domain.worktree import Dirt, FolderState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from git_kas.domain.branch import Verdict
    from git_kas.domain.names import BranchName
    from git_kas.domain.worktree import Worktree


class ReasonCode(StrEnum):
    """Why something is kept."""

    MAIN_WORKTREE = "main_worktree"
    CURRENT = "current"
    BASE_BRANCH = "base_branch"
    PROTECTED = "protected"
    LOCKED = "locked"
    OPERATION = "operation"
    LOCK_FILE = "lock_file"
    MOVED = "moved"
    FOREIGN_FOLDER = "foreign_folder"
    EMPTY_FOLDER = "empty_folder"
    MOUNT_POINT = "mount_point"
    NESTED_WORKTREE = "nested_worktree"
    SIGNALS = "signals"
    IN_USE = "in_use"
    USE_UNKNOWN = "use_unknown"
    LEASE = "lease"
    NOT_INSPECTED = "not_inspected"
    UNCOMMITTED = "uncommitted"
    UNTRACKED = "untracked"
    HIDDEN_CHANGES = "hidden_changes"
    IGNORED = "ignored"
    SUBMODULES = "submodules"
    UNREACHABLE_HEAD = "unreachable_head"
    OTHER_FILE_SYSTEM = "other_file_system"
    PLAN_IN_WORK = "plan_in_work"
    CHECKED_OUT = "checked_out"
    SYMBOLIC = "symbolic"
    REQUEST_BASE = "request_base"
    FRESH = "fresh"
    EMPTY = "empty"
    REVERTED = "reverted"
    PARTIAL = "partial"
    UNMERGED = "unmerged"
    UNRELATED = "unrelated"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    HAS_TEXT = "has_text"
    HAS_BRANCH = "has_branch"
    SHARED_STORE = "shared_store"
    TOO_YOUNG = "too_young"
    FAILED = "failed"


class ReasonRule(NamedTuple):
    """What a reason means, and the option that accepts the loss; empty: there is none."""

    meaning: str
    flag: str = ""


REASONS: Final[Mapping[ReasonCode, ReasonRule]] = {
    ReasonCode.MAIN_WORKTREE: ReasonRule("it is the main worktree"),
    ReasonCode.CURRENT: ReasonRule("you are in it"),
    ReasonCode.BASE_BRANCH: ReasonRule("it is the base branch, or has it checked out"),
    ReasonCode.PROTECTED: ReasonRule("the branch is protected by configuration"),
    ReasonCode.LOCKED: ReasonRule("the worktree is locked (git worktree lock)"),
    ReasonCode.OPERATION: ReasonRule("Git has begun something there that is not finished"),
    ReasonCode.LOCK_FILE: ReasonRule("a Git lock file is there: a Git process is at work or has died"),
    ReasonCode.MOVED: ReasonRule("its folder was moved; 'git worktree repair' there mends it"),
    ReasonCode.FOREIGN_FOLDER: ReasonRule("what lies at its path does not point back at its entry"),
    ReasonCode.EMPTY_FOLDER: ReasonRule(
        "its folder is there and empty, as a volume that is not mounted leaves it"
    ),
    ReasonCode.MOUNT_POINT: ReasonRule("a file system is mounted there"),
    ReasonCode.NESTED_WORKTREE: ReasonRule("another worktree lies inside"),
    ReasonCode.SIGNALS: ReasonRule("signals in it were not applied; 'git kas signals apply' does"),
    ReasonCode.IN_USE: ReasonRule("a process works in it or has one of its files open"),
    ReasonCode.USE_UNKNOWN: ReasonRule(
        "whether a process uses it cannot be seen here; the option says that none does", "--assume-idle"
    ),
    ReasonCode.LEASE: ReasonRule("somebody drives the waves of its plan"),
    ReasonCode.NOT_INSPECTED: ReasonRule("it could not be looked at"),
    ReasonCode.UNCOMMITTED: ReasonRule("tracked files differ from the last commit", "--discard-uncommitted"),
    ReasonCode.UNTRACKED: ReasonRule("files that Git does not know", "--discard-untracked"),
    ReasonCode.HIDDEN_CHANGES: ReasonRule(
        "changed files that Git was told to overlook (assume-unchanged, skip-worktree)", "--discard-hidden"
    ),
    ReasonCode.IGNORED: ReasonRule("files that are ignored", "--discard-ignored"),
    ReasonCode.SUBMODULES: ReasonRule(
        "submodules, whose repositories go with the worktree", "--discard-submodules"
    ),
    ReasonCode.UNREACHABLE_HEAD: ReasonRule(
        "its HEAD is detached at a commit that no branch, tag or remote branch contains", "--discard-commits"
    ),
    ReasonCode.OTHER_FILE_SYSTEM: ReasonRule("no trash can be made on its file system"),
    ReasonCode.PLAN_IN_WORK: ReasonRule("its plan is neither done nor cancelled"),
    ReasonCode.CHECKED_OUT: ReasonRule("the branch is checked out, or will be again when Git has finished"),
    ReasonCode.SYMBOLIC: ReasonRule("it is a symbolic reference, or one leads to it"),
    ReasonCode.REQUEST_BASE: ReasonRule("an open pull request is to be merged into it"),
    ReasonCode.FRESH: ReasonRule("the branch has nothing of its own yet", "--discard-fresh"),
    ReasonCode.EMPTY: ReasonRule("its commits together change nothing", "--discard-empty"),
    ReasonCode.REVERTED: ReasonRule(
        "its content was in the base and was taken back there", "--discard-reverted"
    ),
    ReasonCode.PARTIAL: ReasonRule("the base never contained some of its commits"),
    ReasonCode.UNMERGED: ReasonRule("the base never contained what it changes"),
    ReasonCode.UNRELATED: ReasonRule("it has no commit in common with the base"),
    ReasonCode.UNKNOWN: ReasonRule("it could not be judged"),
    ReasonCode.CHANGED: ReasonRule("it changed while it was looked at; look again"),
    ReasonCode.HAS_TEXT: ReasonRule("the plan's text exists"),
    ReasonCode.HAS_BRANCH: ReasonRule("the plan's branch stays"),
    ReasonCode.SHARED_STORE: ReasonRule("the plan store is shared, and others may have the text"),
    ReasonCode.TOO_YOUNG: ReasonRule("it is younger than --older-than asks for"),
    ReasonCode.FAILED: ReasonRule("it could not be removed"),
}
"""Every reason, in the order in which they are shown."""

LOSS_FLAGS: Final[Mapping[str, str]] = {rule.flag: rule.meaning for rule in REASONS.values() if rule.flag}

_VERDICT_REASONS: Final[Mapping[VerdictKind, ReasonCode]] = {
    VerdictKind.PARTIAL: ReasonCode.PARTIAL,
    VerdictKind.UNMERGED: ReasonCode.UNMERGED,
    VerdictKind.FRESH: ReasonCode.FRESH,
    VerdictKind.EMPTY: ReasonCode.EMPTY,
    VerdictKind.UNRELATED: ReasonCode.UNRELATED,
    VerdictKind.UNKNOWN: ReasonCode.UNKNOWN,
}
_MOST_NAMED: Final = 3


class Reason(NamedTuple):
    """Why something is kept; ``detail`` is what was found."""

    code: ReasonCode
    detail: str = ""

    @property
    def flag(self) -> str:
        """The option by which the owner accepts the loss; empty where there is none."""
        return REASONS[self.code].flag

    @property
    def text(self) -> str:
        """The reason for people."""
        meaning = REASONS[self.code].meaning
        return f"{meaning}: {self.detail}" if self.detail else meaning

    def keeps(self, accepted: Collection[str]) -> bool:
        """Whether it stands in the way although the losses named by the options ``accepted`` are accepted."""
        return not self.flag or self.flag not in accepted


class Inspection(NamedTuple):
    """What Git says about the files of a worktree.

    ``ignored`` counts ignored files and folders, ``hidden`` names changed files that Git was told to overlook,
    ``submodules`` those that are checked out. ``examples`` are a few paths of each kind of
    ``git status --porcelain=v2``. ``unreachable`` is the detached HEAD if no reference contains it.
    ``problem`` says why it could not be found out; then the rest means nothing.
    """

    dirt: Dirt = Dirt()
    ignored: int = 0
    hidden: Sequence[str] = ()
    submodules: Sequence[str] = ()
    unreachable: str = ""
    examples: Mapping[str, Sequence[str]] = {}
    problem: str = ""


class FolderFacts(NamedTuple):
    """What the file system says about a worktree's folder.

    ``here``: this process works inside. ``mounts`` are file systems mounted at or in it, ``nested`` other
    worktrees inside. ``found_at`` is where a missing folder was found again, ``is_empty`` says that there is
    only an empty folder. ``submodules``: repositories of submodules lie with its administrative files.
    ``used_at`` is when Git last wrote there, in seconds since 1970 (UTC).
    """

    here: bool = False
    mounts: Sequence[str] = ()
    nested: Sequence[str] = ()
    found_at: str = ""
    is_empty: bool = False
    submodules: bool = False
    used_at: int | None = None
    problem: str = ""


class Usage(NamedTuple):
    """Processes that use a folder, and why there may be some that cannot be seen (empty: all can)."""

    processes: Sequence[str] = ()
    unseen: str = ""


class WorktreeFacts(NamedTuple):
    """All that decides whether a worktree may go, but for what is asked of it."""

    worktree: Worktree
    inspection: Inspection
    folder: FolderFacts
    usage: Usage
    signals: Sequence[str] = ()
    leases: Sequence[str] = ()


class Untouchable(NamedTuple):
    """Branches that are never removed, with the worktrees that have them checked out."""

    base: BranchName | None
    protected: Collection[BranchName]

    def reasons(self, branch: BranchName | None) -> Iterator[Reason]:
        """Why ``branch`` stays, whatever it holds."""
        if branch is not None and branch == self.base:
            yield Reason(ReasonCode.BASE_BRANCH, branch)
        if branch is not None and branch in self.protected:
            yield Reason(ReasonCode.PROTECTED, branch)


def worktree_reasons(facts: WorktreeFacts, untouchable: Untouchable) -> list[Reason]:
    """Everything that stands in the way of removing the worktree."""
    found = [
        *untouchable.reasons(facts.worktree.branch),
        *_entry_reasons(facts.worktree, facts.folder),
        *_use_reasons(facts),
        *_content_reasons(facts.inspection, facts.folder, readable=facts.worktree.readable),
    ]
    order = list(REASONS)
    return sorted(found, key=lambda reason: order.index(reason.code))


def _entry_reasons(worktree: Worktree, folder: FolderFacts) -> Iterator[Reason]:
    if worktree.is_main:
        yield Reason(ReasonCode.MAIN_WORKTREE)
    if folder.here:
        yield Reason(ReasonCode.CURRENT)
    if worktree.locked:
        yield Reason(ReasonCode.LOCKED, worktree.lock_reason)
    if worktree.operations:
        yield Reason(ReasonCode.OPERATION, ", ".join(worktree.operations))
    if worktree.lock_files:
        yield Reason(ReasonCode.LOCK_FILE, ", ".join(worktree.lock_files))
    if worktree.moved_to or folder.found_at:
        yield Reason(ReasonCode.MOVED, worktree.moved_to or folder.found_at)
    if worktree.folder is FolderState.FOREIGN:
        yield Reason(ReasonCode.FOREIGN_FOLDER, worktree.path)
    if folder.is_empty:
        yield Reason(ReasonCode.EMPTY_FOLDER, worktree.path)


def _use_reasons(facts: WorktreeFacts) -> Iterator[Reason]:
    if facts.folder.mounts:
        yield Reason(ReasonCode.MOUNT_POINT, _some(facts.folder.mounts))
    if facts.folder.nested:
        yield Reason(ReasonCode.NESTED_WORKTREE, _some(facts.folder.nested))
    if facts.signals:
        yield Reason(ReasonCode.SIGNALS, _some(facts.signals))
    if facts.usage.processes:
        yield Reason(ReasonCode.IN_USE, _some(facts.usage.processes))
    if facts.usage.unseen:
        yield Reason(ReasonCode.USE_UNKNOWN, facts.usage.unseen)
    if facts.leases:
        yield Reason(ReasonCode.LEASE, _some(facts.leases))


def _content_reasons(inspection: Inspection, folder: FolderFacts, *, readable: bool) -> Iterator[Reason]:
    problem = inspection.problem or inspection.dirt.problem or folder.problem
    if problem:
        yield Reason(ReasonCode.NOT_INSPECTED, problem)
        return
    if inspection.unreachable:
        yield Reason(ReasonCode.UNREACHABLE_HEAD, inspection.unreachable)
    if folder.submodules or inspection.submodules:
        yield Reason(ReasonCode.SUBMODULES, _some(inspection.submodules))
    if not readable:
        return
    examples, dirt = inspection.examples, inspection.dirt
    if dirt.changed:
        yield Reason(ReasonCode.UNCOMMITTED, _counted(dirt.changed, examples.get("changed", ())))
    if dirt.untracked:
        yield Reason(ReasonCode.UNTRACKED, _counted(dirt.untracked, examples.get("untracked", ())))
    if inspection.hidden:
        yield Reason(ReasonCode.HIDDEN_CHANGES, _some(inspection.hidden))
    if inspection.ignored:
        yield Reason(ReasonCode.IGNORED, _counted(inspection.ignored, examples.get("ignored", ())))


def verdict_reason(verdict: Verdict) -> Reason | None:
    """Why the verdict on a branch keeps it; None where it allows removal."""
    if verdict.allows_removal:
        return None
    if verdict.kind is VerdictKind.LANDED and verdict.now is Presence.REVERTED:
        return Reason(ReasonCode.REVERTED, verdict.landed_at or "")
    if verdict.kind is VerdictKind.PARTIAL:
        return Reason(ReasonCode.PARTIAL, f"{verdict.landed_commits} of {verdict.commits} commits landed")
    return Reason(_VERDICT_REASONS[verdict.kind], verdict.reason or "")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown


def _counted(count: int, examples: Sequence[str]) -> str:
    shown = list(examples[:_MOST_NAMED])
    more = count - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more and shown else str(count) if more else "")
