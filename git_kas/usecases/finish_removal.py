"""Removes the branch of a finished plan and its worktree by cleanup's safe path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from git_kas.errors import NotFound
from git_kas.usecases.anchors import Plumbing
from git_kas.usecases.recovery import complete
from git_kas.usecases.removal import BranchToRemove, WorktreeToRemove, remove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.names import ObjectId, PlanName
    from git_kas.usecases.finish_ports import Landed
    from git_kas.usecases.removal import RemovalPorts, RemovalScope


@dataclass(frozen=True, slots=True)
class SafeRemoval:
    """A :class:`~git_kas.usecases.finish_ports.RemoveLanded` over :mod:`git_kas.usecases.removal`."""

    ports: RemovalPorts
    scope: RemovalScope

    def __call__(self, operation: str, plan: PlanName, landed: Landed) -> Sequence[str]:
        """See :class:`git_kas.usecases.finish_ports.RemoveLanded`."""
        problems = list(complete(self.ports, self.scope))
        plumbing = Plumbing(self.ports.inspect.porcelain, self.scope.location.common_dir)
        tips = {name: tip for name, tip, _ in plumbing.references("refs/heads/")}
        if landed.branch.ref not in tips:
            return problems
        worktrees = [
            WorktreeToRemove(worktree, (plan,))
            for worktree in self.ports.git_folders.worktrees(self.scope.location)
            if worktree.branch == landed.branch and worktree.path == landed.worktree
        ]
        branches = [BranchToRemove(landed.branch, landed.tip)]
        removed = remove(self.ports, self.scope, operation, worktrees, branches, self._rests_on(landed, tips))
        kept = [f"{path}: {reason.text}" for path, reasons in removed.worktrees.items() for reason in reasons]
        kept += [f"{branch}: {reason.text}" for branch, reason in removed.branches.items()]
        return [*problems, *kept, *removed.warnings]

    def _rests_on(self, landed: Landed, tips: dict[str, str]) -> dict[str, ObjectId]:
        """The base, which was read again just before; nothing here where a forge has proved it."""
        from git_kas.domain.names import ObjectId

        if landed.landed_at is None:
            return {}
        if landed.base.ref not in tips:
            raise NotFound(f"The base branch {landed.base} is gone.", next_step="Put it back.")
        return {landed.base.ref: ObjectId(tips[landed.base.ref])}
