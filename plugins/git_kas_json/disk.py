"""Durable writing of files, and what went wrong in the words of git-kas."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from git_kas.disk import sync
from git_kas.errors import ReadOnly, StoreCorrupt, StoreFull

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
TEMPORARY_PREFIX = ".writing-"


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Say what went wrong with writing ``path``.

    Raises:
        StoreFull: no space is left.
        ReadOnly: any other reason of the system.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(
                f"{path} cannot be written: {error.strerror}. Nothing was changed.",
                next_step="Make room on that file system, then repeat the command.",
            ) from error
        raise ReadOnly(
            f"{path} cannot be written: {error.strerror}. Nothing was changed.",
            next_step="See who owns that folder and how it is mounted.",
        ) from error


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Say what went wrong with reading ``path``.

    Raises:
        StoreCorrupt: the system's reason.
    """
    try:
        yield
    except OSError as error:
        target = f" ({os.readlink(path)})" if os.path.islink(path) else ""
        raise StoreCorrupt(
            f"The plan state {path} cannot be read: {error.strerror}{target}.",
            next_step="Look at that path.",
        ) from error


def make_folder(path: str) -> None:
    """Make the folder ``path`` durably, if it is not there."""
    if os.path.isdir(path):
        return
    with writing(path):
        os.makedirs(path, exist_ok=True)
        sync(os.path.dirname(path))


def replace_file(path: str, data: bytes, *, beside: str = "", durable: bool = True) -> None:
    """Put ``data`` at ``path`` at one moment: temporary file, fsync, rename, fsync of the folder.

    The temporary file has a fixed name (from ``beside``, where files are many), so that one a dead process
    left is used up: only the holder of the store's lock writes.

    Without ``durable`` nothing is waited for: a loss of power may leave the file damaged.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, TEMPORARY_PREFIX + (beside or name))
    with writing(path):
        try:
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(temporary, path)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        if durable:
            sync(folder)
