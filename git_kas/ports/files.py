"""Files that are not Git's: plan texts in worktrees, and throw-away folders."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from git_kas.domain.names import PlanName


class PlanText(NamedTuple):
    """The bytes of a plan text, and when they were last changed (nanoseconds since 1970)."""

    data: bytes
    mtime_ns: int


class PlanFiles(Protocol):
    """Plan texts as they lie in the plans folder of each worktree. Never writes."""

    def names(self, worktrees: Iterable[str], plans_folder: str) -> Mapping[str, frozenset[str]]:
        """Worktree path → names of the ``.md`` files in its plans folder (empty where there is none)."""

    def read(self, worktree: str, plans_folder: str, name: PlanName) -> PlanText | None:
        """The text of the plan ``name`` in the plans folder of ``worktree``, or None if it is not there.

        What lies in a worktree may come from anybody: nothing outside of it is ever read.

        Raises:
            KasError: it cannot be read: it is no regular file (a symbolic link is none) or too large, its
                folder leads out of the worktree, or the system refuses.
        """

    def digest(self, worktree: str, plans_folder: str, name: PlanName) -> str | None:
        """The SHA-256 of the text that :meth:`read` gives, or None if there is none or it cannot be read."""

    def read_path(self, folder: str, path: str) -> PlanText | None:
        """The text at ``path`` (relative to ``folder``), which somebody named, or None if nothing is there.

        Raises:
            KasError: it is no regular file (a symbolic link is none) or too large, or the system refuses.
        """


class WorktreeFiles(Protocol):
    """Any regular file of a worktree, by its path relative to the top with ``/`` between segments.

    Links are never followed: nothing outside of the worktree is read or written.
    """

    def read(self, worktree: str, path: str) -> bytes | None:
        """The bytes of the file, None if nothing is there.

        Raises:
            KasError: something else than a regular file is there, its folder is a link, it is too large, or the
                system refuses.
        """

    def append(self, worktree: str, path: str, data: bytes) -> None:
        """Write ``data`` behind the end of the file, which is made if it is not there, down to the disk.

        Raises:
            KasError: as for :meth:`read`.
            StoreFull, ReadOnly: it cannot be written; at most a part of ``data`` is there.
        """

    def replace(self, worktree: str, path: str, data: bytes, expected: bytes | None) -> None:
        """Have the file be ``data``, as a whole and down to the disk, in folders that are made as needed.

        Raises:
            KasError: as for :meth:`read`.
            Conflict: it is not ``expected`` by now (None: not there); nothing was changed.
            StoreFull, ReadOnly: it cannot be written; it is as it was.
        """

    def remove(self, worktree: str, path: str, expected: bytes) -> None:
        """Remove the file, and the folders on the way to it that are empty then.

        Raises:
            KasError: as for :meth:`read`.
            Conflict: it is not ``expected`` by now; nothing was changed.
            ReadOnly: it cannot be removed.
        """


class ScratchFolder(Protocol):
    """A folder of our own making, in which anything may be written."""

    @property
    def path(self) -> str:
        """Its absolute path."""

    def write(self, name: str, text: str) -> None:
        """Write the file ``name`` (relative, ``/`` between segments), making folders as needed."""

    def remove(self, name: str) -> None:
        """Remove the file or folder ``name`` and everything below it."""

    def delete(self) -> None:
        """Remove the whole folder."""


class Scratch(Protocol):
    """Makes throw-away folders."""

    def create(self, path: str | None) -> ScratchFolder:
        """A new empty folder at ``path``, or a temporary one.

        Raises:
            AlreadyExists: something other than an empty folder is at ``path``.
        """


class NewFile(Protocol):
    """A file in the making, under a name that nobody takes for a finished one."""

    @property
    def path(self) -> str:
        """Where it is made: a new, empty file that only its owner may read, in the folder of the wanted one."""

    def publish(self) -> None:
        """Give it the wanted name, down to the disk.

        Raises:
            AlreadyExists: something has that name meanwhile.
            ReadOnly, StoreFull: it cannot be written.
        """

    def discard(self) -> None:
        """Remove what was not published, and what a database may have left beside it."""


class NewFiles(Protocol):
    """Makes files that are there as a whole or not at all, and that never take the place of another one."""

    def begin(self, path: str) -> NewFile:
        """Begin a file that is to be at ``path`` (absolute).

        Raises:
            AlreadyExists: something is there.
            ReadOnly, StoreFull: it cannot be written.
        """


class PrivateFiles(Protocol):
    """Small files that only their owner may read."""

    def update(self, path: str, change: Callable[[str], str]) -> None:
        """Replace the text of the file at ``path`` (absolute) by what ``change`` makes of it; of none, of "".

        The file is there as a whole, the old or the new one, and nobody else changes it meanwhile.

        Raises:
            Busy: somebody else changes it, and does not end.
            ReadOnly, StoreFull: it cannot be written.
        """
