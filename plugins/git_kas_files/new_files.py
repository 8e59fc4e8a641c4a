"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from git_kas.disk import refusal, sync
from git_kas.errors import AlreadyExists
from git_kas_files.durable import link_new, temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_BESIDE_A_DATABASE = ("-journal", "-wal", "-shm")


class DiskNewFiles:
    """The port :class:`~git_kas.ports.files.NewFiles` on disk."""

    def begin(self, path: str) -> DiskNewFile:
        """See :class:`git_kas.ports.files.NewFiles`."""
        if os.path.lexists(path):
            raise _exists(path)
        made = os.path.join(os.path.dirname(path), temporary_name())
        with _speaking_of(path):
            os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return DiskNewFile(made, path)


class DiskNewFile:
    """The port :class:`~git_kas.ports.files.NewFile` at ``path``, to be at ``wanted``."""

    def __init__(self, path: str, wanted: str) -> None:
        self._path = path
        self._wanted = wanted

    @property
    def path(self) -> str:
        """See :class:`git_kas.ports.files.NewFile`."""
        return self._path

    def publish(self) -> None:
        """See :class:`git_kas.ports.files.NewFile`."""
        with _speaking_of(self._wanted):
            sync(self._path)
            folder = os.open(os.path.dirname(self._path), os.O_RDONLY)
            try:
                link_new(folder, os.path.basename(self._path), folder, os.path.basename(self._wanted))
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """See :class:`git_kas.ports.files.NewFile`."""
        for suffix in ("", *_BESIDE_A_DATABASE):
            with suppress(OSError):
                os.unlink(self._path + suffix)


@contextmanager
def _speaking_of(path: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise refusal(error, message, next_step="Name another file.") from error


def _exists(path: str) -> AlreadyExists:
    return AlreadyExists(f"{path} exists.", next_step="Name a new file.")
