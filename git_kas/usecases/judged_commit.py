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

    A commit that is not the branch's own says nothing about what was judged: reviewers may stand anywhere.
    """

    def find(plan: Plan, judged: ObjectId) -> ObjectId | None:
        branch = plan.branch_name() or plan.filename.default_branch
        tip = _commit_of(porcelain, folder, branch.ref)
        if tip is None or tip == judged or not _contains(porcelain, folder, tip, judged):
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


def _contains(porcelain: Porcelain, folder: str, of: str, commit: ObjectId) -> bool:
    return porcelain.attempt(folder, "merge-base", "--is-ancestor", commit, of).status == 0
