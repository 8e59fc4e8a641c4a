"""``git kas doctor``."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable, render_table
from git_kas.domain.doctor import Check
from git_kas.errors import ChecksFailed, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from git_kas.app import App
    from git_kas.usecases.doctor import Diagnosed

DESCRIPTION = (
    "Find what goes wrong around worktrees: folders that were moved or replaced, locks of processes that are\n"
    "gone, settings that mislead Git, plans without a branch. Exit status 1 if something is found and not\n"
    "mended. Changes nothing without --fix."
)
EXAMPLES = (
    ("git kas doctor", "look at everything"),
    ("git kas doctor --fix", "mend what can be mended safely, one by one"),
    ("git kas doctor lock_file dead_lock", "look at locks only"),
    ("git kas doctor --list", "which checks there are"),
)
_COLUMNS = ("severity", "check", "subject", "evidence", "fix", "look")


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("check", nargs="*", metavar="CHECK", help="a check by its id; default: all of them")
    parser.add_argument(
        "--fix", action="store_true", help="mend what can be mended safely; looks again right before"
    )
    parser.add_argument(
        "--assume-idle",
        action="store_true",
        help="take it that processes which cannot be seen, as in another container, do nothing here",
    )
    parser.add_argument("--list", action="store_true", help="list the checks instead")
    parser.add_argument("--store", metavar="URL", help="the plan store instead of the configured one")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    checks = list(_checks(arguments.check)) or list(Check)
    if arguments.list:
        return Result("doctor", lambda: [_check_data(check) for check in checks], lambda s: _listed(checks, s))
    found = app.doctor(checks, fix=arguments.fix, assume_idle=arguments.assume_idle)
    return Result(
        "doctor",
        lambda: [_data(diagnosed) for diagnosed in found],
        lambda style: _text(found, style),
        exit_status=0 if all(diagnosed.fixed for diagnosed in found) else ChecksFailed.exit_status,
    )


def _checks(words: Iterable[str]) -> Iterator[Check]:
    for word in dict.fromkeys(words):
        name = word.replace("-", "_")
        if name not in set(Check):
            raise UsageError(f"'{word}' is no check.", next_step="'git kas doctor --list' lists them.")
        yield Check(name)  # type: ignore[call-arg]  # mypy takes the arguments of __new__ for those of the lookup


def _check_data(check: Check) -> dict[str, object]:
    return {
        "check": check,
        "severity": check.severity,
        "meaning": check.meaning,
        "fix": check.remedy or None,
    }


def _data(diagnosed: Diagnosed) -> dict[str, object]:
    finding = diagnosed.finding
    return {
        "check": finding.check,
        "severity": finding.check.severity,
        "subject": finding.subject,
        "evidence": list(finding.evidence),
        "fix": finding.check.remedy if finding.fix else None,
        "fixed": diagnosed.fixed,
        "note": diagnosed.note,
        "look": shlex.join(finding.look) or None,
        "failed_to_look": finding.failed_to_look,
    }


def _listed(checks: Sequence[Check], style: Style) -> str:
    rows = [(check, check.severity, check.meaning, check.remedy) for check in checks]
    return render_table(("check", "severity", "meaning", "fix"), rows, style)


def _text(found: Sequence[Diagnosed], style: Style) -> str:
    if style.is_terminal:
        return "\n".join(_block(diagnosed) for diagnosed in found) or "Nothing is wrong.\n"
    return render_table(_COLUMNS, [_cells(diagnosed) for diagnosed in found], style) if found else ""


def _cells(diagnosed: Diagnosed) -> list[str]:
    finding = diagnosed.finding
    evidence = "; ".join((*finding.evidence, *filter(None, [diagnosed.note])))
    fix = "fixed" if diagnosed.fixed else "--fix" if finding.fix else ""
    failed = "could not look: " if finding.failed_to_look else ""
    severity = finding.check.severity
    return [severity, finding.check, finding.subject, failed + evidence, fix, shlex.join(finding.look)]


def _block(diagnosed: Diagnosed) -> str:
    """A finding for a person: what, why, and what to do."""
    finding = diagnosed.finding
    check = finding.check
    if finding.failed_to_look:
        return f"{check}: could not look: {printable('; '.join(finding.evidence))}\n"
    lines = [f"{check.severity}: {printable(finding.subject)} ({check})", f"  {check.meaning.replace('`', '')}"]
    lines += [f"  - {printable(text)}" for text in finding.evidence]
    if diagnosed.fixed:
        lines.append(f"  fixed: {printable(diagnosed.note)}")
    elif diagnosed.note:
        lines.append(f"  not fixed: {printable(diagnosed.note)}")
    elif finding.fix:
        lines.append(f"  --fix: {check.remedy.replace('`', '')}")
    if finding.look and not diagnosed.fixed:
        lines.append(f"  look:  {printable(shlex.join(finding.look))}")
    return "".join(f"{line}\n" for line in lines)
