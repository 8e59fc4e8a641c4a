"""Determines what is not committed in worktrees, several at a time, while the program goes on."""

import os
from collections import deque
from collections.abc import Mapping, Sequence
from threading import Thread
from typing import ClassVar, TypeAlias

from git_kas.domain.worktree import Dirt, Worktree
from git_kas.errors import ProgramFailed
from git_kas_gitcli.environment import child_environment
from git_kas_gitcli.messages import first_line
from git_kas_gitcli.process import run_git

# Untracked files are asked for in spite of status.showUntrackedFiles, submodules in spite of
# diff.ignoreSubmodules: a setting that hides dirt must not make a worktree look clean.
_SPARSE_EXTENSION = b"sdir\0\0\0\0"  # gitformat-index(5)
_STATUS = (
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=normal",
    "--ignore-submodules=none",
    "--no-renames",
)


_Outcome: TypeAlias = tuple[int, bytes, bytes]


class BackgroundGit:
    """Runs ``git status`` in many worktrees: as many Git children at a time as processors.

    ``options`` are added to those of git-status(1).
    """

    SETTINGS: ClassVar[Sequence[str]] = ()
    """Options for every child, ahead of the subcommand."""

    def __init__(self, worktrees: Sequence[Worktree], environment: Mapping[str, str], *options: str) -> None:
        self._environment = child_environment(environment)
        self._options = options
        self._worktrees = worktrees
        self._waiting = deque(worktrees)
        self._outcomes: dict[str, _Outcome] = {}
        count = min(os.cpu_count() or 1, len(worktrees))
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            try:
                worktree = self._waiting.popleft()
            except IndexError:
                return
            self._outcomes[worktree.path] = self._ask_git(worktree)

    def _ask_git(self, worktree: Worktree, *pathspecs: str) -> _Outcome:
        located = ["--git-dir", worktree.admin_dir, "--work-tree", worktree.path, "-C", worktree.path]
        located += self.SETTINGS
        if _would_become_sparse(worktree):
            located += ["-c", "index.sparse=false"]
        try:
            return run_git([*located, *_STATUS, *self._options, *pathspecs], self._environment)
        except ProgramFailed as error:
            return 1, b"", error.message.encode()

    def _outcome(self, worktree: Worktree, signal_folders: Sequence[str]) -> _Outcome:
        """How the status ended, asked once more if it speaks of what does not count."""
        status, output, errors = self._outcomes[worktree.path]
        not_counted = [*signal_folders, *self._nested(worktree.path)]
        if status == 0 and _speaks_of(not_counted, output):
            # Only now: with a pathspec Git uses neither its untracked cache nor a file system monitor.
            exclusions = [f":(exclude,top,literal){path}" for path in not_counted]
            return self._ask_git(worktree, "--", ":(top)", *exclusions)
        return status, output, errors

    def _nested(self, path: str) -> list[str]:
        """The worktrees that lie inside the worktree at ``path``, relative to it."""
        above = path.rstrip(os.sep) + os.sep
        paths = (worktree.path for worktree in self._worktrees)
        return [other.removeprefix(above).replace(os.sep, "/") for other in paths if other.startswith(above)]


class BackgroundStatuses(BackgroundGit):
    """The port :class:`~git_kas.ports.git.PendingStatuses`."""

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Dirt]:
        """See :class:`git_kas.ports.git.PendingStatuses`."""
        self._join()
        return {worktree.path: self._dirt(worktree, signal_folders) for worktree in self._worktrees}

    def _dirt(self, worktree: Worktree, signal_folders: Sequence[str]) -> Dirt:
        status, output, errors = self._outcome(worktree, signal_folders)
        return Dirt(problem=first_line(os.fsdecode(errors))) if status else parse_status(output)


def _would_become_sparse(worktree: Worktree) -> bool:
    """Whether Git might make the index sparse: it writes tree objects for that, even without optional locks.

    An index that is sparse already must be left so: expanding it writes, too.
    """
    if not os.path.exists(os.path.join(worktree.admin_dir, "info", "sparse-checkout")):
        return False
    try:
        with open(os.path.join(worktree.admin_dir, "index"), "rb") as file:
            return _SPARSE_EXTENSION not in file.read()
    except OSError:
        return False


def _speaks_of(not_counted: Sequence[str], output: bytes) -> bool:
    """Whether an entry is one of the folders, lies in one, or is an untracked folder around one."""
    folders = [os.fsencode(folder) + b"/" for folder in not_counted]
    for entry in output.split(b"\0"):
        fields_before_path = {b"?": 1, b"!": 1, b"u": 10}.get(entry[:1], 8)
        path = entry.split(b" ", fields_before_path)[-1]
        around = path if path.endswith(b"/") else path + b"/"
        if any(around.startswith(folder) or folder.startswith(around) for folder in folders if path):
            return True
    return False


def parse_status(output: bytes) -> Dirt:
    """Count the entries of ``git status --porcelain=v2 -z`` (git-status(1)); renames are not asked for."""
    kinds = [entry[:1] for entry in output.split(b"\0")]
    conflicts = kinds.count(b"u")
    return Dirt(kinds.count(b"1") + conflicts, kinds.count(b"?"), conflicts)
