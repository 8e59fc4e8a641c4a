"""What the trash holds, and removing it for good: only on request, and only what is old enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from git_kas.domain.operation_ids import began_ns
from git_kas.domain.removal_steps import ANCHORS, PURGING, WorktreeStep, is_being_purged
from git_kas.domain.timestamps import timestamp
from git_kas.usecases.anchors import Plumbing, drop_anchors
from git_kas.usecases.cleanup import CLEANUP
from git_kas.usecases.operation_steps import steps_of
from git_kas.usecases.recovery import complete
from git_kas.usecases.undo import UNDO, Undoable, list_operations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.removal_steps import Step
    from git_kas.ports.operations import OperationRecord
    from git_kas.usecases.cleanup import RowKind
    from git_kas.usecases.removal import RemovalPorts, RemovalScope

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """What an operation has left in the trash; ``began`` is RFC 3339. ``size`` is in bytes.

    ``undone``: everything is back. ``purged``: it is gone for good.
    """

    operation: str
    kind: str
    began: str
    items: Sequence[tuple[RowKind, str]]
    undone: bool
    size: int | None
    purged: bool = False


@dataclass(frozen=True, slots=True)
class Purge:
    """What is purged, or would be."""

    executed: bool
    entries: Sequence[TrashEntry]
    warnings: Sequence[str] = ()


def list_trash(ports: RemovalPorts) -> Sequence[TrashEntry]:
    """What every operation has left, oldest first. Writes nothing."""
    return [entry for entry in _entries(ports) if entry.items or entry.size]


def purge_trash(ports: RemovalPorts, scope: RemovalScope, older_than: int, *, execute: bool) -> Purge:
    """Remove what operations that began more than ``older_than`` seconds ago have left; ``execute`` does it.

    Raises:
        Busy: somebody else is changing branches and worktrees.
    """
    if not execute:
        return Purge(executed=False, entries=_old_entries(ports, older_than))
    with ports.journal.exclusive():
        problems = complete(ports, scope)
        entries = _old_entries(ports, older_than)
        plumbing = Plumbing(ports.inspect.porcelain, scope.location.common_dir)
        journalled = {known.record.id: known.record for known in _records(ports)}
        for entry in entries:
            _purge(ports, plumbing, entry.operation, journalled.get(entry.operation))
    done = [replace(entry, purged=True) for entry in entries]
    return Purge(executed=True, entries=done, warnings=problems)


def _entries(ports: RemovalPorts) -> list[TrashEntry]:
    return [_entry(ports, known) for known in _records(ports)]


def _old_entries(ports: RemovalPorts, older_than: int) -> list[TrashEntry]:
    limit = ports.inspect.clock.now_ns() - older_than * _NANOSECONDS
    found = [entry for entry in _entries(ports) if began_ns(entry.operation) < limit]
    known = {record.id for record in ports.journal.operations()}
    for operation in ports.inspect.trash.operations():  # of a purge that was cut short
        if operation not in known and began_ns(operation) < limit:
            size = sum(ports.inspect.trash.size(path) or 0 for path in ports.inspect.trash.leftovers(operation))
            found.append(TrashEntry(operation, "", timestamp(began_ns(operation)), (), undone=False, size=size))
    return sorted(found, key=lambda entry: entry.operation)


def _records(ports: RemovalPorts) -> list[Undoable]:
    """The operations whose journals are the trash's: cleanups, undos, and all that removed something."""
    listed = {entry.record.id: entry for entry in list_operations(ports)}
    return [
        listed.get(record.id) or Undoable(record, (), undone=False)
        for record in ports.journal.operations()
        if record.id in listed or record.kind in {CLEANUP, UNDO} or is_being_purged(record.steps)
    ]


def _entry(ports: RemovalPorts, known: Undoable) -> TrashEntry:
    record = known.record
    size = sum(ports.inspect.trash.size(path) or 0 for path in _paths(ports, record))
    return TrashEntry(record.id, record.kind, record.began, known.items, known.undone, size)


def _paths(ports: RemovalPorts, record: OperationRecord) -> list[str]:
    """The folders in the trash: those beside worktrees, and the operation's own."""
    trash = ports.inspect.trash
    own = trash.leftovers(record.id)
    beside = [
        step.tree
        for step in steps_of(record)
        if isinstance(step, WorktreeStep) and step.tree and not _is_below(step, own) and trash.exists(step.tree)
    ]
    return [*beside, *own]


def _is_below(step: Step, folders: Sequence[str]) -> bool:
    return isinstance(step, WorktreeStep) and any(step.tree.startswith(f"{folder}/") for folder in folders)


def _purge(ports: RemovalPorts, plumbing: Plumbing, operation: str, record: OperationRecord | None) -> None:
    """From the moment the first step is recorded it cannot be undone; the journal goes last."""
    if record is not None:
        ports.journal.record(operation, {"step": PURGING})
    trash = ports.inspect.trash
    trash.discard(_paths(ports, record) if record else trash.leftovers(operation))
    drop_anchors(plumbing, f"{ANCHORS}{operation}/")
    if record is not None:
        ports.journal.forget(operation)
