"""``git kas import``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.input_files import STANDARD_INPUT, read_input
from git_kas.cli.plan_options import add_store, request_of
from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable, render_table
from git_kas.errors import NotFound
from git_kas.usecases.import_plans import ImportEffect

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.import_plans import ImportReport

DESCRIPTION = (
    "Take over plans from a plan-state.json of any age, or from what 'git kas export' wrote, with its\n"
    "history. Plans that the store has are left alone unless --update is given. The file is only read.\n"
    "Into an empty store an export comes back exactly as it was, its history and change numbers included."
)
EXAMPLES = (
    ("git kas import --dry-run", "what the earlier system's file would bring"),
    ("git kas import", "take over its plans that are not here yet"),
    ("git kas import --update", "and what it says otherwise about those that are"),
    ("git kas import backup.json --store json", "restore an export"),
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
    parser.add_argument("--update", action="store_true", help="change plans that differ to what the file says")
    parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
    parser.add_argument("-m", "--note", default="", metavar="TEXT", help="why, for the history")
    parser.add_argument("--key", default="", metavar="KEY", help="makes repeating this very command harmless")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from hashlib import sha256

    from git_kas.usecases.import_plans import ImportFile, import_plans

    earlier = app.earlier_state_file
    path = arguments.file or earlier
    if path is None:
        raise NotFound("There is no main worktree to look in.", next_step="Name the file.")
    data = read_input(path, app.folder)
    remember = earlier is not None and app.absolute(path) == earlier and path != STANDARD_INPUT
    file = ImportFile(
        data, earlier if remember and earlier else path, sha256(data).hexdigest() if remember else ""
    )
    report = import_plans(
        app.store, file, request_of(app, arguments), update=arguments.update, dry_run=arguments.dry_run
    )
    warnings = [
        f"{remark.plan}: {remark.text}." if remark.plan else f"{remark.text}." for remark in report.remarks
    ]
    return Result(
        "import",
        lambda: _data(report, file.path, dry_run=arguments.dry_run),
        lambda style: _text(report, file.path, style, dry_run=arguments.dry_run),
        warnings,
    )


def _data(report: ImportReport, path: str, *, dry_run: bool) -> dict[str, Any]:
    return {
        "file": path,
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
