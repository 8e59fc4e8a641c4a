"""What is meant by the names that cleanup is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.names import plan_name_from_argument
from git_kas.errors import InvalidName, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.names import BranchName, PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.triage import Row
    from git_kas.domain.worktree import Worktree


class Names:
    """What the names on the command line mean: a plan with all that is its own, a branch, a worktree.

    Raises:
        NotFound: nothing is called so.
    """

    def __init__(
        self,
        given: Sequence[str],
        rows: Sequence[Row],
        worktrees: Sequence[Worktree],
        plans: Mapping[BranchName, Sequence[Plan]],
        absolute: Callable[[str], str],
    ) -> None:
        self.given = bool(given)
        self.branches: set[BranchName] = set()
        self.plans: set[PlanName] = set()
        self._paths: set[str] = set()
        branches = {row.survey.branch.name for row in rows if row.survey}
        known_plans = {row.plan.filename for row in rows if row.plan}
        for name in given:
            meant_branches = {branch for branch in branches if branch == name}
            path = absolute(name)
            meant_paths = {known.path for known in worktrees if name in _names_of(known) or known.path == path}
            meant_plans = set() if meant_branches or meant_paths else _plans_called(name, known_plans)
            if not meant_branches and not meant_paths and not meant_plans:
                raise NotFound(
                    f"There is no plan, branch or worktree '{name}'.", next_step="'git kas triage' shows them."
                )
            of_plans = {
                branch
                for branch, claims in plans.items()
                if any(plan.filename in meant_plans for plan in claims)
            }
            self.branches |= meant_branches | of_plans
            self.plans |= meant_plans
            self._paths |= meant_paths

    def names_worktree(self, worktree: Worktree) -> bool:
        """Whether the worktree is meant: by itself, or because its branch is checked out there."""
        by_branch = worktree.branch in self.branches and not worktree.is_main
        return worktree.path in self._paths or by_branch


def _names_of(worktree: Worktree) -> set[str]:
    return {worktree.path, worktree.path.rpartition("/")[2], *filter(None, [worktree.id])}


def _plans_called(name: str, known: set[PlanName]) -> set[PlanName]:
    try:
        return {plan_name_from_argument(name)} & known
    except InvalidName:
        return set()
