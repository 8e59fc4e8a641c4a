"""The port :class:`~git_kas.ports.locks.Locks` by files in the common directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from git_kas_files.folder_lock import exclusive_lock, holder_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

_FOLDER: Final = "kas"
_PATIENCE: Final = 0.5  # seconds, for those who only ask who holds it, and take it for a moment


class FolderLocks:
    """Locks ``kas/<name>.lock``."""

    def __init__(self, common_dir: str) -> None:
        self._folder = os.path.join(common_dir, _FOLDER)

    def exclusive(self, name: str, doing: str) -> AbstractContextManager[None]:
        """See :class:`git_kas.ports.locks.Locks`."""
        return exclusive_lock(self._path(name), _PATIENCE, doing)

    def holder(self, name: str) -> str:
        """See :class:`git_kas.ports.locks.Locks`."""
        return holder_of(self._path(name))

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, f"{name}.lock")
