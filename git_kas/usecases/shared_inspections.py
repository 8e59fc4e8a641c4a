"""One look of Git at each worktree, that serves both triage and the search for what would be lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.janitor import Inspection
    from git_kas.domain.worktree import Dirt, Worktree
    from git_kas.ports.git import Ended, PendingInspections, Porcelain


class InspectingPorcelain:
    """The port Porcelain for triage, whose statuses come out of the inspections: Git runs once for both."""

    def __init__(self, porcelain: Porcelain, pending: PendingInspections) -> None:
        self._porcelain = porcelain
        self._pending = pending
        self.found: Mapping[str, Inspection] = {}

    def start_statuses(self, worktrees: Sequence[Worktree]) -> InspectingPorcelain:
        """See :class:`git_kas.ports.git.Porcelain`."""
        del worktrees
        return self

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Dirt]:
        """See :class:`git_kas.ports.git.PendingStatuses`."""
        self.found = self._pending.collect(signal_folders)
        return {path: inspection.dirt for path, inspection in self.found.items()}

    def start_inspections(self, worktrees: Sequence[Worktree]) -> PendingInspections:
        """See :class:`git_kas.ports.git.Porcelain`."""
        return self._porcelain.start_inspections(worktrees)

    def run(self, folder: str, *arguments: str, at: int | None = None) -> str:
        """See :class:`git_kas.ports.git.Porcelain`."""
        return self._porcelain.run(folder, *arguments, at=at)

    def attempt(
        self, folder: str, *arguments: str, stdin: str = "", scratch: str = "", reflog_action: str = ""
    ) -> Ended:
        """See :class:`git_kas.ports.git.Porcelain`."""
        return self._porcelain.attempt(
            folder, *arguments, stdin=stdin, scratch=scratch, reflog_action=reflog_action
        )


@dataclass(frozen=True, slots=True)
class KnownInspections:
    """Inspections that were collected already."""

    found: Mapping[str, Inspection]

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Inspection]:
        """See :class:`git_kas.ports.git.PendingStatuses`."""
        del signal_folders
        return self.found
