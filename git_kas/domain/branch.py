"""What is known of a local branch, and what follows from its history (DESIGN 7)."""

from dataclasses import dataclass
from enum import StrEnum

from git_kas.domain.names import BranchName, ObjectId

_END_OF_YEAR_9999 = 253_402_300_799


class VerdictKind(StrEnum):
    """How a branch relates to its base. Only ``ancestor`` and ``landed`` are ever safe to remove."""

    ANCESTOR = "ancestor"
    FRESH = "fresh"
    UNRELATED = "unrelated"
    UNKNOWN = "unknown"


VERDICT_MEANINGS: dict[VerdictKind, str] = {
    VerdictKind.ANCESTOR: "the base contains every commit of the branch",
    VerdictKind.FRESH: "the branch has nothing of its own yet",
    VerdictKind.UNRELATED: "the branch and the base have no commit in common",
    VerdictKind.UNKNOWN: "could not be judged, so keep it; the reason says why",
}


class UnknownReason(StrEnum):
    """Why a branch could not be judged."""

    CONTENT_NOT_COMPARED = "content_not_compared"
    NO_BASE = "no_base"
    NO_COMMIT = "no_commit"
    SHALLOW_HISTORY = "shallow_history"
    HISTORY_UNREADABLE = "history_unreadable"


UNKNOWN_REASON_MEANINGS: dict[UnknownReason, str] = {
    UnknownReason.CONTENT_NOT_COMPARED: "it has commits that the base lacks; whether their content was "
    "squash-merged or rebased into the base is not compared yet",
    UnknownReason.NO_BASE: "the repository has no base branch to judge it against",
    UnknownReason.NO_COMMIT: "its reference does not lead to a commit that is here",
    UnknownReason.SHALLOW_HISTORY: "the clone is shallow, and the history they may share is cut off",
    UnknownReason.HISTORY_UNREADABLE: "the history could not be read",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one branch; ``reason`` is set exactly for ``unknown``."""

    kind: VerdictKind
    reason: UnknownReason | None = None


@dataclass(frozen=True, slots=True)
class LocalBranch:
    """A local branch as its reference says.

    ``tip`` is None where the reference leads to no commit that is here. ``committed_at`` is the committer
    date of the tip in seconds since 1970 (UTC). ``upstream`` is the full name of the tracking reference as
    configured (git-branch(1), ``--set-upstream-to``), empty without one; whether it still exists is for the
    reader of all references to say.
    """

    name: BranchName
    tip: ObjectId | None
    committed_at: int | None = None
    upstream: str = ""


def usable_time(seconds: int) -> int | None:
    """A commit's date if a calendar has it; Git stores any number, and a forged one must not stop anybody."""
    return seconds if 0 <= seconds <= _END_OF_YEAR_9999 else None


@dataclass(frozen=True, slots=True)
class Upstream:
    """The branch that a local branch tracks. ``unpushed`` counts commits it lacks, None where it is gone."""

    ref: str
    gone: bool
    unpushed: int | None = None


@dataclass(frozen=True, slots=True)
class BranchSurvey:
    """A local branch, judged. ``ahead`` and ``behind`` count commits against the local base branch."""

    branch: LocalBranch
    verdict: Verdict
    ahead: int | None = None
    behind: int | None = None
    upstream: Upstream | None = None
