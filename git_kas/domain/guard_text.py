"""What is said when the guard refuses: what, why, and the way on for a person and for an agent."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.guard import DEFAULT_PATTERNS, GuardedChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.guard import GuardFinding

_SHOWN: Final = 10
_SHORT: Final = 12
_PLAIN: Final = re.compile(rb"[A-Za-z0-9_@%+=:,./-]+")


class Occasion(StrEnum):
    """What was looked at."""

    STAGED = "staged"
    RANGE = "range"
    PUSHED = "pushed"
    RECEIVED = "received"


_WHAT: Final = {
    Occasion.STAGED: "this commit would record what must not enter shared history",
    Occasion.RANGE: "these commits hold what must not enter shared history",
    Occasion.PUSHED: "this push would bring into shared history what must not enter it",
    Occasion.RECEIVED: "this push would bring into shared history what must not enter it",
}

_WHY_STATE: Final = (
    "plan-state.json says how all plans of the project stand at one moment. In a branch it is soon out of",
    "date, says something else in each worktree, and conflicts in every merge. Plans are kept beside the",
    "branches, in a store that all worktrees share.",
)
_WHY_OTHER: Final = ("the configuration of this repository guards it (kas.guard.path).",)


class Way(NamedTuple):
    """A way on: what it is for, and the commands, of which words in ``<>`` are to be filled in."""

    purpose: str
    commands: tuple[str, ...]


_PLANS: Final = (
    Way("to change a plan, leave the file alone", ("git kas plan transition <plan> <event>",)),
    Way("to report as an agent", ("git kas signal <event> <plan>",)),
)
_UNTRACK: Final = Way("to stop tracking the file without losing a plan", ("git kas init --untrack",))
_BASELINE: Final = Way(
    "to accept history that is older than the guard, name its last commit in the receiving repository",
    ("git config --add kas.guard.baseline <commit>",),
)


def path_text(path: bytes) -> str:
    """A path as text; bytes that are no UTF-8 as escapes."""
    return path.decode("utf-8", "backslashreplace")


def finding_text(finding: GuardFinding) -> str:
    """What is refused, in one line: the change, the path, the commit and the refs."""
    entry = "" if finding.entry == "file" else f" ({finding.entry})"
    commit = f" in commit {finding.commit[:_SHORT]}" if finding.commit else ""
    refs = f" of {', '.join(finding.refs[:3])}" if finding.refs else ""
    more = f" and {len(finding.refs) - 3} more refs" if finding.refs[3:] else ""
    return f"{finding.change}: {path_text(finding.path)}{entry}{commit}{refs}{more}"


def refusal(occasion: Occasion, findings: Sequence[GuardFinding], ways: Sequence[Way]) -> list[str]:
    """All that is said of a refusal, line by line."""
    lines = [f"git-kas: refused: {_WHAT[occasion]}."]
    lines += [f"  {finding_text(finding)}" for finding in findings[:_SHOWN]]
    if findings[_SHOWN:]:
        lines.append(f"  and {len(findings) - _SHOWN} more")
    first, *others = _WHY_STATE if _is_about_plans(findings) else _WHY_OTHER
    lines += [f"why: {first}", *(f"  {line}" for line in others)]
    for way in ways:
        lines += [f"{way.purpose}:", *(f"  {command}" for command in way.commands)]
    return lines


def ways_on(occasion: Occasion, findings: Sequence[GuardFinding], *, old_history: bool) -> list[Way]:
    """The ways on, the nearest one first; none where nothing was found."""
    if not findings:
        return []
    path = _word(findings[0].path)
    ways = _unstaged(path) if occasion is Occasion.STAGED else _rewritten(path, findings)
    if _is_about_plans(findings):
        ways += _PLANS
        if any(finding.change is GuardedChange.CHANGED for finding in findings):
            ways.append(_UNTRACK)
    return [*ways, _BASELINE] if old_history else ways


def _unstaged(path: str) -> list[Way]:
    return [
        Way("to commit without it (the file itself stays as it is)", (f"git restore --staged {path}",)),
        Way("the same on a branch without a commit", (f"git reset -- {path}",)),
    ]


def _rewritten(path: str, findings: Sequence[GuardFinding]) -> list[Way]:
    first = next((finding.commit for finding in findings if finding.commit), None)
    if first is None:
        return [Way("to go on without it, name a tree that does not hold it", ())]
    purpose = (
        "to go on without it, mark the commits named above with 'edit' and take it out of each "
        "(one more commit that removes it does not help)"
    )
    commands = (
        f"git rebase --interactive {first[:_SHORT]}^",
        f"git restore --staged --source=HEAD^ {path}",
        "git commit --amend",
        "git rebase --continue",
    )
    return [Way(purpose, commands)]


def _word(path: bytes) -> str:
    """The path for a shell, from anywhere in the worktree; a placeholder for odd ones."""
    return f":/{path.decode('ascii')}" if _PLAIN.fullmatch(path) else "<path>"


def _is_about_plans(findings: Sequence[GuardFinding]) -> bool:
    names = {name.encode() for name in DEFAULT_PATTERNS}
    return any(not names.isdisjoint(finding.path.lower().split(b"/")) for finding in findings)
