"""What to do next about a row of triage: one command line, or nothing (DESIGN 8).

Only commands that exist are named, and none that could lose anything: what a person should look at before
something is removed is shown by a command that looks.
"""

import shlex
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from git_kas.domain.base import Base
from git_kas.domain.lifecycle import FINISHED, IN_WORK, Status
from git_kas.domain.names import BranchName
from git_kas.domain.signals import SIGNAL_FORMS
from git_kas.domain.triage import Flag, Row

Command: TypeAlias = Sequence[str]
WORKTREES_FOLDER: Final = ".worktrees"

_OF_THE_WATCHER: Final = frozenset(form.word for form in SIGNAL_FORMS if form.event is None)
_ODD_WORKTREE: Final = frozenset({Flag.OPERATION, Flag.CONFLICTED, Flag.UNREADABLE_WORKTREE, Flag.LOCK_FILE})


def next_step(row: Row, base: Base | None, main_worktree: str | None) -> str:
    """The command to run next in the main worktree, quoted for a POSIX shell; empty without one.

    Paths inside the main worktree are relative to it.
    """
    for rule in _RULES:
        command = rule(row, base)
        if command is not None:
            return shlex.join(_seen_from(main_worktree, command))
    return ""


def _seen_from(main_worktree: str | None, command: Command) -> list[str]:
    if main_worktree is None:
        return list(command)
    if list(command[:3]) == ["git", "-C", main_worktree]:
        return ["git", *command[3:]]
    return [word.removeprefix(f"{main_worktree}/") for word in command]


def new_worktree_path(branch: BranchName) -> str:
    """Where the worktree of ``branch`` goes, relative to the main worktree (ORIGIN 8)."""
    return f"{WORKTREES_FOLDER}/{branch.replace('/', '-')}"


def _repair(row: Row, _base: Base | None) -> Command | None:
    if row.worktree is None:
        return None
    if row.worktree.moved_to:
        return ["git", "worktree", "repair", row.worktree.moved_to]
    if Flag.MISSING_WORKTREE in row.flags and not row.worktree.locked:
        return ["git", "kas", "cleanup", row.worktree.path]
    if not row.worktree.readable:
        return ["git", "worktree", "list", "--porcelain"]
    return None


def _look_at_worktree(row: Row, _base: Base | None) -> Command | None:
    if row.worktree is None or not row.worktree.readable:
        return None
    left_behind = bool(row.uncommitted) and row.status not in IN_WORK
    detached = Flag.DETACHED in row.flags
    if left_behind or detached or not _ODD_WORKTREE.isdisjoint(row.flags):
        return ["git", "-C", row.worktree.path, "status"]
    return None


def _settle_signals(row: Row, _base: Base | None) -> Command | None:
    if Flag.SIGNALS_WAITING in row.flags:
        words = set(dict(row.notes)[Flag.SIGNALS_WAITING].split(", "))
        return ["git", "kas", "watch"] if words <= _OF_THE_WATCHER else ["git", "kas", "signals", "apply"]
    return ["git", "kas", "signals", "list"] if Flag.SIGNALS_REJECTED in row.flags else None


def _decide(row: Row, _base: Base | None) -> Command | None:
    if row.plan is None or Flag.UNDECIDED not in row.flags:
        return None
    return ["git", "kas", "waves", "status", row.plan.filename]


def _settle_differences(row: Row, _base: Base | None) -> Command | None:
    if row.plan is not None and Flag.TEXT_CHANGED in row.flags:
        return ["git", "kas", "plan", "register", row.plan.filename, "--update"]
    if Flag.STATE_FILE_DIFFERS in row.flags:
        return ["git", "kas", "import", "--update", "--dry-run"]
    return None


def _start(row: Row, base: Base | None) -> Command | None:
    waiting = row.status is Status.READY or Flag.NO_BRANCH in row.flags
    if row.plan is None or not waiting or row.worktree is not None or Flag.SHARED_BRANCH in row.flags:
        return None
    branch = row.branch or row.plan.filename.default_branch
    if row.survey is not None:
        return ["git", "worktree", "add", new_worktree_path(branch), branch]
    if base is None:
        return None
    return ["git", "worktree", "add", "-b", branch, new_worktree_path(branch), base.word]


def _clean_up(row: Row, _base: Base | None) -> Command | None:
    """What shows, with its evidence, what may go: cleanup removes nothing unless it is told to."""
    if row.plan is not None and row.status not in FINISHED:
        return None
    landed = row.verdict is not None and row.verdict.allows_removal and Flag.PROTECTED not in row.flags
    if landed or Flag.FINISHED_WORKTREE in row.flags:
        return ["git", "kas", "cleanup", row.plan.filename if row.plan else row.branch or ""]
    return None


def _read_work(row: Row, base: Base | None) -> Command | None:
    if row.branch is None or base is None or not (row.survey and row.survey.ahead):
        return None
    if row.status is Status.REVIEWING:
        return ["git", "diff", f"{base.word}...{row.branch}"]
    if row.status is Status.DONE and row.plan is not None:
        return ["git", "kas", "finish", row.plan.filename]
    looked_for = row.plan is None or row.status in FINISHED or Flag.STALLED in row.flags
    return ["git", "log", "--oneline", f"{base.word}..{row.branch}"] if looked_for else None


_RULES: Final[Sequence[Callable[[Row, Base | None], Command | None]]] = (
    _repair,
    _look_at_worktree,
    _settle_signals,
    _decide,
    _settle_differences,
    _start,
    _clean_up,
    _read_work,
)
