"""Finishes the steps of removals that a sudden end of the process cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.removal_steps import (
    BranchesStep,
    ConfigStep,
    WorktreeStep,
    encode_done,
    encode_step,
    numbers_done,
)
from git_kas.errors import KasError, ProgramFailed
from git_kas.usecases.anchors import Plumbing
from git_kas.usecases.operation_steps import change_of, steps_of
from git_kas.usecases.removal import Remover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.removal_steps import RemovedBranch, Step
    from git_kas.usecases.removal import RemovalPorts, RemovalScope


def complete(ports: RemovalPorts, scope: RemovalScope) -> Sequence[str]:
    """Finish the steps that a sudden end cut short; sentences about those that cannot be finished.

    The caller holds the journal's lock.
    """
    problems: list[str] = []
    for record in ports.journal.operations():
        done = numbers_done(record.steps)
        steps = [step for step in steps_of(record) if step.number not in done]
        for step in steps:
            if isinstance(step, ConfigStep):
                ports.branch_config.release(step.after)
        for step in steps:
            if not _is_empty(step):
                try:
                    _complete(ports, scope, record.id, step)
                except KasError as error:
                    problems.append(f"Operation {record.id} was cut short: {error.message}")
    return problems


def _was_made_again(ports: RemovalPorts, branch: RemovedBranch, logs: bytes) -> bool:
    """Whether the branch of that name has begun a reflog of its own since the old one was kept."""
    kept = logs[branch.log_start : branch.log_start + (branch.log_length or 0)]
    return not (ports.records.branch_log(branch.name) or b"").startswith(kept)


def _is_empty(step: Step) -> bool:
    return isinstance(step, BranchesStep) and not step.branches


def _complete(ports: RemovalPorts, scope: RemovalScope, operation: str, step: Step) -> None:
    trash = ports.inspect.trash
    if isinstance(step, WorktreeStep):
        half = step.tree and trash.exists(step.tree) and trash.exists(step.admin)
        if half and not trash.exists(step.path):
            trash.move(step.admin, step.kept_admin)
        elif not trash.exists(step.kept_admin):
            return  # it was not begun; whoever asks again will look again
    elif isinstance(step, BranchesStep):
        plumbing = Plumbing(ports.inspect.porcelain, scope.location.common_dir)
        there = {name for name, _, _ in plumbing.references("refs/heads/")}
        logs = ports.journal.kept(operation, step.logs)
        gone = [
            branch
            for branch in step.branches
            if branch.name.ref not in there or _was_made_again(ports, branch, logs)
        ]
        ports.journal.record(operation, encode_step(step._replace(branches=tuple(gone))))
        remover = Remover(ports, scope, operation)
        nameless = [branch.name for branch in gone if branch.name.ref not in there]
        if problems := remover.remove_configuration(nameless):
            raise ProgramFailed(problems[0], next_step="Look at Git's configuration.")
    elif isinstance(step, ConfigStep):
        change = change_of(ports.journal, operation, step)
        branches = {piece.branch for piece in change.pieces}
        ports.branch_config.take_out(branches, Remover(ports, scope, operation).config_announcer(step.number))
    else:
        return
    ports.journal.record(operation, encode_done(step.number))
