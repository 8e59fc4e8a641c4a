"""``git kas guard``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.annotations import AnnotationForm, annotated
from git_kas.cli.input_files import STANDARD_INPUT, read_input
from git_kas.cli.result import Result
from git_kas.cli.style import printable
from git_kas.domain.guard_text import path_text, refusal, ways_on
from git_kas.errors import ChecksFailed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.app import App
    from git_kas.domain.guard import GuardPattern
    from git_kas.domain.guard_text import Way
    from git_kas.guarding import Guarding
    from git_kas.usecases.guard import Judged

DESCRIPTION = (
    "Refuse guarded paths (kas.guard.path, by default every plan-state.json) in what is about to be committed\n"
    "or shared: whoever adds or changes one is refused, whoever removes one passes. Commits are compared with\n"
    "their first parent. Exit status 1 if something is refused; what cannot be looked at is an error, and so\n"
    "refused as well. Git's hooks ask this ('git kas hooks install'), and so can CI. Changes nothing."
)
EXAMPLES = (
    ("git kas guard --staged", "what the next commit would record"),
    ("git kas guard --range origin/main..HEAD", "the commits of a branch, in CI or before a push"),
    (
        'git kas guard --range "$CI_MERGE_REQUEST_DIFF_BASE_SHA..HEAD" --annotations gitlab > guard.json',
        "a Code Quality report for GitLab",
    ),
    ("git kas guard --stdin", "in a pre-receive hook of one's own"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--staged", action="store_true", help="what is staged, against HEAD")
    what.add_argument("--range", metavar="A..B", help="commits that B reaches and A does not; A of zeros: all")
    what.add_argument(
        "--stdin",
        action="store_true",
        help="a push to this repository: lines '<old> <new> <ref>' as pre-receive gets them",
    )
    what.add_argument(
        "--push",
        metavar="REMOTE",
        help="a push to REMOTE: lines on standard input as pre-push gets them",
    )
    what.add_argument(
        "--from-pre-commit",
        action="store_true",
        help="what the pre-commit framework runs its hooks for: a push, a range, or what is staged",
    )
    parser.add_argument(
        "--baseline",
        metavar="REV",
        action="append",
        default=[],
        help="accept the history of this commit, beside those in kas.guard.baseline; may be repeated",
    )
    parser.add_argument(
        "--annotations",
        choices=tuple(AnnotationForm),
        help="say it so that the forge shows it; gitlab: a Code Quality report on standard output",
    )


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.guarding import Guarding

    guarding = Guarding(app)
    judged = _judge(guarding, arguments, app.folder)
    patterns = guarding.patterns
    ways = ways_on(judged.occasion, judged.findings, old_history=judged.old_history)
    lines = refusal(judged.occasion, judged.findings, ways) if judged.findings else []
    shown, aside = "".join(f"{printable(line)}\n" for line in lines), ""
    if form := arguments.annotations:
        shown, aside = annotated(AnnotationForm(form), judged.findings, ways), shown
    return Result(
        "guard",
        lambda: _data(judged, patterns, ways),
        lambda _: shown,
        exit_status=ChecksFailed.exit_status if judged.findings else 0,
        aside=aside,
    )


def _judge(guarding: Guarding, arguments: argparse.Namespace, folder: str) -> Judged:
    from git_kas.domain.ref_updates import pushed_updates, received_updates

    guard = guarding.guard(arguments.baseline)
    if arguments.range is not None:
        return guard.range(arguments.range)
    if arguments.stdin:
        return guard.received(received_updates(read_input(STANDARD_INPUT, folder)))
    if arguments.push is not None:
        return guard.pushed(pushed_updates(read_input(STANDARD_INPUT, folder)), arguments.push)
    return guard.framework(guarding.framework_push) if arguments.from_pre_commit else guard.staged()


def _data(judged: Judged, patterns: Sequence[GuardPattern], ways: Sequence[Way]) -> dict[str, object]:
    return {
        "passed": not judged.findings,
        "occasion": judged.occasion,
        "patterns": list(patterns),
        "findings": [
            {
                "path": path_text(finding.path),
                "change": finding.change,
                "entry": finding.entry,
                "commit": finding.commit,
                "refs": list(finding.refs),
            }
            for finding in judged.findings
        ],
        "advice": [{"purpose": way.purpose, "commands": list(way.commands)} for way in ways],
    }
