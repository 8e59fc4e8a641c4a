"""``git kas plan history``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_store, count
from git_kas.cli.plan_view import entry_data, who
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.names import plan_name_from_argument
from git_kas.errors import NotFound

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.app import App
    from git_kas.domain.ledger import HistoryEntry
    from git_kas.domain.names import PlanName
    from git_kas.ports.store import Store

DESCRIPTION = (
    "Show what happened to a plan, or to the whole project: when, who, what, and why. Nothing in it ever\n"
    "changes. A plan's history goes with it when it is renamed, and is kept when it is removed."
)
EXAMPLES = (
    ("git kas plan history rate-limit", "one plan"),
    ("git kas plan history --since 120 --json", "all that happened after the change number 120"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="a plan; default: the whole project")
    parser.add_argument("--since", type=count, default=0, metavar="N", help="only after this change number")
    parser.add_argument("-n", "--last", type=count, metavar="COUNT", help="only the last ones")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    name = _plan(app.store, arguments.plan) if arguments.plan else None
    entries = app.store.history(name, arguments.since)
    if arguments.last is not None:
        entries = entries[max(len(entries) - arguments.last, 0) :]
    return Result("plan.history", lambda: [entry_data(entry) for entry in entries], lambda _: _text(entries))


def _plan(store: Store, argument: str) -> PlanName:
    from git_kas.usecases.find_plan import find_plan

    try:
        return find_plan(store, argument)
    except NotFound:
        return plan_name_from_argument(argument)  # removed or renamed, maybe; the store knows


def _text(entries: Sequence[HistoryEntry]) -> str:
    return "".join(f"{_line(entry)}\n{_note(entry.note)}" for entry in entries) or "No history.\n"


def _line(entry: HistoryEntry) -> str:
    what = entry.event or entry.action
    subject = f" {printable(entry.plan)}" if entry.plan else ""
    before = f"{printable(entry.from_status)} → " if entry.from_status else ""
    move = f": {before}{printable(entry.to_status)}" if entry.to_status else ""
    details = "" if move else "".join(f" {key}={_short(value)}" for key, value in entry.detail.items())
    return printable(
        f"{entry.change} {entry.time} {who(entry.actor, entry.by)}:{subject} {what}{move}{details}"
    )


def _short(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return printable(text)


def _note(note: str) -> str:
    return "".join(f"    {printable(line)}\n" for line in note.splitlines())
