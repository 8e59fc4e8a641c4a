"""git-kas: plans, branches and worktrees of many coding agents on one Git repository."""

from git_kas.version import VERSION as __version__

__all__ = ["__version__"]
