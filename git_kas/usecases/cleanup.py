"""Removes what is finished, merged or gone, and nothing else (DESIGN 8). A dry run unless told otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from git_kas.domain.janitor import Reason, ReasonCode
from git_kas.domain.mutation import Remove, Request
from git_kas.domain.removal_steps import (
    PlanStep,
    encode_done,
    encode_end,
    encode_step,
    has_ended,
    is_being_purged,
    next_number,
)
from git_kas.errors import Conflict, KasError
from git_kas.usecases.recovery import complete
from git_kas.usecases.removal import BranchToRemove, WorktreeToRemove, remove

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.mutation import Author
    from git_kas.domain.names import ObjectId, PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.worktree import Worktree
    from git_kas.usecases.removal import RemovalPorts, RemovalScope, Removed

CLEANUP = "cleanup"


class RowKind(StrEnum):
    """What a row is about."""

    WORKTREE = "worktree"
    BRANCH = "branch"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Asked:
    """What cleanup is asked for. ``older_than`` is in seconds; ``accepted`` are options that name losses.

    ``names`` are plans, branches or worktrees; none: everything of the ``kinds``. ``remote``: branches whose
    upstream is gone are looked at although their plan is in work.
    """

    execute: bool = False
    names: tuple[str, ...] = ()
    kinds: frozenset[RowKind] = frozenset(RowKind)
    remote: bool = False
    older_than: int | None = None
    accepted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CleanupRow:
    """One worktree, branch or plan: whether it goes (``reasons`` is empty then), and the evidence.

    ``named``: it was asked for by name. ``size`` is in bytes, for folders. ``done``: it is gone.
    """

    kind: RowKind
    name: str
    plan: PlanName | None = None
    reasons: Sequence[Reason] = ()
    evidence: Sequence[str] = ()
    size: int | None = None
    named: bool = False
    done: bool = False
    worktree: Worktree | None = field(default=None, repr=False)
    branch: BranchToRemove | None = field(default=None, repr=False)
    entry: Plan | None = field(default=None, repr=False)

    @property
    def goes(self) -> bool:
        """Whether it is removed, or would be."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything that was looked at, and the references on which the judgement of branches rests."""

    rows: Sequence[CleanupRow]
    unless_changed: Mapping[str, ObjectId]
    plans_of: Mapping[str, tuple[PlanName, ...]]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What came of it; ``operation`` is what undo takes, None where nothing was done."""

    operation: str | None
    executed: bool
    rows: Sequence[CleanupRow]
    warnings: Sequence[str]

    @property
    def refused(self) -> bool:
        """Whether something that was named stays, or had no place to go to."""
        return any(
            row.reasons and (row.named or any(r.code is ReasonCode.OTHER_FILE_SYSTEM for r in row.reasons))
            for row in self.rows
        )


def cleanup(
    ports: RemovalPorts,
    scope: RemovalScope,
    author: Author,
    asked: Asked,
    find_candidates: Callable[[], Candidates],
) -> Cleanup:
    """Find what may go, and with ``asked.execute`` move it away.

    Raises:
        Busy: somebody else is changing branches and worktrees.
        NotFound: there is nothing of a name that was given.
        Conflict: an undo was cut short and has to be finished first.
    """
    if not asked.execute:
        found = find_candidates()
        return Cleanup(None, executed=False, rows=found.rows, warnings=found.warnings)
    with ports.journal.exclusive():
        problems = complete(ports, scope)
        _insist_on_whole_undos(ports)
        found = find_candidates()
        going = [row for row in found.rows if row.goes]
        if not going:
            return Cleanup(None, executed=True, rows=found.rows, warnings=[*problems, *found.warnings])
        names = [[row.kind, row.name] for row in going]
        operation = ports.journal.begin(CLEANUP, {"remove": names}, ports.inspect.clock.now_ns())
        removed = _remove(ports, scope, operation, found)
        plans = _Plans(ports, scope, operation, author)
        rows = [_after(row, removed, plans) for row in found.rows]
        ports.journal.record(operation, encode_end())
    warnings = [*problems, *found.warnings, *removed.warnings]
    done = operation if any(row.done for row in rows) else None
    return Cleanup(done, executed=True, rows=rows, warnings=warnings)


def _insist_on_whole_undos(ports: RemovalPorts) -> None:
    """Half of what an undo brings back looks like something to clean up; what was purged stays away."""
    records = ports.journal.operations()
    left = {record.id for record in records if not is_being_purged(record.steps)}
    for record in records:
        target = record.steps[0].get("undo")
        if target in left and not has_ended(record.steps):
            raise Conflict(
                f"The undo of operation {target} was cut short.",
                next_step=f"Run 'git kas undo {target}' first.",
            )


def _remove(ports: RemovalPorts, scope: RemovalScope, operation: str, found: Candidates) -> Removed:
    worktrees = [
        WorktreeToRemove(row.worktree, found.plans_of.get(row.worktree.path, ()))
        for row in found.rows
        if row.goes and row.worktree
    ]
    branches = [row.branch for row in found.rows if row.goes and row.branch]
    return remove(ports, scope, operation, worktrees, branches, found.unless_changed)


def _after(row: CleanupRow, removed: Removed, plans: _Plans) -> CleanupRow:
    if not row.goes:
        return row
    if row.kind is RowKind.WORKTREE:
        reasons = removed.worktrees.get(row.name, ())
    elif row.kind is RowKind.BRANCH and row.branch:
        reasons = [reason] if (reason := removed.branches.get(row.branch.name)) else []
    else:
        reasons = [reason] if row.entry and (reason := plans.remove(row.entry)) else []
    return replace(row, reasons=tuple(reasons), done=not reasons)


class _Plans:
    """Takes plans off the list, each recorded before."""

    def __init__(self, ports: RemovalPorts, scope: RemovalScope, operation: str, author: Author) -> None:
        self._ports = ports
        self._scope = scope
        self._operation = operation
        self._author = author

    def remove(self, plan: Plan) -> Reason | None:
        """Why the plan stays; None if it is gone."""
        journal = self._ports.journal
        number = next_number(journal.read(self._operation).steps)
        key = f"cleanup:{self._operation}:{number}"
        try:
            if place := self._text_in_a_worktree(plan.filename):
                return Reason(ReasonCode.HAS_TEXT, place)
            journal.record(self._operation, encode_step(PlanStep(number, plan.filename, key)))
            asked = Remove(plan.filename, if_revision=plan.revision)
            self._ports.inspect.store.commit(asked, Request(self._author, key))
            journal.record(self._operation, encode_done(number))
        except KasError as error:
            return Reason(ReasonCode.FAILED, error.message)
        return None

    def _text_in_a_worktree(self, plan: PlanName) -> str:
        """A worktree in which the text has appeared since it was looked for; the store watches its revision."""
        worktrees = self._ports.git_folders.worktrees(self._scope.location)
        paths = [worktree.path for worktree in worktrees if worktree.readable]
        names = self._ports.plan_files.names(paths, self._scope.plans_folder)
        return next((path for path, listed in names.items() if plan in listed), "")
