"""What ``git kas init`` puts into a repository: as little as agents and worktrees need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.domain.next_step import WORKTREES_FOLDER
from git_kas.domain.scaffold import Lines, PlainFile
from git_kas.domain.signals import signal_folders

if TYPE_CHECKING:
    from git_kas.domain.scaffold import Piece

EXCLUDE_FILE: Final = "info/exclude"
_IGNORE_ALL: Final = b"*\n"


def signals_piece(plans_folder: str) -> Piece:
    """The folder that agents leave signals in, which Git ignores; the plans folder comes with it."""
    return PlainFile(f"{signal_folders(plans_folder)[0]}/.gitignore", _IGNORE_ALL)


def exclude_piece() -> Piece:
    """The rule by which Git ignores our worktrees.

    In the repository's own ``info/exclude``: it holds in all worktrees of this clone at once, needs no commit,
    and leaves the project's ``.gitignore`` alone. Worktrees are a matter of one clone, not of the project.
    """
    return Lines(EXCLUDE_FILE, f"# git kas init: worktrees of plans\n/{WORKTREES_FOLDER}/\n".encode())
