"""``git kas triage``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.interact import insist_on_terminal
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.cli.triage_view import triage_data, triage_text
from git_kas.cli.triage_walk import choose_steps
from git_kas.cli.watching import watch
from git_kas.domain.branch import VerdictKind
from git_kas.domain.lifecycle import FINISHED, Status, parse_status
from git_kas.domain.triage import Flag
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping

    from git_kas.app import App
    from git_kas.domain.triage import Row
    from git_kas.usecases.triage import Triage, TriageRow

DESCRIPTION = (
    "Say where every plan, branch and worktree stands, one row each, and what to do next. Changes nothing.\n"
    "On a terminal, finished plans of which nothing is left are counted instead of listed, unless --all or\n"
    "a filter is given."
)
EXAMPLES = (
    ("git kas triage", "the whole picture"),
    ("git kas triage --flag stalled --flag no_branch", "what needs somebody"),
    ("git kas triage --status reviewing --sort age", "the longest waiting review first"),
    ("git kas triage --watch", "the same, kept up to date"),
    ("git kas triage -i > todo.sh", "walk through the groups and collect the commands you choose"),
    ("git kas triage --json | jq '.data.rows[].branch'", "for a script"),
)

_STATUS_ORDER = (
    Status.IMPLEMENTING,
    Status.REVIEWING,
    Status.PLANNING,
    Status.READY,
    Status.DONE,
    Status.CANCELLED,
)

SORT_KEYS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name,
    "status": lambda row: (_rank(row), row.name),
    "age": lambda row: (row.last_commit is None, row.last_commit or 0, row.name),
    "ahead": lambda row: (-(row.survey.ahead or 0) if row.survey else 1, row.name),
    "behind": lambda row: (-(row.survey.behind or 0) if row.survey else 1, row.name),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    filters = parser.add_argument_group("filters; a row is shown if it passes every kind that is given")
    filters.add_argument("--status", action="append", default=[], metavar="STATUS", help="plans in this status")
    filters.add_argument("--flag", action="append", default=[], metavar="FLAG", help="rows with this flag")
    filters.add_argument("--verdict", action="append", default=[], metavar="VERDICT", help="branches so judged")
    filters.add_argument("--topic", action="append", default=[], metavar="TOPIC", help="plans of this topic")
    filters.add_argument(
        "--dirty", action="store_true", help="worktrees with something uncommitted, or unreadable"
    )
    filters.add_argument("--open", action="store_true", help="plans that are neither done nor cancelled")
    parser.add_argument(
        "-i",
        "--interactive",
        action="store_true",
        help="walk the groups, choose next steps, print those chosen",
    )
    parser.add_argument(
        "-w", "--watch", action="store_true", help="show it again whenever something changes, until Ctrl-C"
    )
    parser.add_argument("--all", action="store_true", help="list finished plans of which nothing is left, too")
    parser.add_argument(
        "--sort", choices=tuple(SORT_KEYS), default="status", help="the order of rows; age: oldest commit first"
    )
    parser.add_argument("--reverse", action="store_true", help="turn the order round")
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    passes = _filter(arguments)
    if arguments.interactive:
        insist_on_terminal("--interactive")
    if arguments.watch:
        if arguments.interactive:
            raise UsageError("--watch and --interactive exclude each other.", next_step="Give one of them.")
        return watch(app.moments_to_look(), lambda: _show(app.again(), arguments, passes))
    if arguments.interactive:
        triage, rows = _rows(app, arguments, passes)
        rows = choose_steps(rows)
        return Result(
            "triage",
            lambda: triage_data(triage, rows),
            lambda style: "".join(
                f"{printable(row.next) if style.is_terminal else row.next}\n" for row in rows
            ),
            triage.warnings,
        )
    return _show(app, arguments, passes)


def _rows(
    app: App, arguments: argparse.Namespace, passes: Callable[[Row], bool]
) -> tuple[Triage, list[TriageRow]]:
    triage = app.triage()
    rows = [row for row in triage.rows if passes(row.row)]
    rows.sort(key=lambda row: SORT_KEYS[arguments.sort](row.row), reverse=arguments.reverse)
    return triage, rows


def _show(app: App, arguments: argparse.Namespace, passes: Callable[[Row], bool]) -> Result:
    triage, rows = _rows(app, arguments, passes)
    everything = arguments.all or _filters(arguments)
    return Result(
        "triage",
        lambda: triage_data(triage, rows),
        lambda style: triage_text(triage, rows, app.clock.now(), style, everything=everything),
        triage.warnings,
    )


def _filters(arguments: argparse.Namespace) -> bool:
    """Whether any filter is given."""
    return bool(arguments.status or arguments.flag or arguments.verdict or arguments.topic) or arguments.dirty


def _filter(arguments: argparse.Namespace) -> Callable[[Row], bool]:
    statuses = {parse_status(word) for word in arguments.status}
    flags = set(_words(arguments.flag, Flag, "flag"))
    verdicts = set(_words(arguments.verdict, VerdictKind, "verdict"))

    def passes(row: Row) -> bool:
        return all(
            (
                not statuses or row.status in statuses,
                not flags or not flags.isdisjoint(row.flags),
                not verdicts or (row.verdict is not None and row.verdict.kind in verdicts),
                not arguments.topic or (row.plan is not None and row.plan.topic in arguments.topic),
                not arguments.dirty or bool(row.uncommitted) or bool(row.dirt and row.dirt.problem),
                not arguments.open or (row.plan is not None and row.status not in FINISHED),
            )
        )

    return passes


def _words(given: Iterable[str], known: type[Flag] | type[VerdictKind], noun: str) -> Iterable[str]:
    for word in given:
        if word not in set(known):
            raise UsageError(f"'{word}' is no {noun}.", next_step=f"Use one of: {', '.join(known)}.")
        yield word


def _rank(row: Row) -> int:
    if row.plan is None:
        return 100 if row.branch else 101
    if row.status in _STATUS_ORDER:
        place = _STATUS_ORDER.index(Status(row.status))
        return place if row.status not in FINISHED else 200 + place
    return 50
