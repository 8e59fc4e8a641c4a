"""Names for what comes back from the trash where the old ones are taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.names import BranchName, ObjectId, PlanName, plan_name_from_argument

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from git_kas.domain.removal_steps import WorktreeStep

_NOT_IN_FOLDER: Final = re.compile(r"[^A-Za-z0-9._-]+")


class Renaming:
    """Which names were taken, and what is used instead: ``wanted``, then ``wanted-2`` and so on.

    ``is_taken`` says whether something is at a path. Without ``wanted`` each taken name is a problem instead.
    """

    def __init__(self, wanted: str | None, is_taken: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._is_taken = is_taken
        self.branches: dict[BranchName, BranchName] = {}
        self.new_branches: dict[BranchName, ObjectId] = {}
        self.plans: dict[PlanName, PlanName] = {}
        self.problems: list[str] = []
        self._kept: list[BranchName] = []
        self._places: dict[int, tuple[str, str]] = {}

    def branch(self, name: BranchName, references: Mapping[str, object]) -> None:
        """Find a name for a branch beside ``references``, by full name."""
        if problem := _clash(name, references):
            if self._wanted is None:
                self.problems.append(problem)
            else:
                self.branches[name] = self._free_branch(references)
        else:
            self._kept.append(name)

    def other_branch(self, name: BranchName, head: ObjectId, references: Collection[str], problem: str) -> None:
        """A worktree cannot have the branch ``name`` any more; it gets a new one at ``head``."""
        if self._wanted is None:
            self.problems.append(problem)
        else:
            new = self._free_branch(references)
            self.branches[name] = new
            self.new_branches[new] = head

    def plan(self, name: PlanName) -> None:
        """Another name for a plan; whether that one is free the store says."""
        if self._wanted is None:
            self.problems.append(f"plan {name} exists")
        else:
            self.plans[name] = plan_name_from_argument(self._numbered(self._wanted, len(self.plans)))

    def worktree(self, number: int, path: str, admin: str) -> None:
        """Another path and id for a worktree."""
        if self._wanted is None:
            taken = path if self._is_taken(path) else admin
            self.problems.append(f"{taken} is in use")
            return
        flat = _NOT_IN_FOLDER.sub("-", self._wanted).strip("-.") or "worktree"
        used = set(self._places.values())
        for count in range(len(used) + 10_000):
            name = self._numbered(flat, count)
            place = f"{path.rpartition('/')[0]}/{name}", f"{admin.rpartition('/')[0]}/{name}"
            if place not in used and not any(map(self._is_taken, place)):
                self._places[number] = place
                return

    def path(self, step: WorktreeStep) -> str:
        """Where the worktree goes."""
        return self._places.get(step.number, (step.path, step.admin))[0]

    def admin(self, step: WorktreeStep) -> str:
        """Where its administrative folder goes."""
        return self._places.get(step.number, (step.path, step.admin))[1]

    def encode(self) -> dict[str, Any]:
        """For the journal."""
        return {
            "branches": self.branches,
            "new_branches": self.new_branches,
            "plans": self.plans,
            "places": {str(number): list(place) for number, place in self._places.items()},
        }

    @classmethod
    def decode(cls, document: Mapping[str, Any]) -> Renaming:
        """See :meth:`encode`."""
        made = cls(None, lambda _: False)
        made.branches = {BranchName(old): BranchName(new) for old, new in document["branches"].items()}
        made.new_branches = {BranchName(new): ObjectId(tip) for new, tip in document["new_branches"].items()}
        made.plans = {PlanName(old): PlanName(new) for old, new in document["plans"].items()}
        made._places = {int(number): (path, admin) for number, (path, admin) in document["places"].items()}
        return made

    def _free_branch(self, references: Collection[str]) -> BranchName:
        taken = {*references, *(new.ref for new in self.branches.values()), *(old.ref for old in self._kept)}
        count = 0
        while _clash(name := BranchName(self._numbered(str(self._wanted), count)), taken):
            count += 1
        return name

    @staticmethod
    def _numbered(name: str, count: int) -> str:
        return name if count == 0 else f"{name}-{count + 1}"


def _clash(name: BranchName, references: Collection[str] | Mapping[str, object]) -> str:
    """Why there cannot be a branch ``name`` beside ``references``; a file cannot be a folder as well."""
    if name.ref in references:
        return f"branch {name} exists"
    below = next((ref for ref in references if ref.startswith(f"{name.ref}/")), "")
    parts = name.split("/")
    above = next(
        (
            ref
            for count in range(1, len(parts))
            if (ref := f"refs/heads/{'/'.join(parts[:count])}") in references
        ),
        "",
    )
    other = below or above
    return f"branch {name} cannot be beside {other.removeprefix('refs/heads/')}" if other else ""
