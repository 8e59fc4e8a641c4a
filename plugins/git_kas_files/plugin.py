"""Entry point ``files``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git_kas.ports.files import PlanFiles, Scratch
    from git_kas.ports.git import GitFolderReader


def kas_git_folders() -> GitFolderReader:
    """Git's administrative folders, read without Git."""
    from git_kas_files.git_folders import DiskGitFolderReader

    return DiskGitFolderReader()


def kas_plan_files() -> PlanFiles:
    """Plan texts in worktrees."""
    from git_kas_files.plan_files import FolderPlanFiles

    return FolderPlanFiles()


def kas_scratch() -> Scratch:
    """Throw-away folders."""
    from git_kas_files.scratch import DiskScratch

    return DiskScratch()
