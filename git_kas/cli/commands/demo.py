"""``git kas demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from git_kas.cli.finish_view import finish_data, finish_text
from git_kas.cli.janitor_view import cleanup_data, cleanup_text, undone_data, undone_text
from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable
from git_kas.cli.triage_view import triage_data, triage_text
from git_kas.domain.finish import Choice, Strategy
from git_kas.usecases.cleanup import Asked
from git_kas.usecases.finish_ports import Wish

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.cleanup import Cleanup
    from git_kas.usecases.demo import Demo
    from git_kas.usecases.finish_ports import Finish
    from git_kas.usecases.triage import Triage
    from git_kas.usecases.undo import Undone

DESCRIPTION = (
    "Build a throw-away repository that holds every situation triage knows, triage it and explain each row;\n"
    "then clean it up, take that back, finish a plan there, and remove it again."
)
EXAMPLES = (
    ("git kas demo", "see what triage tells, and what cleanup, undo and finish do"),
    ("git kas demo --keep /tmp/demo", "keep the repository and look around in /tmp/demo/project"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "--keep",
        metavar="DIR",
        help="build it in DIR, which must be empty or new, and keep it as triage saw it",
    )


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    demo = app.build_demo(arguments.keep)
    try:
        triage = app.isolated(demo.project).triage()
        tour = None if arguments.keep else _tour(app, demo)
    finally:
        if not arguments.keep:
            demo.folder.delete()
    data = {
        "project": demo.project if arguments.keep else None,
        "situations": [{"row": s.shown_by, "story": s.story} for s in demo.situations],
        "triage": triage_data(triage, triage.rows),
        "cleanup": cleanup_data(tour.cleaned) if tour else None,
        "undo": undone_data(tour.undone) if tour else None,
        "finish": finish_data(tour.finished) if tour else None,
    }
    now = app.clock.now()
    return Result("demo", lambda: data, lambda style: _text(demo, triage, tour, now, style), triage.warnings)


class _Tour(NamedTuple):
    """What became of the repository: it was cleaned up, that was taken back, and a plan was finished."""

    cleaned: Cleanup
    undone: Undone
    finished: Finish


def _tour(app: App, demo: Demo) -> _Tour:
    cleaned = app.isolated(demo.project).cleanup(Asked(execute=True))
    undone = app.isolated(demo.project).undo(None, None)
    wish = Wish(demo.to_be_finished, Choice.MERGE, Strategy.NO_FF, draft=False, cleanup=True)
    return _Tour(cleaned, undone, app.isolated(demo.project).finishing.begin(wish))


def _text(demo: Demo, triage: Triage, tour: _Tour | None, now: int, style: Style) -> str:
    width = max(len(_short(demo, s.shown_by)) for s in demo.situations)
    stories = "".join(f"  {_short(demo, s.shown_by).ljust(width)}  {s.story}\n" for s in demo.situations)
    ending = (
        "The repository has been removed again; 'git kas demo --keep DIR' keeps it as triage saw it.\n"
        if tour
        else f"The repository is kept in {printable(demo.project)}.\n"
        "Try 'git kas cleanup' there, which only shows what it would do,\n"
        "and 'git kas finish review --merge --dry-run'.\n"
    )
    table = triage_text(triage, triage.rows, now, style)
    return (
        f"A throw-away repository was built, in which\n\n{stories}\n"
        f"'git kas triage' says of it:\n\n{table}\n{_tour_text(tour, style) if tour else ''}{ending}"
    )


def _tour_text(tour: _Tour, style: Style) -> str:
    return (
        f"'git kas cleanup --execute' says:\n\n{cleanup_text(tour.cleaned, style)}\n"
        f"'git kas undo' takes it back:\n\n{undone_text(tour.undone)}\n"
        f"'git kas finish {tour.finished.plan} --merge' says:\n\n{finish_text(tour.finished)}\n"
    )


def _short(demo: Demo, name: str) -> str:
    return printable(name.removeprefix(f"{demo.project}/"))
