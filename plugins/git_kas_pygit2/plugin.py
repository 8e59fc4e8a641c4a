"""Entry point ``pygit2``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git_kas.domain.location import RepositoryLocation
    from git_kas.ports.contents import FileMerge
    from git_kas.ports.git import Repository


def kas_repository(location: RepositoryLocation) -> Repository:
    """Read references and history with libgit2, without starting a process."""
    from git_kas_pygit2.repository import open_repository

    return open_repository(location)


def kas_file_merge() -> FileMerge:
    """Merge texts with libgit2, in memory."""
    from git_kas_pygit2.file_merge import LibgitFileMerge

    return LibgitFileMerge()
