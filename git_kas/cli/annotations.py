"""What the guard found, in the forms that forges show beside a change.

GitHub: workflow commands, with the escapes of its toolkit
(https://docs.github.com/actions/reference/workflow-commands-for-github-actions, "Setting an error message";
https://github.com/actions/toolkit, packages/core/src/command.ts). Gitea's runner takes the same commands and
shows them in the log; it makes no annotation of them
(https://docs.gitea.com/usage/actions/comparison, "Create an error annotation"). GitLab: a Code Quality report
(https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from git_kas.cli.style import printable
from git_kas.domain.guard_text import finding_text, path_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.guard import GuardFinding
    from git_kas.domain.guard_text import Way

_TITLE: Final = "git-kas guard"
_CHECK: Final = "git-kas-guard"
_DATA: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY: Final = (*_DATA, (":", "%3A"), (",", "%2C"))


class AnnotationForm(StrEnum):
    """Who reads the annotations."""

    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


def annotated(form: AnnotationForm, findings: Sequence[GuardFinding], ways: Sequence[Way]) -> str:
    """What to print: for GitLab the whole document, which is empty but there if nothing was found."""
    if form is AnnotationForm.GITLAB:
        return json.dumps([_code_quality(finding, ways) for finding in findings], indent=2) + "\n"
    return "".join(f"{printable(_workflow_command(finding, ways))}\n" for finding in findings)


def _workflow_command(finding: GuardFinding, ways: Sequence[Way]) -> str:
    path = _escaped(path_text(finding.path), _PROPERTY)
    message = _escaped("\n".join(_sentences(finding, ways)), _DATA)
    return f"::error file={path},title={_TITLE}::{message}"


def _sentences(finding: GuardFinding, ways: Sequence[Way]) -> list[str]:
    commands = (f"{way.purpose}: {'; '.join(way.commands)}." for way in ways if way.commands)
    return [f"{finding_text(finding)}: it must not enter shared history.", *commands]


def _escaped(text: str, escapes: Sequence[tuple[str, str]]) -> str:
    for character, escape in escapes:
        text = text.replace(character, escape)
    return text


def _code_quality(finding: GuardFinding, ways: Sequence[Way]) -> dict[str, object]:
    # The same finding has the same fingerprint in the next run, so that it is told once.
    identity = b"\0".join([finding.path, finding.change.encode(), (finding.commit or "").encode()])
    return {
        "description": " ".join(_sentences(finding, ways)),
        "check_name": _CHECK,
        "fingerprint": hashlib.sha256(identity).hexdigest(),
        "severity": "blocker",
        "location": {"path": path_text(finding.path), "lines": {"begin": 1}},
    }
