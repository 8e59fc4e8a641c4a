"""``git kas triage``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.envelope import rfc3339
from git_kas.cli.result import Result
from git_kas.cli.style import Style, render_table
from git_kas.domain.branch import VerdictKind
from git_kas.domain.lifecycle import FINISHED, Status, parse_status
from git_kas.domain.triage import Flag
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from git_kas.app import App
    from git_kas.domain.triage import Row
    from git_kas.usecases.triage import Triage, TriageRow

DESCRIPTION = (
    "Say where every plan, branch and worktree stands, one row each, and what to do next. Changes nothing.\n"
    "Finished plans of which nothing is left are counted, not listed, unless --all is given."
)
EXAMPLES = (
    ("git kas triage", "the whole picture"),
    ("git kas triage --flag stalled --flag no_branch", "what needs somebody"),
    ("git kas triage --status reviewing --sort age", "the longest waiting review first"),
    ("git kas triage --json | jq '.data.rows[].branch'", "for a script"),
)

COLUMNS = (
    "plan",
    "status",
    "branch",
    "ahead",
    "behind",
    "last_commit",
    "worktree",
    "dirty",
    "verdict",
    "flags",
    "next",
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
    filters.add_argument("--dirty", action="store_true", help="worktrees with something uncommitted")
    filters.add_argument("--open", action="store_true", help="plans that are neither done nor cancelled")
    parser.add_argument("--all", action="store_true", help="list finished plans of which nothing is left, too")
    parser.add_argument("--sort", choices=tuple(SORT_KEYS), default="status", help="the order of rows")
    parser.add_argument("--reverse", action="store_true", help="turn the order round")
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    passes = _filter(arguments)
    triage = app.triage()
    rows = [row for row in triage.rows if passes(row.row)]
    rows.sort(key=lambda row: SORT_KEYS[arguments.sort](row.row), reverse=arguments.reverse)
    data = triage_data(triage, rows)
    return Result(
        "triage",
        data,
        lambda style: triage_text(rows, app.clock.now(), style, everything=arguments.all),
        triage.warnings,
    )


def triage_data(triage: Triage, rows: Sequence[TriageRow]) -> dict[str, Any]:
    """The answer as ``--json`` shows it."""
    return {"base": triage.base.name if triage.base else None, "rows": [row_data(row) for row in rows]}


def triage_text(rows: Sequence[TriageRow], now: int, style: Style, *, everything: bool = True) -> str:
    """The table, and below it on a terminal how many rows it leaves out unless ``everything`` is wanted."""
    shown = [row for row in rows if everything or not row.row.settled]
    table = render_table(COLUMNS, [_cells(row, now, style) for row in shown], style)
    if not style.is_terminal:
        return table
    hidden = len(rows) - len(shown)
    if hidden == 0:
        return table if shown else "Nothing to show.\n"
    noun, pronoun = ("plan is", "it") if hidden == 1 else ("plans are", "them")
    return f"{table}{hidden} finished {noun} not listed; --all lists {pronoun}.\n"


def row_data(triage_row: TriageRow) -> dict[str, Any]:
    """A row as ``--json`` shows it."""
    row = triage_row.row
    survey, worktree, dirt, verdict = row.survey, row.worktree, row.dirt, row.verdict
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
        "worktree": worktree.path if worktree else None,
        "worktree_details": _worktree_data(row),
        "dirty": row.uncommitted,
        "dirt": {"changed": dirt.changed, "untracked": dirt.untracked, "conflicts": dirt.conflicts}
        if dirt
        else None,
        "verdict": verdict.kind if verdict else None,
        "reason": verdict.reason if verdict else None,
        "flags": list(row.flags),
        "notes": {flag: note for flag, note in row.notes if note},
        "settled": row.settled,
        "next": triage_row.next or None,
    }


def age(seconds: int) -> str:
    """A span of time in its largest whole unit, such as ``3d``."""
    for unit, length in (("y", 31_557_600), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return "now"


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
                not arguments.dirty or bool(row.uncommitted),
                not arguments.open or (row.plan is not None and row.status not in FINISHED),
            )
        )

    return passes


def _words(given: Iterable[str], known: type[Flag] | type[VerdictKind], noun: str) -> Iterable[str]:
    for word in given:
        if word not in set(known):
            raise UsageError(f"'{word}' is no {noun}.", next_step=f"Use one of: {', '.join(known)}.")
        yield word


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


def _rank(row: Row) -> int:
    if row.plan is None:
        return 100 if row.branch else 101
    if row.status in _STATUS_ORDER:
        place = _STATUS_ORDER.index(Status(row.status))
        return place if row.status not in FINISHED else 200 + place
    return 50


def _cells(triage_row: TriageRow, now: int, style: Style) -> list[str]:
    row = triage_row.row
    when = row.last_commit
    last_commit = "" if when is None else age(now - when) if style.is_terminal else rfc3339(when)
    verdict = "base" if row.is_base else row.verdict.kind if row.verdict else ""
    survey = row.survey
    return [
        row.plan.filename if row.plan else "",
        str(row.status or ""),
        row.branch or "",
        _number(survey.ahead if survey else None),
        _number(survey.behind if survey else None),
        last_commit,
        row.worktree.path if row.worktree else "",
        _number(row.uncommitted),
        verdict,
        ",".join(row.flags),
        triage_row.next,
    ]


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
