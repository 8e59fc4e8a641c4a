"""The judgement on a branch: is everything it has in the base as well (DESIGN 7)?"""

from collections.abc import Iterable, Sequence

from git_kas.domain.branch import UnknownReason, Verdict, VerdictKind
from git_kas.domain.history import BaseHistory
from git_kas.domain.names import ObjectId

ANCESTOR = Verdict(VerdictKind.ANCESTOR)
FRESH = Verdict(VerdictKind.FRESH)
UNRELATED = Verdict(VerdictKind.UNRELATED)

# Not "rebase": Git writes it even where nothing of the branch was there to replay.
_OWN_WORK = ("commit", "cherry-pick", "revert", "am", "merge", "pull")
_FAST_FORWARD = "Fast-forward"


def unknown(reason: UnknownReason) -> Verdict:
    """The verdict on a branch that could not be judged because of ``reason``."""
    return Verdict(VerdictKind.UNKNOWN, reason)


def verdict_inside_base(tip: ObjectId, bases: Iterable[BaseHistory], reflog: Sequence[str]) -> Verdict:
    """The verdict on a branch whose ``tip`` one of ``bases`` contains.

    A tip that was once the tip of the base may be a branch merged by fast-forward or one that was only just
    made. Only the branch's reflog tells: without an entry for a commit of its own it counts as fresh, so that
    a branch somebody is about to work on is never taken for finished.
    """
    on_chain = any(base.is_on_chain(tip) for base in bases)
    return FRESH if on_chain and not shows_own_work(reflog) else ANCESTOR


def verdict_outside_base(*, related: bool, shallow: bool) -> Verdict:
    """The verdict on a branch whose tip no base contains; ``related``: some of its history is in one."""
    if related:
        return unknown(UnknownReason.CONTENT_NOT_COMPARED)
    return unknown(UnknownReason.SHALLOW_HISTORY) if shallow else UNRELATED


def shows_own_work(reflog: Iterable[str]) -> bool:
    """Whether reflog messages (git-reflog(1)) tell of a commit that was made on the branch."""
    return any(message.startswith(_OWN_WORK) and _FAST_FORWARD not in message for message in reflog)
