"""Files that are there as a whole or not at all, and stay when the power fails."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from git_kas.disk import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable


def temporary_name() -> str:
    """A name for a file that is not finished; it begins with a dot, so that nobody takes it for one."""
    from secrets import token_hex

    return f".kas-{token_hex(8)}.tmp"


def write_synced(folder: int, name: str, parts: Iterable[bytes]) -> None:
    """Write the new file ``name`` in the open folder, down to the disk."""
    write_file(name, parts, os.O_EXCL, folder=folder)


def replace_durably(folder: int, name: str, parts: Iterable[bytes]) -> None:
    """Write the file ``name`` in the open folder, in place of one that is there."""
    temporary = temporary_name()
    try:
        write_synced(folder, temporary, parts)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        remove_quietly(folder, temporary)
        raise
    os.fsync(folder)


def link_new(source: int, name: str, target: int, new_name: str) -> None:
    """Give the file ``name`` of one open folder a new name in another one.

    Raises:
        FileExistsError: the new name is taken.
    """
    try:
        os.link(name, new_name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if _exists(target, new_name):
            raise FileExistsError(new_name) from None
        os.rename(name, new_name, src_dir_fd=source, dst_dir_fd=target)


def remove_quietly(folder: int, name: str) -> None:
    """Remove a file of the open folder, if it can be."""
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
