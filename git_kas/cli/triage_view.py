"""Triage as data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.envelope import rfc3339
from git_kas.cli.style import Style, render_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.triage import Row
    from git_kas.usecases.triage import Triage, TriageRow

COLUMN_MEANINGS: Final[Mapping[str, str]] = {
    "plan": "the plan's name; empty for a branch or worktree without a plan",
    "status": "where the plan stands",
    "branch": "the plan's branch, or the one the worktree has checked out",
    "ahead": "commits of the branch that the local base branch lacks",
    "behind": "commits of the local base branch that the branch lacks",
    "last_commit": "when the branch's tip was committed (on a terminal: how long ago)",
    "worktree": "where the branch is checked out (on a terminal: relative to the main worktree)",
    "dirty": "paths in the worktree that no commit holds; ignored files do not count",
    "verdict": "whether the base has all that the branch has; 'base' for the base branch itself",
    "flags": "what deserves a look",
    "next": "the command to run next, in the main worktree",
}

_OPTIONAL_COLUMNS: Final = ("next", "behind", "last_commit", "ahead", "dirty", "worktree")

_BRANCH_PLACE: Final = list(COLUMN_MEANINGS).index("branch")

_UNITS: Final = (("y", 31_557_600), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60))


def triage_data(triage: Triage, rows: Iterable[TriageRow]) -> dict[str, Any]:
    """The answer as ``--json`` shows it."""
    return {"base": triage.base.name if triage.base else None, "rows": [_row_data(row) for row in rows]}


def triage_text(
    triage: Triage, rows: Sequence[TriageRow], now: int, style: Style, *, everything: bool = True
) -> str:
    """The table, and below it on a terminal how many rows it leaves out unless ``everything`` is wanted."""
    shown = [row for row in rows if everything or not row.row.settled]
    cells = _terminal_cells if style.is_terminal else _plain_cells
    table = render_table(
        tuple(COLUMN_MEANINGS), [cells(row, triage, now) for row in shown], style, optional=_OPTIONAL_COLUMNS
    )
    if not style.is_terminal:
        return table
    hidden = len(rows) - len(shown)
    if hidden == 0:
        return table if shown else "Nothing to show.\n"
    noun, pronoun = ("plan is", "it") if hidden == 1 else ("plans are", "them")
    return f"{table if shown else ''}{hidden} finished {noun} not listed; --all lists {pronoun}.\n"


def age(seconds: int) -> str:
    """A span of time in its largest whole unit, such as ``3d``."""
    return next((f"{seconds // length}{unit}" for unit, length in _UNITS if seconds >= length), "now")


def _row_data(triage_row: TriageRow) -> dict[str, Any]:
    row = triage_row.row
    survey, dirt, verdict = row.survey, row.dirt, row.verdict
    return {
        "plan": row.plan.filename if row.plan else None,
        "status": str(row.status) if row.status is not None else None,
        "topic": row.plan.topic if row.plan else None,
        "branch": row.branch,
        "is_base": row.is_base,
        "tip": survey.branch.tip if survey else None,
        "ahead": survey.ahead if survey else None,
        "behind": survey.behind if survey else None,
        "last_commit": rfc3339(row.last_commit) if row.last_commit is not None else None,
        "upstream": _upstream_data(row),
        "worktree": row.worktree.path if row.worktree else None,
        "worktree_details": _worktree_data(row),
        "dirty": row.uncommitted,
        "dirt": {"changed": dirt.changed, "untracked": dirt.untracked, "conflicts": dirt.conflicts}
        if dirt and not dirt.problem
        else None,
        "verdict": verdict.kind if verdict else None,
        "reason": verdict.reason if verdict else None,
        "flags": list(row.flags),
        "notes": {flag: note for flag, note in row.notes if note},
        "settled": row.settled,
        "next": triage_row.next or None,
    }


def _upstream_data(row: Row) -> dict[str, Any] | None:
    upstream = row.survey.upstream if row.survey else None
    if upstream is None:
        return None
    return {"ref": upstream.ref, "gone": upstream.gone, "unpushed": upstream.unpushed}


def _worktree_data(row: Row) -> dict[str, Any] | None:
    worktree = row.worktree
    if worktree is None:
        return None
    return {
        "main": worktree.is_main,
        "folder": worktree.folder,
        "moved_to": worktree.moved_to,
        "head": worktree.head,
        "locked": worktree.locked,
        "lock_reason": worktree.lock_reason,
        "operations": list(worktree.operations),
        "lock_files": list(worktree.lock_files),
    }


def _plain_cells(triage_row: TriageRow, triage: Triage, now: int) -> list[str]:
    del triage, now
    row = triage_row.row
    when = rfc3339(row.last_commit) if row.last_commit is not None else ""
    return _cells(triage_row, when, row.worktree.path if row.worktree else "")


def _terminal_cells(triage_row: TriageRow, triage: Triage, now: int) -> list[str]:
    row = triage_row.row
    when = age(now - row.last_commit) if row.last_commit is not None else ""
    path = row.worktree.path if row.worktree else ""
    if path == triage.main_worktree:
        path = "."
    path = path.removeprefix(f"{triage.main_worktree}/")
    cells = _cells(triage_row, when, path)
    if not row.plan and not row.branch:
        cells[_BRANCH_PLACE] = f"({path})"  # or a narrow table would show a row without a name
    return cells


def _cells(triage_row: TriageRow, last_commit: str, worktree: str) -> list[str]:
    row = triage_row.row
    return [
        row.plan.filename if row.plan else "",
        str(row.status or ""),
        row.branch or "",
        _number(row.survey.ahead if row.survey else None),
        _number(row.survey.behind if row.survey else None),
        last_commit,
        worktree,
        _number(row.uncommitted),
        "base" if row.is_base else row.verdict.kind if row.verdict else "",
        ",".join(row.flags),
        triage_row.next,
    ]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
