"""A folder for the files of a moment, and an end for those whose process was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from typing import Final, Self

_PREFIX: Final = "git-kas-merges-"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_YOUNG: Final = 60.0  # seconds; a folder is locked a moment after it was made


class Scratch:
    """A new folder, gone after :meth:`cleanup`, or when a block with it ends.

    ``folder`` is where it is made, None for the usual place. What killed processes of ours have left in a
    ``folder`` that is named goes: nobody else tidies one in memory up. Raises OSError.
    """

    def __init__(self, folder: str | None) -> None:
        if folder is not None:
            _sweep(folder)
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder)
        self.name = self._folder.name
        self._held = os.open(self.name, _FOLDER)
        with suppress(OSError):
            fcntl.flock(self._held, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()

    def cleanup(self) -> None:
        """Remove it with all that is in it."""
        os.close(self._held)
        self._folder.cleanup()


def _sweep(folder: str) -> None:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX):
                with suppress(OSError):
                    _remove_if_left(entry)


def _remove_if_left(entry: os.DirEntry[str]) -> None:
    facts = entry.stat(follow_symlinks=False)
    is_ours = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
    if not is_ours or time.time() - facts.st_mtime < _YOUNG:
        return
    opened = os.open(entry.path, _FOLDER)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(entry.path, ignore_errors=True)
    finally:
        os.close(opened)
