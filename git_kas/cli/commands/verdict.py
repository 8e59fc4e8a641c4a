"""``git kas verdict``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.result import Result
from git_kas.cli.style import printable, render_table
from git_kas.cli.verdict_view import verdict_data, verdict_words
from git_kas.domain.explain_verdict import explain_verdict
from git_kas.domain.names import BranchName
from git_kas.errors import NotFound

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.app import App
    from git_kas.cli.style import Style
    from git_kas.domain.base import Base
    from git_kas.domain.branch import BranchSurvey

DESCRIPTION = (
    "Say whether the base branch has what a branch has, and how that is known: all local branches, or those\n"
    "that are named. What was squashed, rebased or picked is known by what it changes: a branch has landed if\n"
    "merging it into some commit of the base would have added nothing."
)
EXAMPLES = (
    ("git kas verdict", "all local branches"),
    ("git kas verdict plan/rate-limit --explain", "one, with the evidence in words"),
    ("git kas verdict --json | jq '.data[].landed_at'", "for a script"),
)

COLUMNS: Final = ("branch", "verdict", "how", "landed_at", "now", "ahead", "behind")
_SHORT: Final = 12


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("branches", nargs="*", metavar="BRANCH", help="a local branch; default: all of them")
    parser.add_argument("--explain", action="store_true", help="the evidence in words, found afresh")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    survey = app.survey(afresh=arguments.explain)
    base = app.base
    judged = [branch for branch in survey.branches if base is None or branch.branch.name != base.name]
    surveys = _chosen(judged, arguments.branches) if arguments.branches else judged
    return Result(
        "verdict",
        lambda: [_data(branch, base) for branch in surveys],
        lambda style: _explained(surveys, base) if arguments.explain else _table(surveys, style),
        survey.warnings,
    )


def _chosen(surveys: Sequence[BranchSurvey], names: Sequence[str]) -> list[BranchSurvey]:
    by_name = {survey.branch.name: survey for survey in surveys}
    chosen: list[BranchSurvey] = []
    for name in dict.fromkeys(BranchName(name) for name in names):
        if name not in by_name:
            raise NotFound(
                f"There is no local branch '{name}' beside the base.",
                next_step="'git branch --list' shows the branches.",
            )
        chosen.append(by_name[name])
    return chosen


def _data(survey: BranchSurvey, base: Base | None) -> dict[str, Any]:
    return {
        "branch": survey.branch.name,
        "tip": survey.branch.tip,
        "ahead": survey.ahead,
        "behind": survey.behind,
        **verdict_data(survey.verdict),
        "explanation": explain_verdict(survey, base),
    }


def _table(surveys: Sequence[BranchSurvey], style: Style) -> str:
    if style.is_terminal and not surveys:
        return "There is no branch beside the base.\n"
    return render_table(COLUMNS, [_cells(survey, style) for survey in surveys], style)


def _cells(survey: BranchSurvey, style: Style) -> list[str]:
    verdict = survey.verdict
    landed_at = verdict.landed_at or ""
    return [
        survey.branch.name,
        verdict_words(verdict) if style.is_terminal else verdict.kind,
        verdict.how or "",
        landed_at[:_SHORT] if style.is_terminal else landed_at,
        verdict.now or "",
        *("" if count is None else str(count) for count in (survey.ahead, survey.behind)),
    ]


def _explained(surveys: Sequence[BranchSurvey], base: Base | None) -> str:
    parts = []
    for survey in surveys:
        lines = "".join(f"  {printable(line)}\n" for line in explain_verdict(survey, base))
        parts.append(f"{printable(survey.branch.name)}: {verdict_words(survey.verdict)}\n{lines}")
    return "\n".join(parts)
