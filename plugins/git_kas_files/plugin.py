"""Entry point ``files``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git_kas.domain.location import RepositoryLocation
    from git_kas.ports.cache import Cache
    from git_kas.ports.files import NewFiles, PlanFiles, PrivateFiles, Scratch, WorktreeFiles
    from git_kas.ports.git import GitFolderReader
    from git_kas.ports.inspection import AdminFiles
    from git_kas.ports.locks import Locks
    from git_kas.ports.operations import OperationJournal
    from git_kas.ports.signals import SignalBox
    from git_kas.ports.trash import AdminRecords, Trash
    from git_kas.ports.watch import Watch


def kas_git_folders() -> GitFolderReader:
    """Git's administrative folders, read without Git."""
    from git_kas_files.git_folders import DiskGitFolderReader

    return DiskGitFolderReader()


def kas_plan_files() -> PlanFiles:
    """Plan texts in worktrees."""
    from git_kas_files.plan_files import FolderPlanFiles

    return FolderPlanFiles()


def kas_worktree_files() -> WorktreeFiles:
    """Files in worktrees, opened without following links."""
    from git_kas_files.worktree_files import DiskWorktreeFiles

    return DiskWorktreeFiles()


def kas_admin_files(location: RepositoryLocation) -> AdminFiles:
    """Files in Git's administrative folders."""
    from git_kas_files.admin_files import DiskAdminFiles

    return DiskAdminFiles(location.common_dir)


def kas_scratch() -> Scratch:
    """Throw-away folders."""
    from git_kas_files.scratch import DiskScratch

    return DiskScratch()


def kas_new_files() -> NewFiles:
    """Files that are finished elsewhere and then linked."""
    from git_kas_files.new_files import DiskNewFiles

    return DiskNewFiles()


def kas_private_files() -> PrivateFiles:
    """Files that are replaced as a whole, under a lock."""
    from git_kas_files.private_files import DiskPrivateFiles

    return DiskPrivateFiles()


def kas_signal_box(location: RepositoryLocation) -> SignalBox:
    """Sentinel files in worktrees, and rejected ones in the common directory."""
    from git_kas_files.signal_box import FolderSignalBox

    return FolderSignalBox(location.common_dir)


def kas_locks(location: RepositoryLocation) -> Locks:
    """Lock files in the common directory."""
    from git_kas_files.locks import FolderLocks

    return FolderLocks(location.common_dir)


def kas_watch() -> Watch:
    """The system's notifications about folders."""
    from git_kas_files.watch import DiskWatch

    return DiskWatch()


def kas_cache(location: RepositoryLocation) -> Cache:
    """Files in the common directory."""
    from git_kas_files.cache import FolderCache

    return FolderCache(location.common_dir)


def kas_operation_journal(location: RepositoryLocation) -> OperationJournal:
    """Operations, in the common directory."""
    from git_kas_files.operations import DiskOperationJournal

    return DiskOperationJournal(location.common_dir)


def kas_trash(location: RepositoryLocation) -> Trash:
    """Worktrees that were moved away, in the common directory or beside where they were."""
    from git_kas_files.trash import FolderTrash

    return FolderTrash(location.common_dir)


def kas_admin_records(location: RepositoryLocation) -> AdminRecords:
    """Reflogs, and what the administrative files of worktrees refer to."""
    from git_kas_files.admin_records import DiskAdminRecords

    return DiskAdminRecords(location.common_dir)
