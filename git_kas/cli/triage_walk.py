"""``git kas triage -i``: walk through the groups of rows and collect the next steps a person chooses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from git_kas.cli.interact import ask
from git_kas.cli.style import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from git_kas.domain.triage import Row
    from git_kas.usecases.triage import TriageRow


def choose_steps(rows: Iterable[TriageRow]) -> list[TriageRow]:
    """The rows whose next step was chosen. Nothing is run: the steps are printed, to be run or kept."""
    chosen: list[TriageRow] = []
    waiting = [row for row in rows if row.next]
    if not waiting:
        print("No row has a next step.", file=sys.stderr)
    groups: dict[str, list[TriageRow]] = {}
    for row in waiting:
        groups.setdefault(group_of(row.row), []).append(row)
    for group, listed in groups.items():
        print(f"\n{printable(group)} ({len(listed)})", file=sys.stderr)
        for row in listed:
            print(f"  {_line(row)}", file=sys.stderr)
        answer = ask("choose", ("one by one", "all", "skip", "quit"))
        if answer == "q":
            break
        if answer == "a":
            chosen += listed
        elif answer == "o" and _one_by_one(listed, chosen):
            break
    return chosen


def group_of(row: Row) -> str:
    """The heading under which a row is walked: the plan's status, or what kind of row it is."""
    if row.status is not None:
        return f"plans: {row.status}"
    return "branches without a plan" if row.branch else "worktrees without a branch"


def _one_by_one(rows: Sequence[TriageRow], chosen: list[TriageRow]) -> bool:
    """Ask for each row; whether the person wants to stop altogether."""
    for row in rows:
        answer = ask(f"  {printable(row.row.name)}: {printable(row.next)}", ("yes", "no", "quit"))
        if answer == "q":
            return True
        if answer == "y":
            chosen.append(row)
    return False


def _line(row: TriageRow) -> str:
    flags = f" [{', '.join(row.row.flags)}]" if row.row.flags else ""
    return f"{printable(row.row.name)}{flags}: {printable(row.next)}"
