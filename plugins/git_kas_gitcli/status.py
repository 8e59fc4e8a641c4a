"""Determines what is not committed in worktrees, several at a time, while the program goes on."""

import os
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from threading import Thread

from git_kas.domain.worktree import Dirt, Worktree
from git_kas_gitcli.environment import child_environment
from git_kas_gitcli.process import first_line, run_git

# Untracked files are asked for in spite of status.showUntrackedFiles, submodules in spite of
# diff.ignoreSubmodules: a setting that hides dirt must not make a worktree look clean.
_STATUS = (
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=normal",
    "--ignore-submodules=none",
    "--no-renames",
)


class BackgroundStatuses:
    """The port :class:`~git_kas.ports.git.PendingStatuses`: as many Git children at a time as processors."""

    def __init__(
        self, worktrees: Sequence[Worktree], signal_folders: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self._environment = child_environment(environment)
        self._signal_folders = signal_folders
        self._paths = [worktree.path for worktree in worktrees]
        self._waiting = deque(worktrees)
        self._found: dict[str, Dirt] = {}
        count = min(os.cpu_count() or 1, len(worktrees))
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def collect(self) -> Mapping[str, Dirt]:
        """See :class:`git_kas.ports.git.PendingStatuses`."""
        for thread in self._threads:
            thread.join()
        return self._found

    def _work(self) -> None:
        while True:
            try:
                worktree = self._waiting.popleft()
            except IndexError:
                return
            self._found[worktree.path] = self._status(worktree)

    def _status(self, worktree: Worktree) -> Dirt:
        located = ["--git-dir", worktree.admin_dir, "--work-tree", worktree.path, "-C", worktree.path]
        exclusions = [f":(exclude,top,literal){path}" for path in self._not_counted(worktree.path)]
        try:
            status, output, errors = run_git(
                [*located, *_STATUS, "--", ":(top)", *exclusions], self._environment
            )
        except subprocess.SubprocessError as error:
            return Dirt(problem=str(error))
        if status:
            return Dirt(problem=first_line(errors))
        return parse_status(output)

    def _not_counted(self, path: str) -> list[str]:
        inside = [
            os.path.relpath(other, path) for other in self._paths if other.startswith(path.rstrip("/") + os.sep)
        ]
        return [*self._signal_folders, *(nested.replace(os.sep, "/") for nested in inside)]


def parse_status(output: bytes) -> Dirt:
    """Count the entries of ``git status --porcelain=v2 -z`` (git-status(1))."""
    changed = untracked = conflicts = 0
    entries = iter(output.split(b"\0"))
    for entry in entries:
        kind = entry[:1]
        if kind == b"?":
            untracked += 1
        elif kind in {b"1", b"2", b"u"}:
            changed += 1
            conflicts += kind == b"u"
            if kind == b"2":
                next(entries, None)  # the path it was renamed from
    return Dirt(changed, untracked, conflicts)
