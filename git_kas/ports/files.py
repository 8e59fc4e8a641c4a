"""Files that are not Git's: plan texts in worktrees, and throw-away folders."""

from collections.abc import Iterable, Mapping
from typing import Protocol


class PlanFiles(Protocol):
    """Plan texts as they lie in the plans folder of each worktree. Never writes."""

    def names(self, worktrees: Iterable[str], plans_folder: str) -> Mapping[str, frozenset[str]]:
        """Worktree path → names of the ``.md`` files in its plans folder (empty where there is none)."""


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
