"""``git kas plan list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_view import plan_data
from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable, render_table
from git_kas.cli.watching import watch
from git_kas.domain.lifecycle import Status, parse_status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Sequence

    from git_kas.app import App
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.plan import Plan

DESCRIPTION = (
    "List the plans of the project, sorted by name. Plans in every status are listed.\n"
    "With --watch the list is shown again after each commit, by whomever, that changes it."
)
EXAMPLES = (
    ("git kas plan list", "every plan"),
    ("git kas plan list --status ready --status planning", "those nobody implements yet"),
    ("git kas plan list --topic api --json", "those of a topic, for a script"),
    ("git kas plan list --watch --status reviewing", "what waits for a review, kept up to date"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "--status", action="append", default=[], metavar="STATUS", help=f"only these: {', '.join(Status)}"
    )
    parser.add_argument("--topic", metavar="TOPIC", help="only plans of this topic")
    parser.add_argument(
        "-w", "--watch", action="store_true", help="show it again whenever it changes, until Ctrl-C"
    )
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    statuses = {parse_status(word) for word in arguments.status}

    def show() -> Result:
        return _show(app, statuses, arguments.topic)

    return watch(app.moments_of_store(), show) if arguments.watch else show()


def _show(app: App, statuses: Collection[StatusWord], topic: str | None) -> Result:
    plans = app.store.list_plans(statuses, topic)
    warnings = [
        f"{remark.plan}: {remark.text}." if remark.plan else f"{remark.text}." for remark in app.store.remarks()
    ]
    return Result(
        "plan.list", lambda: [plan_data(plan) for plan in plans], lambda style: _text(plans, style), warnings
    )


def _text(plans: Sequence[Plan], style: Style) -> str:
    if style.is_terminal:
        rows = [(plan.filename, str(plan.status), plan.topic, plan.branch) for plan in plans]
        return render_table(("plan", "status", "topic", "branch"), rows, style) if rows else "No plans.\n"
    # The columns of the earlier system, which scripts read (ORIGIN 7.1).
    lines = (
        f"{printable(str(plan.status)):14} {printable(plan.filename):50} {printable(plan.branch)}"
        for plan in plans
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)
