"""What all share who write files: all of it is written, and is on the disk, or an error says why not.

It is there for plugins; rules and sequences do no I/O.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from git_kas.errors import ReadOnly, StoreFull

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_all(opened: int, data: bytes) -> None:
    """Write all of ``data`` to the open file, however little of it the system takes at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(opened, view) :]


def write_file(
    path: str, parts: Iterable[bytes], how: int, mode: int = 0o666, *, folder: int | None = None
) -> None:
    """Make a file of these parts, and wait until they are on the disk; its name is not, see :func:`sync`.

    ``how`` says what becomes of a file that is there: ``os.O_EXCL`` or ``os.O_TRUNC``. ``path`` may be relative
    to an open ``folder``.
    """
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | how, mode, dir_fd=folder)
    try:
        for part in parts:
            write_all(opened, part)
        os.fsync(opened)
    finally:
        os.close(opened)


def sync(path: str) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn what the system refuses into an error about ``what``.

    Raises:
        StoreFull: no space is left.
        ReadOnly: it refuses for another reason.
    """
    try:
        yield
    except OSError as error:
        message = f"{what} cannot be written: {error.strerror}."
        raise refusal(error, message, next_step="Look at that path.") from error


def refusal(error: OSError, message: str, *, next_step: str) -> ReadOnly | StoreFull:
    """The error for what the system refused to write: whether for want of room, or for another reason."""
    kind = StoreFull if error.errno in _NO_ROOM else ReadOnly
    return kind(message, next_step=next_step)
