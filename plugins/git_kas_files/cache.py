"""The port :class:`~git_kas.ports.cache.Cache` over the folder ``kas/cache`` of Git's common directory."""

from __future__ import annotations

import os
from contextlib import suppress

from git_kas_files.durable import temporary_name


class FolderCache:
    """One file for each name."""

    def __init__(self, common_dir: str) -> None:
        self._folder = os.path.join(common_dir, "kas", "cache")

    def read(self, name: str) -> bytes | None:
        """See :class:`git_kas.ports.cache.Cache`."""
        try:
            with open(os.path.join(self._folder, name), "rb") as file:
                return file.read()
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """See :class:`git_kas.ports.cache.Cache`."""
        temporary = os.path.join(self._folder, temporary_name())
        try:
            os.makedirs(self._folder, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(data)
            os.replace(temporary, os.path.join(self._folder, name))
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
