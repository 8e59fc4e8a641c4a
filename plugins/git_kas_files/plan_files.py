"""Plan texts in worktrees."""

import errno
import os
import stat
from collections.abc import Iterable, Mapping

from git_kas.domain.names import PLAN_SUFFIX, PlanName
from git_kas.errors import KasError
from git_kas.ports.files import PlanText

_LARGEST_TEXT = 2 * 1024 * 1024  # bytes; no agent reads forty thousand lines


class FolderPlanFiles:
    """Reads plan texts in the plans folder of each worktree."""

    def names(self, worktrees: Iterable[str], plans_folder: str) -> Mapping[str, frozenset[str]]:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        return {worktree: _names(os.path.join(worktree, *plans_folder.split("/"))) for worktree in worktrees}

    def read(self, worktree: str, plans_folder: str, name: PlanName) -> PlanText | None:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        folder = os.path.join(worktree, *plans_folder.split("/"))
        if not _is_inside(os.path.realpath(folder), os.path.realpath(worktree)):
            raise _unreadable(os.path.join(folder, name), "the folder leads out of the worktree")
        return _read(os.path.join(folder, name))

    def digest(self, worktree: str, plans_folder: str, name: PlanName) -> str | None:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        from hashlib import sha256

        try:
            text = self.read(worktree, plans_folder, name)
        except KasError:
            return None
        return sha256(text.data).hexdigest() if text is not None else None

    def read_path(self, folder: str, path: str) -> PlanText | None:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        return _read(os.path.join(folder, path))


def _names(folder: str) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.name.endswith(PLAN_SUFFIX))
    except OSError:
        return frozenset()


def _is_inside(folder: str, worktree: str) -> bool:
    """Whether ``folder`` is part of the worktree, and not of Git's own folder in it; both without links."""
    if os.path.commonpath([folder, worktree]) != worktree:
        return False
    return ".git" not in os.path.relpath(folder, worktree).lower().split(os.sep)


def _read(path: str) -> PlanText | None:
    try:
        with open(path, "rb", opener=_open) as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise _unreadable(path, "it is no regular file")
            data = file.read(_LARGEST_TEXT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        is_link = error.errno in {errno.ELOOP, errno.EMLINK}
        raise _unreadable(path, "it is a symbolic link" if is_link else str(error.strerror)) from error
    if len(data) > _LARGEST_TEXT:
        raise _unreadable(path, f"it is larger than {_LARGEST_TEXT} bytes")
    return PlanText(data, facts.st_mtime_ns)


def _open(path: str, flags: int) -> int:
    """Open without following a link, and without waiting for the writer of a named pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _unreadable(path: str, reason: str) -> KasError:
    return KasError(f"The plan text {path} cannot be read: {reason}.", next_step="Look at that path.")
