"""The operations of finish that are not over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.finish import FINISH
from git_kas.errors import NotFound, UsageError
from git_kas.usecases.finish_log import FinishLog

if TYPE_CHECKING:
    from git_kas.domain.names import BranchName, PlanName
    from git_kas.ports.operations import OperationJournal


def open_logs(journal: OperationJournal) -> list[FinishLog]:
    """All of them, oldest first."""
    records = [record for record in journal.operations() if record.kind == FINISH]
    return [log for log in (FinishLog(journal, record) for record in records) if log.progress.open]


def the_open_one(journal: OperationJournal, plan: PlanName | None, branch: BranchName | None) -> FinishLog:
    """The one that is meant: that of ``plan``, else the only one, else that of the plan of ``branch``.

    Raises:
        NotFound: none is open.
        UsageError: several are.
    """
    found = open_logs(journal)
    if plan is not None:
        found = [log for log in found if log.asked.plan == plan]
    if not found:
        whose = f" of {plan}" if plan is not None else ""
        raise NotFound(f"No finish{whose} is open.", next_step="'git kas finish <plan>' begins one.")
    if len(found) > 1 and branch is not None:
        found = [log for log in found if log.asked.branch == branch] or found
    if len(found) > 1:
        names = ", ".join(log.asked.plan for log in found)
        raise UsageError(f"{len(found)} are open.", next_step=f"Name the plan: {names}.")
    return found[0]
