"""``git kas demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable
from git_kas.cli.triage_view import triage_data, triage_text

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App
    from git_kas.usecases.demo import Demo
    from git_kas.usecases.triage import Triage

DESCRIPTION = (
    "Build a throw-away repository that holds every situation triage knows, triage it, explain each row,\n"
    "and remove it again."
)
EXAMPLES = (
    ("git kas demo", "see what triage tells"),
    ("git kas demo --keep /tmp/demo", "keep the repository and look around in /tmp/demo/project"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "--keep", metavar="DIR", help="build it in DIR, which must be empty or new, and keep it"
    )


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    demo = app.build_demo(arguments.keep)
    try:
        triage = app.isolated(demo.project).triage()
    finally:
        if not arguments.keep:
            demo.folder.delete()
    data = {
        "project": demo.project if arguments.keep else None,
        "situations": [{"row": s.shown_by, "story": s.story} for s in demo.situations],
        "triage": triage_data(triage, triage.rows),
    }
    now = app.clock.now()
    kept = bool(arguments.keep)
    return Result(
        "demo", lambda: data, lambda style: _text(demo, triage, now, style, kept=kept), triage.warnings
    )


def _text(demo: Demo, triage: Triage, now: int, style: Style, *, kept: bool) -> str:
    width = max(len(_short(demo, s.shown_by)) for s in demo.situations)
    stories = "".join(f"  {_short(demo, s.shown_by).ljust(width)}  {s.story}\n" for s in demo.situations)
    ending = (
        f"The repository is kept in {printable(demo.project)}.\n"
        if kept
        else "The repository has been removed again; 'git kas demo --keep DIR' keeps it.\n"
    )
    table = triage_text(triage, triage.rows, now, style)
    return (
        f"A throw-away repository was built, in which\n\n{stories}\n"
        f"'git kas triage' says of it:\n\n{table}\n{ending}"
    )


def _short(demo: Demo, name: str) -> str:
    return printable(name.removeprefix(f"{demo.project}/"))
