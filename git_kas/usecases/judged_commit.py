"""Whether a verdict is about what a plan's branch is now: an approval counts for the commit that was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.names import ObjectId
from git_kas.errors import InvalidName

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.domain.base import Base
    from git_kas.domain.plan import Plan
    from git_kas.ports.git import Porcelain

    FindNewerTip = Callable[[Plan, ObjectId], ObjectId | None]


def newer_tip_finder(porcelain: Porcelain, folder: str, base: Callable[[], Base | None]) -> FindNewerTip:
    """What finds the tip of a plan's branch, where it has gone on since a commit of it was judged.

    A commit that neither is nor was the branch's own says nothing about what was judged: reviewers may stand
    anywhere. After an amendment or a rebase the branch's reflog knows what was its own.
    """

    def find(plan: Plan, judged: ObjectId) -> ObjectId | None:
        branch = plan.branch_name() or plan.filename.default_branch
        tip = _commit_of(porcelain, folder, branch.ref)
        if tip is None or tip == judged:
            return None
        if not (_contains(porcelain, folder, tip, judged) or _was_tip(porcelain, folder, branch.ref, judged)):
            return None
        found = base()
        is_of_base = found is not None and _contains(porcelain, folder, found.ref, judged)
        return None if is_of_base else tip

    return find


def _commit_of(porcelain: Porcelain, folder: str, ref: str) -> ObjectId | None:
    ended = porcelain.attempt(
        folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
    )
    try:
        return ObjectId(ended.out.strip())
    except InvalidName:
        return None


def _was_tip(porcelain: Porcelain, folder: str, ref: str, commit: ObjectId) -> bool:
    return commit in porcelain.attempt(folder, "rev-list", "--walk-reflogs", ref).out.split()


def _contains(porcelain: Porcelain, folder: str, of: str, commit: ObjectId) -> bool:
    return porcelain.attempt(folder, "merge-base", "--is-ancestor", commit, of).status == 0
