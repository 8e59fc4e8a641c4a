"""The port :class:`~git_kas.ports.files.WorktreeFiles` over the disk."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from git_kas.errors import KasError, ReadOnly, StoreFull

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST: Final = 256 * 1024 * 1024  # bytes; as for the plan store, whose earlier files are read through this
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_WAIT_FOR_NOBODY: Final = getattr(os, "O_NONBLOCK", 0)
_LINK_THERE: Final = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})


class DiskWorktreeFiles:
    """Opens each folder on the way from the top of a worktree, so that no link leads out of it."""

    def read(self, worktree: str, path: str) -> bytes | None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        shown = os.path.join(worktree, *path.split("/"))
        if not os.path.lexists(shown):
            return None
        try:
            with _opened(worktree, path, os.O_RDONLY | _WAIT_FOR_NOBODY) as file:
                _insist_on_regular_file(file, shown)
                with os.fdopen(os.dup(file), "rb") as reader:
                    data = reader.read(_LARGEST + 1)
        except OSError as error:
            raise _unreadable(shown, _reason(error)) from error
        if len(data) > _LARGEST:
            raise _unreadable(shown, f"it is larger than {_LARGEST // 1024**2} MiB")
        return data

    def append(self, worktree: str, path: str, data: bytes) -> None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        shown = os.path.join(worktree, *path.split("/"))
        try:
            with _opened(worktree, path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _WAIT_FOR_NOBODY) as file:
                _insist_on_regular_file(file, shown)
                view = memoryview(data)
                while view:
                    view = view[os.write(file, view) :]
                os.fsync(file)
        except OSError as error:
            kind = StoreFull if error.errno in {errno.ENOSPC, errno.EDQUOT} else ReadOnly
            raise kind(
                f"{shown} cannot be written: {_reason(error)}.", next_step="Look at that path."
            ) from error


@contextmanager
def _opened(worktree: str, path: str, flags: int) -> Iterator[int]:
    *folders, name = path.split("/")
    folder = os.open(worktree, _FOLDER)
    try:
        for part in folders:
            inner = os.open(part, _FOLDER | _NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = inner
        file = os.open(name, flags | _NO_LINK, 0o666, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        yield file
    finally:
        os.close(file)


def _insist_on_regular_file(file: int, shown: str) -> None:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise _unreadable(shown, "it is no regular file")


def _reason(error: OSError) -> str:
    return "a symbolic link is in the way" if error.errno in _LINK_THERE else str(error.strerror)


def _unreadable(shown: str, reason: str) -> KasError:
    return KasError(f"{shown} cannot be used: {reason}.", next_step="Look at that path.")
