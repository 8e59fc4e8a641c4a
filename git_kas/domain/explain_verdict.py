"""The evidence of a verdict, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.branch import (
    LANDING_METHOD_MEANINGS,
    MERGEABLE,
    PRESENCE_MEANINGS,
    UNKNOWN_REASON_MEANINGS,
    VERDICT_MEANINGS,
    VerdictKind,
)

if TYPE_CHECKING:
    from git_kas.domain.base import Base
    from git_kas.domain.branch import BranchSurvey

_MERGE = {
    True: "Merging it into the base as it is now would stop at conflicts.",
    False: "It can be merged into the base as it is now without conflicts.",
    None: "Whether merging it into the base would stop at conflicts is not known.",
}


def explain_verdict(survey: BranchSurvey, base: Base | None) -> list[str]:
    """Sentences: what the verdict means, what shows it, and what that means for the branch."""
    verdict = survey.verdict
    sentences = [_sentence(VERDICT_MEANINGS[verdict.kind])]
    if verdict.reason is not None:
        sentences.append(_sentence(UNKNOWN_REASON_MEANINGS[verdict.reason]))
    if base is not None and survey.ahead is not None:
        sentences.append(f"Beside {base.word}, it is {survey.ahead} ahead and {survey.behind} behind.")
    if verdict.how is not None and verdict.now is not None:
        sentences += [
            f"It landed at {verdict.landed_at}, {LANDING_METHOD_MEANINGS[verdict.how]}.",
            _sentence(PRESENCE_MEANINGS[verdict.now]),
        ]
    if verdict.kind is VerdictKind.PARTIAL:
        sentences.append(
            f"{verdict.landed_commits} of its {verdict.commits} commits have landed, each taken alone."
        )
    if verdict.kind in MERGEABLE:
        sentences.append(_MERGE[verdict.conflicts])
    if verdict.allows_removal:
        sentences.append("By this verdict it may be removed.")
    else:
        sentences.append("By this verdict it is to be kept.")
    return sentences


def _sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."
