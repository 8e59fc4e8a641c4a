"""Plan texts in worktrees."""

import os
from collections.abc import Iterable, Mapping

from git_kas.domain.names import PLAN_SUFFIX


class FolderPlanFiles:
    """Lists plan texts in the plans folder of each worktree."""

    def names(self, worktrees: Iterable[str], plans_folder: str) -> Mapping[str, frozenset[str]]:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        return {worktree: _names(os.path.join(worktree, *plans_folder.split("/"))) for worktree in worktrees}


def _names(folder: str) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.name.endswith(PLAN_SUFFIX))
    except OSError:
        return frozenset()
