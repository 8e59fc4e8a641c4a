"""Throw-away folders."""

from __future__ import annotations

import os
import shutil
import tempfile

from git_kas.errors import AlreadyExists, ProgramFailed


class DiskScratch:
    """Makes throw-away folders on disk."""

    def create(self, path: str | None) -> DiskScratchFolder:
        """See :class:`git_kas.ports.files.Scratch`."""
        if path is None:
            return DiskScratchFolder(os.path.realpath(tempfile.mkdtemp(prefix="git-kas-")))
        absolute = os.path.abspath(path)
        try:
            os.makedirs(absolute, exist_ok=True)
            occupied = bool(os.listdir(absolute))
        except FileExistsError as error:
            raise AlreadyExists(
                f"{absolute} exists and is no folder.", next_step="Name another folder."
            ) from error
        except OSError as error:
            raise ProgramFailed(f"{absolute} cannot be made: {error.strerror}.") from error
        if occupied:
            raise AlreadyExists(f"{absolute} is not empty.", next_step="Name an empty or a new folder.")
        return DiskScratchFolder(os.path.realpath(absolute))


class DiskScratchFolder:
    """One such folder."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def path(self) -> str:
        """Its absolute path."""
        return self._path

    def write(self, name: str, text: str) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        target = self._inside(name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def remove(self, name: str) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        target = self._inside(name)
        if os.path.isdir(target) and not os.path.islink(target):
            shutil.rmtree(target)
        else:
            os.unlink(target)

    def delete(self) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        shutil.rmtree(self._path)

    def _inside(self, name: str) -> str:
        target = os.path.normpath(os.path.join(self._path, *name.split("/")))
        if os.path.commonpath([target, self._path]) != self._path or target == self._path:
            raise ValueError(f"{name!r} is not inside the folder")
        return target
