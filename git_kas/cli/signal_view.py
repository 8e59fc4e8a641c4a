"""Signals as data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.envelope import rfc3339
from git_kas.cli.style import Style, printable, render_table
from git_kas.usecases.apply_signals import Handling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from git_kas.usecases.apply_signals import Handled
    from git_kas.usecases.signals import SignalRow

SHOWN_ID: Final = 12
_HEADINGS: Final = ("state", "plan", "event", "written", "worktree", "id", "reason")


def signal_data(rows: Iterable[SignalRow]) -> list[dict[str, Any]]:
    """Signals for ``--json``."""
    return [
        {
            "state": row.state,
            "name": row.name,
            "plan": row.plan,
            "event": row.event or None,
            "worktree": row.worktree,
            "written": _written(row),
            "reason": row.reason,
            "id": row.id or None,
            "path": row.path or None,
        }
        for row in rows
    ]


def signal_table(rows: Sequence[SignalRow], style: Style) -> str:
    """Signals as a table; nothing if there are none."""
    cells = [
        (
            row.state,
            row.plan or row.name,
            row.event,
            _written(row) or "",
            row.worktree,
            row.id[:SHOWN_ID],
            row.reason,
        )
        for row in rows
    ]
    if not cells:
        return "There are no signals.\n" if style.is_terminal else ""
    return render_table(_HEADINGS, cells, style, optional=("written", "worktree"))


def handled_data(handled: Iterable[Handled]) -> list[dict[str, Any]]:
    """What became of signals, for ``--json``."""
    return [
        {
            "handling": one.handling,
            "name": one.row.name,
            "plan": one.row.plan,
            "event": one.row.event or None,
            "worktree": one.row.worktree,
            "from": one.from_status or None,
            "to": one.to_status or None,
            "reason": one.reason,
            "id": one.id or None,
        }
        for one in handled
    ]


def handled_lines(handled: Iterable[Handled], left: Iterable[SignalRow]) -> str:
    """What became of signals, one line each."""
    lines = [_handled_line(one) for one in handled]
    lines += [f"{_named(row)}: waits for the watcher {_about(row)}" for row in left if row.plan]
    return "".join(f"{printable(line)}\n" for line in lines)


def chosen_lines(rows: Iterable[SignalRow], what: str) -> str:
    """Rejected signals and what is done with them, one line each."""
    lines = (f"{row.id[:SHOWN_ID]}  {_named(row)}: {what} {_about(row)}" for row in rows)
    return "".join(f"{printable(line)}\n" for line in lines)


def _handled_line(one: Handled) -> str:
    row = one.row
    if one.handling is Handling.APPLIED:
        return f"{_named(row)}: {one.from_status} → {one.to_status} {_about(row)}"
    if one.handling is Handling.APPLIED_BEFORE:
        return f"{_named(row)}: had been applied {_about(row)}"
    word = "rejected" if one.handling is Handling.REJECTED else "left waiting"
    return f"{_named(row)}: {word} {_about(row)}{': ' if one.reason else ''}{one.reason}"


def _named(row: SignalRow) -> str:
    return row.plan or row.name


def _about(row: SignalRow) -> str:
    return f"({row.event}, {row.worktree})" if row.event else f"({row.worktree})"


def _written(row: SignalRow) -> str | None:
    """When it was written; None for a time that no calendar has, for a file may claim any."""
    try:
        return rfc3339(row.time_ns // 1_000_000_000)
    except (ValueError, OverflowError, OSError):
        return None
