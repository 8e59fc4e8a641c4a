"""The steps of an operation that removed things, read back from its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.config_text import Piece
from git_kas.domain.removal_steps import removal_steps
from git_kas.errors import StoreCorrupt
from git_kas.ports.branch_config import ConfigChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.removal_steps import ConfigStep, Step
    from git_kas.ports.operations import OperationJournal, OperationRecord


def steps_of(record: OperationRecord) -> Sequence[Step]:
    """The removals of an operation.

    Raises:
        StoreCorrupt: its journal holds something else.
    """
    try:
        return removal_steps(record.steps)
    except ValueError as error:
        raise StoreCorrupt(
            f"The journal of operation {record.id} is not understood: {error}.",
            next_step="Look at its file below kas/operations in Git's common directory.",
        ) from error


def change_of(journal: OperationJournal, operation: str, step: ConfigStep) -> ConfigChange:
    """The change of the configuration that ``step`` recorded."""
    text = journal.kept(operation, step.kept)
    pieces = []
    place = 0
    for branch, start, length in step.pieces:
        pieces.append(Piece(branch, start, text[place : place + length]))
        place += length
    return ConfigChange(pieces, step.before, step.after)
