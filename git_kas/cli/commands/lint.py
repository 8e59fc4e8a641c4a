"""``git kas lint``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable
from git_kas.domain.plan_rules import Severity
from git_kas.errors import ChecksFailed, NotFound

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from git_kas.app import App
    from git_kas.usecases.lint import CheckedFile, PlansPlace

DESCRIPTION = (
    "Check the texts of plans: that waves and tasks are read as they are meant, and do not contradict each\n"
    "other. Exit status 1 if there is an error. Changes nothing, and needs no repository for a path."
)
EXAMPLES = (
    ("git kas lint", "every plan of this worktree"),
    ("git kas lint rate-limit", "one plan, by its key"),
    ("git kas lint --strict draft.md", "a file, and warnings count as well"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument(
        "file",
        nargs="*",
        metavar="FILE",
        help="path of a .md file; where there is none, a plan; default: all plans of this worktree",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings, too")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.lint import lint_files

    checked = lint_files(app.plan_files, app.folder, arguments.file, lambda: _place(app))
    severities = [finding.severity for file in checked for finding in file.findings]
    failed = bool(severities) if arguments.strict else Severity.ERROR in severities
    return Result(
        "lint",
        lambda: _data(checked),
        lambda style: _text(checked, severities, style),
        exit_status=ChecksFailed.exit_status if failed else 0,
    )


def _place(app: App) -> PlansPlace:
    from git_kas.usecases.lint import PlansPlace

    worktree, plans_folder = app.location.worktree, app.plans_folder.value
    if worktree is None:
        raise NotFound(
            f"{app.folder} is in no worktree, so there is no plans folder.",
            next_step="Change to a worktree, or name the path of a file.",
        )
    shown = os.path.relpath(os.path.join(worktree, *plans_folder.split("/")), app.folder)
    return PlansPlace(worktree, plans_folder, shown)


def _data(checked: Sequence[CheckedFile]) -> dict[str, object]:
    findings = [
        {
            "file": file.name,
            "line": finding.line,
            "rule": finding.rule,
            "severity": finding.severity,
            "message": finding.message,
        }
        for file in checked
        for finding in file.findings
    ]
    return {"findings": findings, "files": len(checked)}


def _text(checked: Sequence[CheckedFile], severities: Sequence[Severity], style: Style) -> str:
    lines = [
        f"{file.name}:{finding.line}: {finding.severity}: {finding.message} [{finding.rule}]"
        for file in checked
        for finding in file.findings
    ]
    if style.is_terminal:
        counts = [(len(checked), "file"), *((severities.count(severity), severity) for severity in Severity)]
        lines.append(", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts))
    return "".join(f"{printable(line)}\n" for line in lines)
