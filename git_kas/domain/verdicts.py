"""The judgement on a branch by its history: is everything it has in the base as well (DESIGN 7)?"""

import re
from collections.abc import Collection, Iterable, Sequence

from git_kas.domain.branch import UnknownReason, Verdict, VerdictKind
from git_kas.domain.history import BaseHistory
from git_kas.domain.names import ObjectId

ANCESTOR = Verdict(VerdictKind.ANCESTOR)
FRESH = Verdict(VerdictKind.FRESH)
UNRELATED = Verdict(VerdictKind.UNRELATED)

# Not "rebase": Git writes it even where nothing of the branch was there to replay.
_OWN_WORK = ("commit", "cherry-pick", "revert", "am", "merge", "pull")
_FAST_FORWARD = "Fast-forward"
_CREATED = "branch: Created from "
_OBJECT_NAME = re.compile("[0-9a-f]{7,64}")


def unknown(reason: UnknownReason) -> Verdict:
    """The verdict on a branch that could not be judged because of ``reason``."""
    return Verdict(VerdictKind.UNKNOWN, reason)


def verdict_inside_base(
    tip: ObjectId, bases: Iterable[BaseHistory], reflog: Sequence[str], base_names: Collection[str]
) -> Verdict:
    """The verdict on a branch whose ``tip`` one of ``bases`` contains.

    Such a branch may have been merged, or may have been made a minute ago by somebody about to begin. The
    branch's ``reflog`` tells: commits made on it mean that it was merged. Without any, a tip that once was the
    base's own counts as fresh; so does one beside the base's first-parent chain (where old tips of the
    upstream end up after a merging pull), unless the branch was created from something else than the base,
    which ``base_names`` lists. Without a reflog only the chain tells.
    """
    if shows_own_work(reflog):
        return ANCESTOR
    if any(base.is_on_chain(tip) for base in bases):
        return FRESH
    return FRESH if reflog and _was_created_from(base_names, reflog[0]) else ANCESTOR


def verdict_outside_base(*, related: bool, shallow: bool) -> Verdict:
    """The verdict on a branch whose tip no base contains, before contents are compared.

    ``related``: some of its history is in a base. Where a shallow clone cuts history off, nobody knows whether
    what looks like the branch's own is in the base, or where the branch left it.
    """
    if shallow:
        return unknown(UnknownReason.SHALLOW_HISTORY)
    return unknown(UnknownReason.CONTENT_NOT_COMPARED) if related else UNRELATED


def shows_own_work(reflog: Iterable[str]) -> bool:
    """Whether reflog messages (git-reflog(1)) tell of a commit that was made on the branch."""
    return any(message.startswith(_OWN_WORK) and _FAST_FORWARD not in message for message in reflog)


def _was_created_from(base_names: Collection[str], first_message: str) -> bool:
    """Whether git-branch(1) says that the branch was created from the base, or does not say from what."""
    prefix, created, source = first_message.partition(_CREATED)
    if prefix or not created:
        return False
    return source == "HEAD" or source in base_names or _OBJECT_NAME.fullmatch(source) is not None
