"""Files that only their owner may read."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.disk import sync, writing
from git_kas_files.durable import temporary_name
from git_kas_files.folder_lock import exclusive_lock

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE: Final = 30.0


class DiskPrivateFiles:
    """The port :class:`~git_kas.ports.files.PrivateFiles` on disk."""

    def update(self, path: str, change: Callable[[str], str]) -> None:
        """See :class:`git_kas.ports.files.PrivateFiles`; a link stays, and what it leads to is changed."""
        target = os.path.realpath(path)
        folder = os.path.dirname(target)
        with writing(target):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        with exclusive_lock(f"{target}.lock", _PATIENCE, f"{path} is being changed"), writing(target):
            text = ""
            with suppress(FileNotFoundError), open(target, encoding="utf-8", errors="surrogateescape") as file:
                text = file.read()
            _replace(target, change(text).encode("utf-8", "surrogateescape"))


def _replace(path: str, data: bytes) -> None:
    folder = os.path.dirname(path)
    unfinished = os.path.join(folder, temporary_name())
    try:
        opened = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(opened)
        os.replace(unfinished, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
    sync(folder)
