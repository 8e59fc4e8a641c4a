"""Takes an operation back: branches, their configuration, worktrees and plans, as they were (DESIGN 8).

First everything is looked at; if a name, path or id has been given to something else, nothing is changed. Then
the names are recorded, and each step is done if it is not done already: an undo that was cut short goes on with
the names it began with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.config_text import renamed
from git_kas.domain.janitor_names import Renaming
from git_kas.domain.mutation import Request, Restore
from git_kas.domain.names import BranchName
from git_kas.domain.removal_steps import (
    PURGING,
    BranchesStep,
    ConfigStep,
    PlanStep,
    WorktreeStep,
    encode_end,
    has_ended,
    numbers_done,
)
from git_kas.errors import AlreadyExists, NotFound, UsageError
from git_kas.usecases.anchors import Plumbing
from git_kas.usecases.cleanup import RowKind
from git_kas.usecases.operation_steps import change_of, steps_of
from git_kas.usecases.recovery import complete

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.mutation import Author
    from git_kas.domain.names import ObjectId
    from git_kas.domain.removal_steps import RemovedBranch, Step
    from git_kas.ports.branch_config import ConfigChange
    from git_kas.ports.operations import OperationRecord
    from git_kas.usecases.removal import RemovalPorts, RemovalScope

UNDO: Final = "undo"
_NAMES: Final = "names"
_CONFIG: Final = "config_back"


class Restored(NamedTuple):
    """Something that is back; ``new_name`` is None where it has its old one."""

    kind: RowKind
    name: str
    new_name: str | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of it: the operation that was undone, and the one by which it was."""

    operation: str
    undone: str
    restored: Sequence[Restored]
    warnings: Sequence[str] = ()


class Undoable(NamedTuple):
    """An operation, what it removed, and whether that is back."""

    record: OperationRecord
    items: Sequence[tuple[RowKind, str]]
    undone: bool


def list_operations(ports: RemovalPorts) -> Sequence[Undoable]:
    """Every operation that removed something, oldest first; those that are being purged are left out."""
    records = ports.journal.operations()
    undone = {str(record.steps[0].get("undo")) for record in records if _is_undo(record) and _is_over(record)}
    found = (Undoable(record, list(_items(record)), record.id in undone) for record in records)
    return [entry for entry in found if entry.items and not is_being_purged(entry.record)]


def undo(
    ports: RemovalPorts, scope: RemovalScope, author: Author, wanted: str | None, new_name: str | None
) -> Undone:
    """Take the operation ``wanted`` back, or the last one that can be.

    Things whose place is taken come back under ``new_name``, or under names made of it.

    Raises:
        NotFound: there is no such operation, or none that can be undone.
        AlreadyExists: a name, path or id is in use, or it was undone before; nothing was changed.
        Busy: somebody else is changing branches and worktrees.
    """
    with ports.journal.exclusive():
        problems = complete(ports, scope)
        target = _choose(ports, wanted)
        begun = _begun_before(ports, target.id)
        plumbing = Plumbing(ports.inspect.porcelain, scope.location.common_dir)
        back = _Undo(ports, scope, plumbing, author, target, resumed=begun is not None)
        problems = [*problems, *back.missing]
        if begun is None:
            renaming = back.names(new_name)
            asked = {"undo": target.id, "as": new_name}
            begun = ports.journal.begin(UNDO, asked, ports.inspect.clock.now_ns())
            ports.journal.record(begun, {"step": _NAMES, **renaming.encode()})
        else:
            record = ports.journal.read(begun)
            recorded = next((step for step in record.steps if step.get("step") == _NAMES), None)
            renaming = Renaming.decode(recorded) if recorded else back.names(new_name)
            if recorded is None:
                ports.journal.record(begun, {"step": _NAMES, **renaming.encode()})
        restored = back.restore(begun, renaming)
        ports.journal.record(begun, encode_end())
    return Undone(begun, target.id, restored, problems)


def _choose(ports: RemovalPorts, wanted: str | None) -> OperationRecord:
    if wanted is None:
        open_ones = [entry for entry in list_operations(ports) if not entry.undone]
        if open_ones:
            return open_ones[-1].record
        raise NotFound(
            "There is no operation that can be undone.", next_step="'git kas undo --list' says more."
        )
    record = ports.journal.read(wanted)
    if _is_undo(record):
        raise UsageError(
            f"Operation {wanted} is an undo itself.", next_step="'git kas cleanup' removes things again."
        )
    if is_being_purged(record):
        raise NotFound(
            f"What operation {wanted} removed was purged.", next_step="'git kas undo --list' lists the others."
        )
    entry = next((entry for entry in list_operations(ports) if entry.record.id == wanted), None)
    if entry is None:
        raise NotFound(
            f"Operation {wanted} removed nothing.", next_step="'git kas undo --list' lists those that did."
        )
    if entry.undone:
        raise AlreadyExists(f"Operation {wanted} was undone before.", next_step="Nothing is left to do.")
    return record


def _begun_before(ports: RemovalPorts, target: str) -> str | None:
    """The undo of ``target`` that was cut short."""
    return next(
        (
            record.id
            for record in ports.journal.operations()
            if _is_undo(record) and record.steps[0].get("undo") == target and not _is_over(record)
        ),
        None,
    )


class _Undo:
    """One operation and its way back."""

    def __init__(
        self,
        ports: RemovalPorts,
        scope: RemovalScope,
        plumbing: Plumbing,
        author: Author,
        target: OperationRecord,
        *,
        resumed: bool,
    ) -> None:
        self._ports = ports
        self._scope = scope
        self._plumbing = plumbing
        self._author = author
        self._target = target
        done = numbers_done(target.steps)
        everything = steps_of(target)
        steps = [step for step in everything if _took_place(ports, step) or (resumed and step.number in done)]
        self.missing = [
            f"Worktree {step.path} is not in the trash any more."
            for step in everything
            if isinstance(step, WorktreeStep) and step.number in done and step not in steps
        ]
        self._worktrees = [step for step in steps if isinstance(step, WorktreeStep)]
        self._branches = [step for step in steps if isinstance(step, BranchesStep)]
        self._configs = [step for step in steps if isinstance(step, ConfigStep)]
        self._plans = [step for step in steps if isinstance(step, PlanStep)]

    # -- looking -----------------------------------------------------------------------------------------------

    def names(self, new_name: str | None) -> Renaming:
        """Which name everything gets.

        Raises:
            AlreadyExists: one is in use, and there is no ``new_name``.
        """
        renaming = Renaming(new_name, self._ports.inspect.trash.exists)
        references = {name: object_ for name, object_, _ in self._plumbing.references("refs/heads/")}
        removed = [branch for step in self._branches for branch in step.branches]
        for branch in removed:
            renaming.branch(branch.name, references)
        for step in self._worktrees:
            self._name_worktree(step, renaming, references, {branch.name for branch in removed})
        for plan in self._plans:
            try:
                self._ports.inspect.store.get_plan(plan.filename)
            except NotFound:
                continue
            renaming.plan(plan.filename)
        if renaming.problems:
            raise AlreadyExists(
                f"Nothing was changed: {'; '.join(renaming.problems)}.",
                next_step="Give another name with --as, or make room first.",
            )
        return renaming

    def _name_worktree(
        self,
        step: WorktreeStep,
        renaming: Renaming,
        references: Mapping[str, str],
        coming_back: set[BranchName],
    ) -> None:
        trash = self._ports.inspect.trash
        worktrees = self._ports.git_folders.worktrees(self._scope.location)
        others = [worktree for worktree in worktrees if worktree.admin_dir != step.admin]
        path_taken = bool(step.tree) and trash.exists(step.path) and trash.exists(step.tree)
        path_taken = path_taken or any(worktree.path == step.path for worktree in others)
        id_taken = trash.exists(step.admin) and trash.exists(step.kept_admin)
        if path_taken or id_taken:
            renaming.worktree(step.number, step.path, step.admin)
        if step.branch is None or step.branch in coming_back or step.head is None:
            return
        strangers = [worktree for worktree in others if worktree.admin_dir not in step.beside]
        place = next((worktree.path for worktree in strangers if worktree.branch == step.branch), "")
        if place:
            renaming.other_branch(
                step.branch, step.head, references, f"branch {step.branch} is checked out at {place}"
            )
        elif references.get(step.branch.ref) != step.head:
            renaming.other_branch(
                step.branch, step.head, references, f"branch {step.branch} has moved or is gone"
            )

    # -- acting ------------------------------------------------------------------------------------------------

    def restore(self, operation: str, renaming: Renaming) -> list[Restored]:
        """Bring everything back that is not back; the journal of ``operation`` gets what going on needs."""
        self._restore_branches(operation, renaming)
        self._restore_configuration(operation, renaming)
        for step in self._worktrees:
            self._restore_worktree(step, renaming)
        for plan in self._plans:
            new = renaming.plans.get(plan.filename)
            self._ports.inspect.store.commit(
                Restore(plan.filename, new), Request(self._author, f"undo:{operation}:{plan.number}")
            )
        return [
            *(
                Restored(
                    RowKind.WORKTREE, step.path, path if (path := renaming.path(step)) != step.path else None
                )
                for step in self._worktrees
            ),
            *(
                Restored(RowKind.BRANCH, branch.name, renaming.branches.get(branch.name))
                for step in self._branches
                for branch in step.branches
            ),
            *(Restored(RowKind.PLAN, plan.filename, renaming.plans.get(plan.filename)) for plan in self._plans),
        ]

    def _restore_branches(self, operation: str, renaming: Renaming) -> None:
        there = {name for name, _, _ in self._plumbing.references("refs/heads/")}
        wanted: list[tuple[BranchName, ObjectId]] = []
        for step in self._branches:
            logs = self._ports.journal.kept(self._target.id, step.logs) if step.branches else b""
            for branch in step.branches:
                name = renaming.branches.get(branch.name, branch.name)
                if name.ref not in there:
                    self._put_log(operation, branch, name, logs)
                    wanted.append((name, branch.tip))
        wanted += [(new, tip) for new, tip in renaming.new_branches.items() if new.ref not in there]
        self._plumbing.transaction(
            [f"create {name.ref} {tip}" for name, tip in wanted], f"kas: undo {self._target.id}"
        )

    def _put_log(self, operation: str, branch: RemovedBranch, name: BranchName, logs: bytes) -> None:
        if branch.log_length is None:
            return
        content = logs[branch.log_start : branch.log_start + branch.log_length]
        left = self._ports.records.branch_log(name)
        if left is not None and left != content:  # of another branch of that name, which is gone
            self._ports.journal.keep(operation, f"older-reflog-{branch.log_start}", left)
        if left != content:
            self._ports.records.put_branch_log(name, content)

    def _restore_configuration(self, operation: str, renaming: Renaming) -> None:
        for recorded in self._ports.journal.read(operation).steps:
            if recorded.get("step") == _CONFIG:
                self._ports.branch_config.release(str(recorded["after"]))

        def announce(change: ConfigChange) -> None:
            self._ports.journal.record(operation, {"step": _CONFIG, "after": change.after})

        for step in reversed(self._configs):
            change = change_of(self._ports.journal, self._target.id, step)
            if renaming.branches:
                pieces = [
                    renamed(piece, renaming.branches.get(BranchName(piece.branch), piece.branch))
                    for piece in change.pieces
                ]
                if pieces != list(change.pieces):
                    change = change._replace(pieces=pieces, before="", after="")
            self._ports.branch_config.put_back(change, announce)

    def _restore_worktree(self, step: WorktreeStep, renaming: Renaming) -> None:
        """The administrative folder first: so Git knows the worktree, as one whose folder is missing."""
        trash = self._ports.inspect.trash
        path, admin = renaming.path(step), renaming.admin(step)
        if trash.exists(step.kept_admin):
            trash.move(step.kept_admin, admin)
        in_trash = bool(step.tree) and trash.exists(step.tree)
        if (path, admin) != (step.path, step.admin):
            trash.point(admin, path, step.tree if in_trash else path)
        if step.branch and (branch := renaming.branches.get(step.branch)):
            trash.check_out(admin, branch)
        if in_trash:
            trash.move(step.tree, path)


def _took_place(ports: RemovalPorts, step: Step) -> bool:
    if isinstance(step, WorktreeStep):
        trash = ports.inspect.trash
        return trash.exists(step.kept_admin) or (bool(step.tree) and trash.exists(step.tree))
    if isinstance(step, PlanStep):
        return ports.inspect.store.outcome_of(step.key) is not None
    return True


def _items(record: OperationRecord) -> Iterator[tuple[RowKind, str]]:
    for step in steps_of(record):
        if isinstance(step, WorktreeStep):
            yield RowKind.WORKTREE, step.path
        elif isinstance(step, BranchesStep):
            yield from ((RowKind.BRANCH, branch.name) for branch in step.branches)
        elif isinstance(step, PlanStep):
            yield RowKind.PLAN, step.filename


def _is_undo(record: OperationRecord) -> bool:
    return record.kind == UNDO


def _is_over(record: OperationRecord) -> bool:
    return has_ended(record.steps)


def is_being_purged(record: OperationRecord) -> bool:
    """Whether what the operation removed may be gone for good."""
    return any(step.get("step") == PURGING for step in record.steps)
