"""Throw-away folders."""

from __future__ import annotations

import os
import shutil
import tempfile

from git_kas.errors import AlreadyExists, ReadOnly


class DiskScratch:
    """Makes throw-away folders on disk."""

    def create(self, path: str | None) -> DiskScratchFolder:
        """See :class:`git_kas.ports.files.Scratch`."""
        if path is None:
            return DiskScratchFolder(os.path.realpath(tempfile.mkdtemp(prefix="git-kas-")), made=True)
        absolute = os.path.abspath(path)
        made = not os.path.lexists(absolute)
        try:
            os.makedirs(absolute, exist_ok=True)
            occupied = bool(os.listdir(absolute))
        except FileExistsError as error:
            raise AlreadyExists(
                f"{absolute} exists and is no folder.", next_step="Name another folder."
            ) from error
        except OSError as error:
            raise ReadOnly(
                f"The folder {absolute} cannot be made: {error.strerror}.", next_step="Name another folder."
            ) from error
        if occupied:
            raise AlreadyExists(f"{absolute} is not empty.", next_step="Name an empty or a new folder.")
        return DiskScratchFolder(os.path.realpath(absolute), made=made)


class DiskScratchFolder:
    """One such folder; ``made`` says whether it was not there before."""

    def __init__(self, path: str, *, made: bool) -> None:
        self._path = path
        self._made = made

    @property
    def path(self) -> str:
        """Its absolute path."""
        return self._path

    def write(self, name: str, text: str) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        target = self._inside(name)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise ReadOnly(
                f"The file {target} cannot be written: {error.strerror}.", next_step="Name another folder."
            ) from error

    def remove(self, name: str) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        target = self._inside(name)
        if os.path.isdir(target) and not os.path.islink(target):
            shutil.rmtree(target)
        else:
            os.unlink(target)

    def delete(self) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        for name in os.listdir(self._path):
            self.remove(name)
        if self._made:
            os.rmdir(self._path)

    def _inside(self, name: str) -> str:
        target = os.path.normpath(os.path.join(self._path, *name.split("/")))
        if os.path.commonpath([target, self._path]) != self._path or target == self._path:
            raise ValueError(f"{name!r} is not inside the folder")
        return target
