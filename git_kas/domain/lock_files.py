"""Which lock files are left over, and which processes could hold one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.doctor import Check, FileStamp, Finding, SetAside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from git_kas.domain.worktree import Worktree

SETTLED: Final = 60
"""Seconds after which a lock file is looked at; Git holds one for moments, mostly."""

SHARED_LOCK_FILES: Final = ("config.lock", "packed-refs.lock", "shallow.lock")
"""Lock files in the common directory that keep everybody from working if they are left over."""

STANDING: Final = 3600
"""Seconds after which one is worth a word although somebody could hold it."""

_MOST_NAMED: Final = 3
_SHELLS: Final = frozenset(
    {"sh", "bash", "dash", "zsh", "fish", "ksh", "tcsh", "csh", "ash", "login", "sshd", "tmux: server"}
)
"""Programs that only start others; they themselves hold no lock of Git."""


class SeenProcess(NamedTuple):
    """A process as it is seen from outside.

    ``places`` are the folder it works in and, of a Git process, what it was told to work on; None where we may
    not look. ``files`` are those it has open. All are absolute paths without links. ``is_ancestor``: it started
    us, directly or not.
    """

    pid: int
    name: str
    places: frozenset[str] | None
    files: frozenset[str] = frozenset()
    is_ancestor: bool = False


class LockFile(NamedTuple):
    """A lock file in the administrative folder of ``worktree``, and how long ago, in seconds, it was written.

    Without ``worktree`` it is one in the common directory, which every worktree may need. Paths, also those of
    the worktree, are without links. ``unseen`` says why processes may be hidden that use it; empty where all
    can be seen.
    """

    worktree: Worktree | None
    path: str
    stamp: FileStamp
    age: int
    is_ours: bool
    unseen: str


def could_hold(process: SeenProcess, lock: LockFile, common_dir: str, worktrees: Sequence[Worktree]) -> bool:
    """Whether ``process`` could be the one that made the lock file.

    Git may have closed the file and still hold the lock, while an editor is open, say. So everything that works
    in the same worktree or in the common directory counts, whether it is Git or has a library of Git inside;
    but not shells, nor the programs that started us, unless they are Git: that is a hook.
    """
    if lock.path in process.files:
        return True
    is_git = process.name.startswith("git")
    if process.name in _SHELLS or (process.is_ancestor and not is_git):
        return False
    if process.places is None:
        return is_git
    if lock.worktree is None:
        anywhere = [common_dir, *(tree.path for tree in worktrees)]
        return any(_lies_in(place, folder) for place in process.places for folder in anywhere)
    return any(_is_at(place, lock.worktree, common_dir, worktrees) for place in process.places)


def named(processes: Sequence[SeenProcess]) -> str:
    """The first few of ``processes``, for a person."""
    shown = ", ".join(f"{process.name} ({process.pid})" for process in processes[:_MOST_NAMED])
    return f"{shown} and {len(processes) - _MOST_NAMED} more" if len(processes) > _MOST_NAMED else shown


def works_in(process: SeenProcess, tree: Worktree, worktrees: Sequence[Worktree]) -> bool:
    """Whether ``process`` works in ``tree``; shells and the programs that started us do not count."""
    if process.name in _SHELLS or process.is_ancestor:
        return False
    return any(_is_innermost(place, tree, worktrees) for place in process.places or ())


def _is_at(place: str, tree: Worktree, common_dir: str, worktrees: Sequence[Worktree]) -> bool:
    """Whether ``place`` lies in ``tree``, but in no worktree nested in it, or in the common directory."""
    if _lies_in(place, common_dir) or _lies_in(place, tree.admin_dir):
        return True
    return _is_innermost(place, tree, worktrees)


def _is_innermost(place: str, tree: Worktree, worktrees: Sequence[Worktree]) -> bool:
    around = [other.path for other in worktrees if _lies_in(place, other.path)]
    return bool(around) and max(around, key=len) == tree.path


def _lies_in(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def left_over(
    locks: Iterable[LockFile],
    processes: Iterable[SeenProcess],
    common_dir: str,
    worktrees: Sequence[Worktree],
    *,
    assume_idle: bool,
) -> Iterator[Finding]:
    """The lock files that nobody seems to hold. ``assume_idle``: processes that cannot be seen do nothing."""
    seen = list(processes)
    for lock in locks:
        open_in = [process for process in seen if lock.path in process.files]
        able = [process for process in seen if could_hold(process, lock, common_dir, worktrees)]
        if open_in or 0 <= lock.age < (STANDING if able else SETTLED):
            continue
        doubts = list(_doubts(lock, able, assume_idle=assume_idle))
        age = f"written {lock.age // 60} minutes ago" if lock.age >= 0 else "its time lies in the future"
        evidence = [age, *(doubts or ["no process could hold it"])]
        fix = None if doubts or lock.age < 0 else SetAside(lock.path, lock.stamp)
        look = ("git", "-C", lock.worktree.path, "status") if lock.worktree else ("git", "worktree", "list")
        yield Finding(Check.LOCK_FILE, lock.path, tuple(evidence), fix, look)


def _doubts(lock: LockFile, able: Sequence[SeenProcess], *, assume_idle: bool) -> Iterator[str]:
    if able:
        yield f"could be held by {named(able)}"
    if not lock.is_ours:
        yield "it belongs to another account"
    if lock.unseen and not assume_idle:
        yield f"{lock.unseen} (--assume-idle is your word that nobody holds it)"
