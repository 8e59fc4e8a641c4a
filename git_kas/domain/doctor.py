"""What goes wrong around worktrees: the one table of checks, and what a finding looks like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Git or git-kas does something wrong here, or nothing at all."""
    WARNING = "warning"
    """Something is in the way, or soon will be."""
    HINT = "hint"
    """Worth knowing."""


class Check(StrEnum):
    """A check by its id, with how much a finding matters, what it means, and what a safe fix does.

    ``remedy`` is empty where nothing can be done without somebody's decision.
    """

    severity: Severity
    meaning: str
    remedy: str

    def __new__(cls, name: str, severity: Severity, meaning: str, remedy: str = "") -> Self:
        """A member: its value is ``name``."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.severity = severity
        member.meaning = meaning
        member.remedy = remedy
        return member

    GIT_VERSION = (
        "git_version",
        Severity.ERROR,
        "the git program is older than something that this repository or git-kas relies on",
    )
    READER = "reader", Severity.ERROR, "the configured reader (`kas.reader`) cannot read this repository"
    CORE_BARE = (
        "core_bare",
        Severity.ERROR,
        "`core.bare` is set, so the main worktree counts for nothing, although it has an index",
    )
    CORE_WORKTREE = (
        "core_worktree",
        Severity.ERROR,
        "`core.worktree` leads to a folder that is missing or belongs to somebody else",
    )
    SHARED_SETTINGS = (
        "shared_settings",
        Severity.ERROR,
        (
            "with `extensions.worktreeConfig`, `core.worktree` or `core.bare` in the shared configuration "
            "counts in every worktree; linked ones then work on the files of the main one, or not at all"
        ),
        "the setting moves to the main worktree's own `config.worktree`",
    )
    MOVED_FOLDER = (
        "moved_folder",
        Severity.WARNING,
        "a worktree's folder was moved without telling Git",
        (
            "`git worktree repair` registers the new place; not while a foreign folder lies at the path of "
            "another worktree, as Git would take that one over, too"
        ),
    )
    BROKEN_LINK = (
        "broken_link",
        Severity.WARNING,
        "a worktree's `.git` file leads nowhere, mostly because the repository was moved",
        "`git worktree repair` writes it anew; not while a foreign folder lies at the path of another worktree",
    )
    MISSING_FOLDER = (
        "missing_folder",
        Severity.WARNING,
        "a worktree is registered, and its folder was found nowhere near",
    )
    FOREIGN_FOLDER = (
        "foreign_folder",
        Severity.WARNING,
        "what lies at a worktree's path does not belong to this worktree",
    )
    COPIED_FOLDER = (
        "copied_folder",
        Severity.WARNING,
        "a copy of a worktree's folder claims to be that worktree; both write one index",
    )
    LOCK_FILE = (
        "lock_file",
        Severity.WARNING,
        "a lock file of Git, such as `index.lock`, is left over: it is old, and no process has it open",
        "it is set aside in Git's common directory, under `kas/set-aside`, if no process could hold it",
    )
    DEAD_LOCK = (
        "dead_lock",
        Severity.WARNING,
        "a worktree is locked for a process that has ended",
        (
            "the lock is set aside in Git's common directory, under `kas/set-aside`, if the process is proven "
            "dead and nobody works in the worktree"
        ),
    )
    BRANCH_SETTINGS = (
        "branch_settings",
        Severity.HINT,
        "the configuration has a section for a branch that does not exist",
        "the section is removed; its text is kept in Git's common directory, under `kas/set-aside`",
    )
    NO_BRANCH = (
        "no_branch",
        Severity.WARNING,
        "a plan is in implementation or review and its branch does not exist",
    )
    SHARED_BRANCH = (
        "shared_branch",
        Severity.WARNING,
        "several plans name one branch, or would get the same one",
    )
    TRACKED_STATE = (
        "tracked_state",
        Severity.WARNING,
        "branches track a `plan-state.json`, which every checkout and merge then overwrites",
    )
    OLD_OPERATION = (
        "old_operation",
        Severity.HINT,
        "a rebase, merge, cherry-pick, revert, am or bisect has stood still for more than a week",
    )
    SHALLOW = (
        "shallow",
        Severity.HINT,
        "the clone is shallow: history is cut off, and some branches cannot be judged",
    )


@dataclass(frozen=True, slots=True)
class FileStamp:
    """Which file it is: device and inode, and the state it is in."""

    device: int
    inode: int
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class RepairWorktree:
    """Have ``git worktree repair`` join a worktree's folder at ``path`` and its entry again."""

    path: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Move the file at ``path``, if it still is the one that was judged, to where nothing heeds it."""

    path: str
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class RemoveSection:
    """Remove the section ``section`` from the shared configuration; ``text`` is what it says."""

    section: str
    text: str


@dataclass(frozen=True, slots=True)
class MoveSetting:
    """Move ``key`` from the shared configuration to the main worktree's own."""

    key: str
    value: str


Fix: TypeAlias = RepairWorktree | SetAside | RemoveSection | MoveSetting


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a check found: what it is about, evidence as clauses, and what can be done.

    ``fix`` is None where nothing can be done safely; ``look`` is a command that shows more, by its words.
    ``failed_to_look``: this is no finding about the subject, but the reason why there is none.
    """

    check: Check
    subject: str
    evidence: tuple[str, ...]
    fix: Fix | None = None
    look: Sequence[str] = ()
    failed_to_look: bool = False
