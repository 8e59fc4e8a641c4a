"""``git kas implement``, which is ``git kas plan implement`` as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_plan, add_store, count
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.names import plan_name_from_argument
from git_kas.driving import Driving
from git_kas.usecases.implement import ImplementAsked

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "Have a plan implemented: it becomes 'implementing', and the watcher starts a coder for each task, wave\n"
    "by wave; one coder for all of it where the plan has no waves. What 'git kas watch' is told by this is a\n"
    "signal, so it need not run yet. Of a plan that is being implemented already, another wave is begun if\n"
    "nobody is at work on it."
)
EXAMPLES = (
    ("git kas implement 2026-02-28-rate-limit", "begin with the first wave"),
    ("git kas implement rate-limit --wave 2", "what comes before wave 2 is passed over"),
    ("git kas waves status rate-limit", "see how far it is"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_plan(parser)
    parser.add_argument("--wave", type=count, metavar="N", help="begin with this wave; default: the first one")
    parser.add_argument(
        "--allow-collision",
        action="store_true",
        help="begin although another plan of its topic is being implemented; the history says so",
    )
    parser.add_argument("-m", "--note", default="", metavar="TEXT", help="why, for the history")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    driving = Driving(app)
    name = plan_name_from_argument(arguments.plan)
    asked = ImplementAsked(name, arguments.wave, arguments.allow_collision)
    done = driving.implement(asked, arguments.note)
    data = {
        "filename": done.plan,
        "wave": done.wave,
        "waves": done.waves,
        "begun": done.outcome is not None,
        "signal": done.path,
        "watched": bool(driving.watcher),
    }
    text = f"implementation triggered: {printable(done.plan)} wave {done.wave}\n"
    hint = "" if data["watched"] else "Nobody watches this repository: 'git kas watch' starts the agents.\n"
    return Result("implement", lambda: data, lambda _: text, aside=hint)
