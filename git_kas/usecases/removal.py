"""The safe path of removal: looked at again, anchored, journalled, and only then moved away (DESIGN 8).

Used by cleanup and by finish. Whatever moment the process ends at, the journal says what was begun, so that
:mod:`git_kas.usecases.undo` takes it back, and :mod:`git_kas.usecases.recovery` finishes a step that was cut
short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.janitor import Reason, ReasonCode
from git_kas.domain.removal_steps import (
    BranchesStep,
    ConfigStep,
    RemovedBranch,
    WorktreeStep,
    anchor_ref,
    encode_done,
    encode_step,
    next_number,
)
from git_kas.errors import KasError, ProgramFailed, WouldLoseData
from git_kas.usecases.anchors import Plumbing, set_anchor
from git_kas.usecases.inspect_worktrees import InspectPorts, inspect_worktrees

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from git_kas.domain.janitor import Untouchable
    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.names import BranchName, ObjectId, PlanName
    from git_kas.domain.removal_steps import Step
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.branch_config import BranchConfig, ConfigChange
    from git_kas.ports.files import PlanFiles
    from git_kas.ports.git import GitFolderReader
    from git_kas.ports.operations import OperationJournal
    from git_kas.ports.trash import AdminRecords

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class RemovalPorts:
    """What removing goes through."""

    inspect: InspectPorts
    git_folders: GitFolderReader
    journal: OperationJournal
    records: AdminRecords
    branch_config: BranchConfig
    plan_files: PlanFiles


@dataclass(frozen=True, slots=True)
class RemovalScope:
    """Where, and what is never touched. ``accepted`` are the options that name losses."""

    location: RepositoryLocation
    untouchable: Untouchable
    plans_folder: str
    accepted: Collection[str] = ()


class WorktreeToRemove(NamedTuple):
    """A worktree, with the plans whose waves may be driven in it."""

    worktree: Worktree
    plans: tuple[PlanName, ...] = ()


class BranchToRemove(NamedTuple):
    """A branch that was judged at ``tip``."""

    name: BranchName
    tip: ObjectId


class Removed(NamedTuple):
    """What was kept after all, and why: by path and by name. Everything else is gone."""

    worktrees: Mapping[str, Sequence[Reason]]
    branches: Mapping[BranchName, Reason]
    warnings: Sequence[str] = ()


def remove(
    ports: RemovalPorts,
    scope: RemovalScope,
    operation: str,
    worktrees: Sequence[WorktreeToRemove],
    branches: Sequence[BranchToRemove],
    unless_changed: Mapping[str, ObjectId],
) -> Removed:
    """Remove worktrees, then branches, as part of ``operation``, which the caller has begun.

    The caller holds the journal's lock and has judged the branches: ``unless_changed`` are references (by full
    name) on which that judgement rests. One of them that has changed keeps all branches.

    Raises:
        KasError: the journal cannot be written; what was recorded by then can be undone.
    """
    remover = Remover(ports, scope, operation)
    kept_worktrees = {}
    for wanted in worktrees:
        reasons = remover.remove_worktree(wanted)
        if reasons:
            kept_worktrees[wanted.worktree.path] = reasons
    kept_branches = remover.remove_branches(branches, unless_changed)
    return Removed(kept_worktrees, kept_branches, remover.warnings)


class Remover:
    """Removes things as part of one operation, each step recorded before it is done."""

    def __init__(self, ports: RemovalPorts, scope: RemovalScope, operation: str) -> None:
        self._ports = ports
        self._scope = scope
        self._operation = operation
        self._plumbing = Plumbing(ports.inspect.porcelain, scope.location.common_dir)
        self.warnings: list[str] = []
        self._number = next_number(ports.journal.read(operation).steps)

    # -- worktrees ---------------------------------------------------------------------------------------------

    def remove_worktree(self, wanted: WorktreeToRemove) -> Sequence[Reason]:
        """Why the worktree stays; nothing if it is gone."""
        all_worktrees = self._ports.git_folders.worktrees(self._scope.location)
        now = next((other for other in all_worktrees if other.id == wanted.worktree.id), None)
        if now is None or _what_it_is(now) != _what_it_is(wanted.worktree):
            return [Reason(ReasonCode.CHANGED)]
        scope = self._scope
        facts = inspect_worktrees(
            self._ports.inspect, all_worktrees, {now.path: wanted.plans}, scope.plans_folder, only=[now]
        )
        found = facts[now.path].reasons(scope.untouchable)
        if kept := [reason for reason in found if reason.keeps(scope.accepted)]:
            return kept
        beside = [
            other.admin_dir
            for other in all_worktrees
            if now.branch is not None and other.branch == now.branch and other.id != now.id
        ]
        problem = self._to_trash(now, tuple(beside))
        if problem is None:
            return []
        is_elsewhere = isinstance(problem, WouldLoseData)
        return [Reason(ReasonCode.OTHER_FILE_SYSTEM if is_elsewhere else ReasonCode.FAILED, problem.message)]

    def _to_trash(self, worktree: Worktree, beside: tuple[str, ...]) -> KasError | None:
        """What went wrong, so that the worktree stays; what the journal refuses is raised."""
        trash, number = self._ports.inspect.trash, self._next()
        try:
            names = self._ports.records.objects_of_worktree(worktree.admin_dir)
            head = self._head_of(worktree)
            anchor = anchor_ref(self._operation, number)
            set_anchor(self._plumbing, anchor, [*([head] if head else []), *names])
            place = trash.place(self._operation, number, worktree)
        except KasError as error:
            return error
        step = WorktreeStep(
            number=number,
            id=worktree.id,
            path=worktree.path,
            admin=worktree.admin_dir,
            tree=place.tree if worktree.readable else "",
            kept_admin=place.admin,
            branch=worktree.branch,
            head=head,
            beside=beside,
        )
        problem = self._move(step)
        if isinstance(problem, WouldLoseData) and step.tree:
            beside = trash.place_beside(self._operation, number, worktree)
            problem = self._move(step._replace(tree=beside.tree, kept_admin=beside.admin))
        if problem is None:
            self._done(number)
        return problem

    def _move(self, step: WorktreeStep) -> KasError | None:
        self._record(step)
        try:
            move_to_trash(self._ports, step)
        except KasError as error:
            return error
        return None

    def _head_of(self, worktree: Worktree) -> ObjectId | None:
        if worktree.branch is None or worktree.head is not None:
            return worktree.head
        for name, tip, _ in self._plumbing.references(worktree.branch.ref):
            if name == worktree.branch.ref:
                from git_kas.domain.names import ObjectId

                return ObjectId(tip)
        return None

    # -- branches ----------------------------------------------------------------------------------------------

    def remove_branches(
        self, wanted: Sequence[BranchToRemove], unless_changed: Mapping[str, ObjectId]
    ) -> Mapping[BranchName, Reason]:
        """Why branches stay; the others are gone, all in one transaction, and their configuration with them."""
        kept: dict[BranchName, Reason] = {}
        if wanted and not self._ports.records.supported():
            text = "reflogs of the reftable format cannot be kept"
            return {branch.name: Reason(ReasonCode.FAILED, text) for branch in wanted}
        number = self._next()
        anchored = False
        for _ in range(_ATTEMPTS):
            kept |= self._branches_that_stay(wanted, unless_changed)
            left = [branch for branch in wanted if branch.name not in kept]
            if not left:
                return kept
            step, logs = self._branches_step(number, left)
            if not anchored:
                set_anchor(self._plumbing, anchor_ref(self._operation, number), _objects(step, logs))
                anchored = True
            self._ports.journal.keep(self._operation, step.logs, logs)
            self._record(step)
            try:
                # Git takes a HEAD that leads to what is verified for changed, and says so in its reflog.
                head = self._plumbing.head_target()
                verified = {ref: tip for ref, tip in unless_changed.items() if ref != head}
                self._plumbing.transaction(_deletion(left, verified))
            except ProgramFailed as error:
                self._record(step._replace(branches=()))
                blamed = [branch for branch in left if f"'{branch.name.ref}'" in error.message]
                if not blamed and not self._branches_that_stay(left, unless_changed):
                    return kept | {branch.name: Reason(ReasonCode.FAILED, error.message) for branch in left}
                kept |= {branch.name: Reason(ReasonCode.FAILED, error.message) for branch in blamed}
                continue
            self.warnings += self.remove_configuration([branch.name for branch in left])
            self._done(number)
            return kept
        return kept | {branch.name: Reason(ReasonCode.CHANGED) for branch in wanted if branch.name not in kept}

    def _branches_that_stay(
        self, wanted: Sequence[BranchToRemove], unless_changed: Mapping[str, ObjectId]
    ) -> dict[BranchName, Reason]:
        references = self._plumbing.references("refs/heads/", *unless_changed)
        tips = {name: object_ for name, object_, _ in references}
        if moved := [ref for ref, tip in unless_changed.items() if tips.get(ref) != tip]:
            return {branch.name: Reason(ReasonCode.CHANGED, f"{moved[0]} has moved") for branch in wanted}
        linked = {name for name, _, target in references if target}
        linked |= {target for _, _, target in references if target}
        worktrees = self._ports.git_folders.worktrees(self._scope.location)
        places = {name: worktree.path for worktree in worktrees for name in worktree.held_branches}
        head = self._plumbing.head_target()
        kept: dict[BranchName, Reason] = {}
        for branch in wanted:
            untouchable = next(self._scope.untouchable.reasons(branch.name), None)
            if untouchable:
                kept[branch.name] = untouchable
            elif branch.name in places:
                kept[branch.name] = Reason(ReasonCode.CHECKED_OUT, places[branch.name])
            elif branch.name.ref == head:
                kept[branch.name] = Reason(ReasonCode.CHECKED_OUT, self._scope.location.common_dir)
            elif branch.name.ref in linked:
                kept[branch.name] = Reason(ReasonCode.SYMBOLIC)
            elif tips.get(branch.name.ref) != branch.tip:
                kept[branch.name] = Reason(ReasonCode.CHANGED)
        return kept

    def _branches_step(self, number: int, branches: Sequence[BranchToRemove]) -> tuple[BranchesStep, bytes]:
        logs: list[bytes] = []
        removed: list[RemovedBranch] = []
        start = 0
        for branch in branches:
            log = self._ports.records.branch_log(branch.name)
            length = None if log is None else len(log)
            removed.append(RemovedBranch(branch.name, branch.tip, start, length))
            logs.append(log or b"")
            start += length or 0
        return BranchesStep(number, tuple(removed), f"reflogs-{number}"), b"".join(logs)

    def remove_configuration(self, branches: Sequence[BranchName]) -> Sequence[str]:
        """Take out the sections of branches that are gone; sentences about what went wrong."""
        if not branches:
            return ()
        number = self._next()
        announce = self.config_announcer(number)
        try:
            if self._ports.branch_config.take_out(set(branches), announce):
                self._done(number)
        except KasError as error:
            return [f"The configuration of the removed branches stays: {error.message}"]
        return ()

    def config_announcer(self, number: int) -> Callable[[ConfigChange], None]:
        """What records a change of the configuration before it is made."""

        def announce(change: ConfigChange) -> None:
            kept = f"config-{number}"
            self._ports.journal.keep(self._operation, kept, b"".join(piece.text for piece in change.pieces))
            pieces = tuple((piece.branch, piece.start, len(piece.text)) for piece in change.pieces)
            self._record(ConfigStep(number, pieces, kept, change.before, change.after))

        return announce

    # -- the journal -------------------------------------------------------------------------------------------

    def _next(self) -> int:
        number = self._number
        self._number += 1
        return number

    def _record(self, step: Step) -> None:
        self._ports.journal.record(self._operation, encode_step(step))

    def _done(self, number: int) -> None:
        self._ports.journal.record(self._operation, encode_done(number))


def move_to_trash(ports: RemovalPorts, step: WorktreeStep) -> None:
    """Move what has not been moved: the folder, then its administrative folder.

    In this order the worktree is known to Git, as one whose folder is missing, until all of it is gone.
    """
    trash = ports.inspect.trash
    if step.tree:
        trash.move(step.path, step.tree)
    try:
        trash.move(step.admin, step.kept_admin)
    except KasError:
        if step.tree:
            trash.move(step.tree, step.path)
        raise


def _what_it_is(worktree: Worktree) -> tuple[str, BranchName | None, ObjectId | None]:
    return worktree.path, worktree.branch, worktree.head


def _objects(step: BranchesStep, logs: bytes) -> Sequence[str]:
    tips = [str(branch.tip) for branch in step.branches]
    lines = (line.split(b" ", 2) for line in logs.split(b"\n") if line.count(b" ") > 1)
    logged = [name.decode("ascii", "replace") for old, new, _ in lines for name in (old, new)]
    return [*tips, *(name for name in logged if name.strip("0") and name.isalnum())]


def _deletion(branches: Sequence[BranchToRemove], unless_changed: Mapping[str, ObjectId]) -> Sequence[str]:
    """Every branch with the value it is expected to have, and what the judgement rests on."""
    return [
        *(f"verify {ref} {tip}" for ref, tip in unless_changed.items()),
        *(f"delete {branch.name.ref} {branch.tip}" for branch in branches),
    ]
