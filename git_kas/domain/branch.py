"""What is known of a local branch, and what follows from its history (DESIGN 7)."""

from dataclasses import dataclass
from enum import StrEnum

from git_kas.domain.names import BranchName, ObjectId

_END_OF_YEAR_9999 = 253_402_300_799


class VerdictKind(StrEnum):
    """How a branch relates to its base. Only ``ancestor`` and ``landed`` are ever safe to remove."""

    ANCESTOR = "ancestor"
    LANDED = "landed"
    PARTIAL = "partial"
    UNMERGED = "unmerged"
    FRESH = "fresh"
    EMPTY = "empty"
    UNRELATED = "unrelated"
    UNKNOWN = "unknown"


VERDICT_MEANINGS: dict[VerdictKind, str] = {
    VerdictKind.ANCESTOR: "the base contains every commit of the branch",
    VerdictKind.LANDED: "at one moment the base contained everything that the branch changes",
    VerdictKind.PARTIAL: "the base contained some of the branch's commits, or each, but never all at once",
    VerdictKind.UNMERGED: "the base never contained what the branch changes",
    VerdictKind.FRESH: "the branch has nothing of its own yet",
    VerdictKind.EMPTY: "the branch has commits of its own that together change nothing",
    VerdictKind.UNRELATED: "the branch and the base have no commit in common",
    VerdictKind.UNKNOWN: "could not be judged, so keep it; the reason says why",
}


MERGEABLE = frozenset({VerdictKind.UNMERGED, VerdictKind.PARTIAL})
"""The kinds of branches that are still to be merged."""


class UnknownReason(StrEnum):
    """Why a branch could not be judged."""

    CONTENT_NOT_COMPARED = "content_not_compared"
    NO_BASE = "no_base"
    NO_COMMIT = "no_commit"
    SHALLOW_HISTORY = "shallow_history"
    HISTORY_UNREADABLE = "history_unreadable"


UNKNOWN_REASON_MEANINGS: dict[UnknownReason, str] = {
    UnknownReason.CONTENT_NOT_COMPARED: "it has commits that the base lacks, and some of what they change "
    "could not be compared: it is not here, or too large",
    UnknownReason.NO_BASE: "the repository has no base branch to judge it against",
    UnknownReason.NO_COMMIT: "its reference does not lead to a commit that is here",
    UnknownReason.SHALLOW_HISTORY: "the clone is shallow, and the history they may share is cut off",
    UnknownReason.HISTORY_UNREADABLE: "the history could not be read",
}


class LandingMethod(StrEnum):
    """How a branch that landed came into the base."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


LANDING_METHOD_MEANINGS: dict[LandingMethod, str] = {
    LandingMethod.MERGE: "by a merge commit, whose result the branch's content is part of",
    LandingMethod.SQUASH: "all at once, in one commit of the base",
    LandingMethod.REBASE: "commit by commit, as copies or in several parts",
}


class Presence(StrEnum):
    """What has become, in the base of today, of a branch that landed."""

    PRESENT = "present"
    EDITED = "edited"
    REVERTED = "reverted"


PRESENCE_MEANINGS: dict[Presence, str] = {
    Presence.PRESENT: "the base still contains it",
    Presence.EDITED: "it was changed further since",
    Presence.REVERTED: "it was taken back since",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on one branch, with its evidence.

    ``reason`` is set exactly for ``unknown``; ``how``, ``landed_at`` (the base commit from which on the base
    contained everything) and ``now`` exactly for ``landed``. Of ``commits`` own ones ``landed_commits`` have
    landed; both are set for ``partial``. ``conflicts`` says whether merging it into the base as it is now would
    stop at conflicts; None for kinds that are not :data:`MERGEABLE`, and where that is not known or not asked.
    """

    kind: VerdictKind
    reason: UnknownReason | None = None
    how: LandingMethod | None = None
    landed_at: ObjectId | None = None
    now: Presence | None = None
    commits: int | None = None
    landed_commits: int | None = None
    conflicts: bool | None = None

    @property
    def allows_removal(self) -> bool:
        """Whether everything the branch has is in the base's history and was not taken back there."""
        if self.kind is VerdictKind.LANDED:
            return self.now is not Presence.REVERTED
        return self.kind is VerdictKind.ANCESTOR


@dataclass(frozen=True, slots=True)
class LocalBranch:
    """A local branch as its reference says.

    ``tip`` is None where the reference leads to no commit that is here. ``committed_at`` is the committer
    date of the tip in seconds since 1970 (UTC). ``upstream`` is the full name of the tracking reference as
    configured (git-branch(1), ``--set-upstream-to``), empty without one; whether it still exists is for the
    reader of all references to say. ``leads_to`` is the full name that a symbolic reference holds.
    """

    name: BranchName
    tip: ObjectId | None
    committed_at: int | None = None
    upstream: str = ""
    leads_to: str = ""


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
