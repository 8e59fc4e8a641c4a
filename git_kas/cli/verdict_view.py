"""Verdicts as data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.domain.branch import Presence, VerdictKind

if TYPE_CHECKING:
    from git_kas.domain.branch import Verdict


def verdict_data(verdict: Verdict | None) -> dict[str, Any]:
    """A verdict as ``--json`` shows it."""
    return {
        "verdict": verdict.kind if verdict else None,
        "reason": verdict.reason if verdict else None,
        "how": verdict.how if verdict else None,
        "landed_at": verdict.landed_at if verdict else None,
        "now": verdict.now if verdict else None,
        "commits": verdict.commits if verdict else None,
        "landed_commits": verdict.landed_commits if verdict else None,
        "conflicts": verdict.conflicts if verdict else None,
    }


def verdict_words(verdict: Verdict) -> str:
    """A verdict for a terminal's table, such as ``landed, reverted`` or ``partial 2/3``."""
    if verdict.now is not None and verdict.now is not Presence.PRESENT:
        return f"{verdict.kind}, {verdict.now}"
    if verdict.kind is VerdictKind.PARTIAL:
        return f"{verdict.kind} {verdict.landed_commits}/{verdict.commits}"
    return str(verdict.kind)
