"""What doctor looks at beside Git: administrative files with their age, and the processes of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.doctor import FileStamp
    from git_kas.domain.lock_files import SeenProcess
    from git_kas.domain.worktree import Worktree


class FileFacts(NamedTuple):
    """A file: which one, when it was last written (seconds since 1970, UTC), and whether it is our own."""

    stamp: FileStamp
    modified_at: int
    is_ours: bool


class AdminFiles(Protocol):
    """Reads files in Git's administrative folders, and sets single ones aside."""

    def facts(self, path: str) -> FileFacts | None:
        """What is known of the file at ``path``; None where there is none."""

    def gitfile_target(self, folder: str) -> str | None:
        """The administrative folder that ``<folder>/.git`` names; None where that is no such file."""

    def resolved(self, path: str) -> str:
        """``path``, absolute and without symbolic links."""

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at ``path``."""

    def last_touched(self, worktree: Worktree) -> int | None:
        """When the unfinished operations of ``worktree`` last went on, in seconds since 1970 (UTC).

        None where there is none.
        """

    def other_folders(self, worktrees: Sequence[Worktree]) -> Mapping[str, Sequence[str]]:
        """Linked worktree's id → folders near the known ones that claim to be it and are not registered."""

    def set_aside(self, path: str, stamp: FileStamp) -> str:
        """Move the file at ``path`` to ``kas/set-aside`` in the common directory; where it is now.

        Raises:
            Conflict: it is no longer the file that ``stamp`` describes; it is left, or put back.
            ReadOnly, StoreFull: it cannot be moved.
        """

    def keep(self, name: str, text: str) -> str:
        """Keep ``text`` in a new file under ``kas/set-aside``, durably; where it is. ``name`` says what it is.

        Raises:
            ReadOnly, StoreFull: it cannot be written.
        """


class ProcessTable(Protocol):
    """Looks at the processes of this machine."""

    def host(self) -> str:
        """The machine's name."""

    def unseen(self, path: str) -> str:
        """Why processes may use ``path`` that we cannot see, as a clause; empty where we see them all.

        Programs of other accounts on this machine count as seen where at least their names are.
        """

    def start_of(self, pid: int) -> int | None:
        """When the process began, in clock ticks since boot; None where there is none, or it has ended."""

    def processes(self) -> Sequence[SeenProcess]:
        """Every process but this one and the ``git`` that runs it as its command."""
