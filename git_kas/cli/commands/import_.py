"""``git kas import``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.input_files import STANDARD_INPUT, begins_with, read_input
from git_kas.cli.plan_options import add_store, request_of
from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable, render_table
from git_kas.domain.earlier import DATABASE_HEADER
from git_kas.errors import NotFound, UsageError
from git_kas.usecases.import_plans import ImportEffect

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.import_plans import ImportReport, Incoming

DESCRIPTION = (
    "Take over plans from a plan-state.json of any age, from the earlier system's SQLite database, from what\n"
    "'git kas export' wrote, or straight from another store, with its history. Plans that the store has are\n"
    "left alone unless --update is given. The source is only read. Into an empty store another one's plans\n"
    "come exactly as they are there, history and change numbers included."
)
EXAMPLES = (
    ("git kas import --dry-run", "what the earlier system's file would bring"),
    ("git kas import", "take over its plans that are not here yet"),
    ("git kas import --update", "and what it says otherwise about those that are"),
    ("git kas import ~/.config/kasmos/plans.db", "the same from its database"),
    ("git kas import backup.json --store json", "restore an export"),
    ("git kas import --from json", "take the plans of this repository along to the store that is configured"),
)

_COUNTED: Final = {
    ImportEffect.NEW: "new",
    ImportEffect.UPDATED: "updated",
    ImportEffect.DIFFERENT: "different and left alone",
    ImportEffect.SAME: "same",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the file, - for standard input; default: docs/plans/plan-state.json of the main worktree",
    )
    parser.add_argument("--from", dest="source", metavar="URL", help="another plan store, instead of a file")
    parser.add_argument(
        "--from-project",
        metavar="NAME",
        help="which project of that store, or of a database; default: the one of this project's name",
    )
    parser.add_argument("--update", action="store_true", help="change plans that differ to what the file says")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
    parser.add_argument("-m", "--note", default="", metavar="TEXT", help="why, for the history")
    parser.add_argument("--key", default="", metavar="KEY", help="makes repeating this very command harmless")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.import_plans import import_project

    incoming = _incoming(app, arguments)
    report = import_project(
        app.store, incoming, request_of(app, arguments), update=arguments.update, dry_run=arguments.dry_run
    )
    warnings = [
        f"{remark.plan}: {remark.text}." if remark.plan else f"{remark.text}." for remark in report.remarks
    ]
    return Result(
        "import",
        lambda: _data(report, incoming, dry_run=arguments.dry_run),
        lambda style: _text(report, incoming.told_source, style, dry_run=arguments.dry_run),
        warnings,
    )


def _incoming(app: App, arguments: argparse.Namespace) -> Incoming:
    from git_kas.sources import Sources

    sources = Sources(app)
    if arguments.source is not None:
        if arguments.file is not None:
            raise UsageError("A file and --from are two sources.", next_step="Name one of them.")
        return sources.store(arguments.source, arguments.from_project)
    earlier = app.earlier_state_file
    path = arguments.file or earlier
    if path is None:
        raise NotFound("There is no main worktree to look in.", next_step="Name the file.")
    if begins_with(path, app.folder, DATABASE_HEADER):
        return sources.database(path, arguments.from_project)
    data = read_input(path, app.folder)
    if data.startswith(DATABASE_HEADER):
        raise UsageError(
            "A database cannot be read from standard input: a part of it may lie beside it.",
            next_step="Name the file.",
        )
    if arguments.from_project is not None:
        raise UsageError(f"{path} holds one project only.", next_step="Leave out --from-project.")
    is_earlier = earlier is not None and path != STANDARD_INPUT and app.absolute(path) == earlier
    return sources.file(earlier if is_earlier and earlier else path, data, is_remembered=is_earlier)


def _data(report: ImportReport, incoming: Incoming, *, dry_run: bool) -> dict[str, Any]:
    return {
        "file": incoming.source,
        "project": incoming.name,
        "dry_run": dry_run,
        "topics": report.topics,
        "plans": [
            {"filename": row.plan, "status": row.status, "effect": row.effect, "fields": list(row.fields)}
            for row in report.rows
        ],
    }


def _text(report: ImportReport, path: str, style: Style, *, dry_run: bool) -> str:
    rows = [(row.plan, row.status, row.effect, ",".join(row.fields)) for row in report.rows]
    table = render_table(("plan", "status", "effect", "fields"), rows, style) if rows else ""
    effects = [row.effect for row in report.rows]
    counts = ", ".join(f"{effects.count(effect)} {_COUNTED[effect]}" for effect in dict.fromkeys(effects))
    done = "Nothing was changed" if dry_run else "Imported"
    topics = "1 new topic" if report.topics == 1 else f"{report.topics} new topics"
    return f"{table}{done}: {counts or 'no plans'}; {topics}; from {printable(path)}.\n"
