"""Triage as data and as text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.envelope import rfc3339
from git_kas.cli.plan_view import move_data, who
from git_kas.cli.style import Style, printable, render_table
from git_kas.cli.verdict_view import verdict_data, verdict_words
from git_kas.domain.branch import UNKNOWN_REASON_MEANINGS
from git_kas.domain.timestamps import nanoseconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.triage import Row
    from git_kas.usecases.triage import Triage, TriageRow

COLUMN_MEANINGS: Final[Mapping[str, str]] = {
    "plan": "the plan's name; empty for a branch or worktree without a plan",
    "status": "where the plan stands",
    "moved": "when the plan came into its status, and by whom (on a terminal: how long ago)",
    "branch": "the plan's branch, or the one the worktree has checked out",
    "ahead": "commits of the branch that the local base branch lacks",
    "behind": "commits of the local base branch that the branch lacks",
    "last_commit": "when the branch's tip was committed (on a terminal: how long ago)",
    "worktree": "where the branch is checked out (on a terminal: relative to the main worktree)",
    "dirty": "paths that git status reports as changed or untracked; not those that are ignored, or that git "
    "update-index was told to overlook",
    "verdict": "whether the base has all that the branch has; 'base' for the base branch itself",
    "flags": "what deserves a look",
    "next": "the command to run next, in the main worktree (on a terminal: listed below the table)",
}

COLUMNS: Final = tuple(COLUMN_MEANINGS)

_OPTIONAL_COLUMNS: Final = ("worktree", "moved", "last_commit", "behind", "ahead", "dirty")

_BRANCH_PLACE: Final = COLUMNS.index("branch")
_VERDICT_PLACE: Final = COLUMNS.index("verdict")

_UNITS: Final = (("y", 31_557_600), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60))


def triage_data(triage: Triage, rows: Iterable[TriageRow]) -> dict[str, Any]:
    """The answer as ``--json`` shows it."""
    return {"base": triage.base.name if triage.base else None, "rows": [_row_data(row) for row in rows]}


def triage_text(
    triage: Triage, rows: Sequence[TriageRow], now: int, style: Style, *, everything: bool = True
) -> str:
    """The table; on a terminal also what it has no room for, and how many finished plans it leaves out.

    A pipe gets every row. A terminal gets settled plans only if ``everything`` is wanted.
    """
    if not style.is_terminal:
        return render_table(COLUMNS, [_plain_cells(row) for row in rows], style)
    shown = [row for row in rows if everything or not row.row.settled]
    cells = [_terminal_cells(row, triage, now) for row in shown]
    parts = [render_table(COLUMNS[:-1], cells, style, optional=_OPTIONAL_COLUMNS)] if shown else []
    parts += [_reasons(shown), _next_steps(shown), _left_out(len(rows) - len(shown))]
    return "\n".join(part for part in parts if part) or "Nothing to show.\n"


def _reasons(rows: Sequence[TriageRow]) -> str:
    """Why branches are judged ``unknown``."""
    verdicts = [row.row.verdict for row in rows if row.row.verdict]
    counts = Counter(verdict.reason for verdict in verdicts if verdict.reason)
    return "".join(
        f"unknown ({count}): {UNKNOWN_REASON_MEANINGS[reason]}\n" for reason, count in counts.items()
    )


def _next_steps(rows: Sequence[TriageRow]) -> str:
    steps = [(row.row.name, row.next) for row in rows if row.next]
    lines = "".join(f"  {printable(name)}: {printable(step)}\n" for name, step in steps)
    return f"next, in the main worktree:\n{lines}" if lines else ""


def _left_out(count: int) -> str:
    noun, pronoun = ("plan is", "it") if count == 1 else ("plans are", "them")
    return f"{count} finished {noun} not listed; --all lists {pronoun}.\n" if count else ""


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
        "moved": move_data(row.plan.moved) if row.plan else None,
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
        **verdict_data(verdict),
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


def _plain_cells(triage_row: TriageRow) -> list[str]:
    row = triage_row.row
    when = rfc3339(row.last_commit) if row.last_commit is not None else ""
    moved = row.plan.moved if row.plan else None
    by = f"{moved.time} {who(moved.actor, moved.by)}" if moved else ""
    return [*_cells(row, by, when, row.worktree.path if row.worktree else ""), triage_row.next]


def _terminal_cells(triage_row: TriageRow, triage: Triage, now: int) -> list[str]:
    row = triage_row.row
    when = age(now - row.last_commit) if row.last_commit is not None else ""
    path = row.worktree.path if row.worktree else ""
    path = "." if path == triage.main_worktree else path.removeprefix(f"{triage.main_worktree}/")
    moved = row.plan.moved if row.plan else None
    by = f"{age(now - nanoseconds_of(moved.time) // 10**9)} {moved.by or moved.actor}" if moved else ""
    cells = _cells(row, by, when, path)
    if row.verdict:
        cells[_VERDICT_PLACE] = verdict_words(row.verdict)
    if not row.plan and not row.branch:
        cells[_BRANCH_PLACE] = f"({path})"  # or a narrow table would show a row without a name
    return cells


def _cells(row: Row, moved: str, last_commit: str, worktree: str) -> list[str]:
    return [
        row.plan.filename if row.plan else "",
        str(row.status or ""),
        moved,
        row.branch or "",
        _number(row.survey.ahead if row.survey else None),
        _number(row.survey.behind if row.survey else None),
        last_commit,
        worktree,
        _number(row.uncommitted),
        "base" if row.is_base else row.verdict.kind if row.verdict else "",
        ",".join(row.flags),
    ]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
