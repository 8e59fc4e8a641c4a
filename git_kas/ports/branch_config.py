"""The configuration of branches in the repository's own configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from git_kas.domain.config_text import Piece


class ConfigChange(NamedTuple):
    """A change of the configuration file: the sections, and the file's SHA-256 before and after."""

    pieces: Sequence[Piece]
    before: str
    after: str


class BranchConfig(Protocol):
    """Takes sections ``[branch "…"]`` out of the file ``config`` in Git's common directory, and puts them back.

    Included files and the configuration of single worktrees are left alone. The file is replaced under Git's
    own lock, after Git has confirmed that nothing else changes by it.

    Every operation raises:
        Busy: the lock is held, or left behind, by somebody else.
        ReadOnly, StoreFull: the system refuses.
        ProgramFailed: Git does not read the file as expected; it was left as it is.
    """

    def take_out(self, branches: Collection[str], announce: Callable[[ConfigChange], None]) -> bool:
        """Take the sections of ``branches`` out; whether there were any.

        ``announce`` is called before the file changes; what it raises stops that.
        """

    def put_back(self, change: ConfigChange, announce: Callable[[ConfigChange], None]) -> bool:
        """Put the sections of ``change`` back, at their old places if the file is otherwise untouched.

        Those that are there already are left out; whether anything was to be done. ``announce`` as above.
        """

    def release(self, after: str) -> None:
        """Remove a lock that we left behind: one that holds the content with this SHA-256."""
