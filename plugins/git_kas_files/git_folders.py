"""The port :class:`~git_kas.ports.git.GitFolderReader` over the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas_files.gitdir import find_git_folders, locate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.location import ConfigEntries, GitFolders, RepositoryLocation
    from git_kas.domain.worktree import Worktree


class DiskGitFolderReader:
    """Reads Git's administrative folders."""

    def find(self, start: str, environment: Mapping[str, str]) -> GitFolders | None:
        """See :class:`git_kas.ports.git.GitFolderReader`."""
        return find_git_folders(start, environment)

    def locate(self, folders: GitFolders, config: ConfigEntries) -> RepositoryLocation:
        """See :class:`git_kas.ports.git.GitFolderReader`."""
        return locate(folders, config)

    def worktrees(self, location: RepositoryLocation) -> Sequence[Worktree]:
        """See :class:`git_kas.ports.git.GitFolderReader`."""
        from git_kas_files.worktrees import read_worktrees

        return read_worktrees(location)
