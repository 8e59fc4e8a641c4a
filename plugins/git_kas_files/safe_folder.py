"""Folders in worktrees, opened so that nothing outside of the worktree is ever touched.

What lies in a worktree may come from anybody, and change while it is looked at. So a folder is opened part by
part without following links, and its files are reached through the open folder only.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@contextmanager
def folder_inside(root: str, relative: str, *, create: bool = False) -> Iterator[int]:
    """The folder ``relative`` (``/`` between segments) of the worktree ``root``, open while the block runs.

    Raises:
        OSError: it is not there, or cannot be opened.
        KasError: it leads out of the worktree.
    """
    top = os.path.realpath(root)
    resolved = os.path.realpath(os.path.join(top, *relative.split("/")))
    parts = _parts(top, resolved)
    opened = os.open(top, _FOLDER)
    try:
        for part in parts:
            inner = _open_part(opened, part, create=create)
            os.close(opened)
            opened = inner
        yield opened
    finally:
        os.close(opened)


@contextmanager
def subfolder(parent: int, name: str, *, create: bool = False) -> Iterator[int]:
    """The folder ``name`` in the open folder ``parent``, open while the block runs."""
    opened = _open_part(parent, name, create=create)
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def regular_file(folder: int, name: str) -> Iterator[tuple[int, os.stat_result]]:
    """The regular file ``name`` in the open folder, with what the system says about it.

    Raises:
        OSError: it is not there, is a link, or cannot be opened.
        IsADirectoryError: it is no regular file.
    """
    opened = os.open(name, _FILE, dir_fd=folder)
    try:
        facts = os.fstat(opened)
        if not stat.S_ISREG(facts.st_mode):
            raise IsADirectoryError(name)
        yield opened, facts
    finally:
        os.close(opened)


def read_up_to(opened: int, count: int) -> bytes:
    """The first ``count`` bytes of an open file."""
    parts: list[bytes] = []
    while count > 0 and (part := os.read(opened, count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _parts(top: str, resolved: str) -> list[str]:
    inside = os.path.commonpath([top, resolved]) == top
    relative = os.path.relpath(resolved, top).split(os.sep) if inside and resolved != top else []
    if not relative or ".git" in map(str.lower, relative):
        raise KasError(
            f"The signal folder {resolved} is not in the worktree {top}.", next_step="Remove the link there."
        )
    return relative


def _open_part(parent: int, name: str, *, create: bool) -> int:
    if create:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
    return os.open(name, _FOLDER, dir_fd=parent)
