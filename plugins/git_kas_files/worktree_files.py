"""The port :class:`~git_kas.ports.files.WorktreeFiles` over the disk."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from git_kas.disk import refusal, write_all
from git_kas.errors import Conflict, KasError
from git_kas_files.durable import link_new, remove_quietly, temporary_name, write_synced

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
                write_all(file, data)
                os.fsync(file)
        except OSError as error:
            raise _unwritable(shown, error) from error

    def replace(self, worktree: str, path: str, data: bytes, expected: bytes | None) -> None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        shown = os.path.join(worktree, *path.split("/"))
        try:
            with _folder_of(worktree, path, create=True) as (folder, name):
                self._expect(worktree, path, expected)
                _write(folder, name, data, new=expected is None)
        except FileExistsError as error:
            raise _changed(shown) from error
        except OSError as error:
            raise _unwritable(shown, error) from error

    def remove(self, worktree: str, path: str, expected: bytes) -> None:
        """See :class:`git_kas.ports.files.WorktreeFiles`."""
        shown = os.path.join(worktree, *path.split("/"))
        try:
            with _folder_of(worktree, path, create=False) as (folder, name):
                self._expect(worktree, path, expected)
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
        except OSError as error:
            raise _unwritable(shown, error) from error
        _remove_empty_folders(worktree, path)

    def _expect(self, worktree: str, path: str, expected: bytes | None) -> None:
        if self.read(worktree, path) != expected:
            raise _changed(os.path.join(worktree, *path.split("/")))


@contextmanager
def _folder_of(worktree: str, path: str, *, create: bool) -> Iterator[tuple[int, str]]:
    """The folder of the file, open while the block runs, and the file's name in it."""
    *folders, name = path.split("/")
    folder = os.open(worktree, _FOLDER)
    try:
        for part in folders:
            if create:
                _make_folder(folder, part)
            inner = os.open(part, _FOLDER | _NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder, name
    finally:
        os.close(folder)


def _make_folder(parent: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


def _write(folder: int, name: str, data: bytes, *, new: bool) -> None:
    """Have ``name`` be ``data``: a new file, or in place of one, whose permissions it gets."""
    made = temporary_name()
    try:
        write_synced(folder, made, [data])
        if new:
            link_new(folder, made, folder, name)
        else:
            mode = stat.S_IMODE(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
            os.chmod(made, mode, dir_fd=folder)
            os.replace(made, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        remove_quietly(folder, made)
    os.fsync(folder)


def _remove_empty_folders(worktree: str, path: str) -> None:
    """Remove the folders on the way to ``path``, innermost first, as far as nothing else is in them."""
    while "/" in path:
        path = path.rpartition("/")[0]
        try:
            with _folder_of(worktree, path, create=False) as (parent, name):
                os.rmdir(name, dir_fd=parent)
        except OSError:  # something else is in it
            return


@contextmanager
def _opened(worktree: str, path: str, flags: int) -> Iterator[int]:
    with _folder_of(worktree, path, create=False) as (folder, name):
        file = os.open(name, flags | _NO_LINK, 0o666, dir_fd=folder)
    try:
        yield file
    finally:
        os.close(file)


def _insist_on_regular_file(file: int, shown: str) -> None:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise _unreadable(shown, "it is no regular file")


def _reason(error: OSError) -> str:
    return "a symbolic link is in the way" if error.errno in _LINK_THERE else str(error.strerror)


def _changed(shown: str) -> Conflict:
    return Conflict(f"{shown} was changed meanwhile.", next_step="Run it again.")


def _unwritable(shown: str, error: OSError) -> KasError:
    message = f"{shown} cannot be written: {_reason(error)}."
    return refusal(error, message, next_step="Look at that path.")


def _unreadable(shown: str, reason: str) -> KasError:
    return KasError(f"{shown} cannot be used: {reason}.", next_step="Look at that path.")
