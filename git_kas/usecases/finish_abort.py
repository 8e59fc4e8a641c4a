"""Takes back what finishing has begun: nothing that was pushed, and nothing that somebody has built on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.finish import Choice, Stage, Strategy
from git_kas.domain.worktree import Operation
from git_kas.errors import KasError, WouldLoseData
from git_kas.usecases.finish_checks import moving_refusal
from git_kas.usecases.finish_land import (
    Landing,
    base_tip,
    find_own_worktree,
    remove_own_worktree,
)
from git_kas.usecases.finish_log import CONTINUE
from git_kas.usecases.finish_rebase import Rebasing

if TYPE_CHECKING:
    from git_kas.domain.names import BranchName
    from git_kas.usecases.finish_git import FinishGit
    from git_kas.usecases.finish_log import FinishLog

_REASON = "git kas finish --abort"


def abort(git: FinishGit, log: FinishLog, plans_folder: str) -> tuple[list[str], list[str]]:
    """Take back what can be; sentences on what was taken back, and on what is left.

    Raises:
        WouldLoseData: something lies in the way.
    """
    asked, did, left = log.asked, list[str](), list[str]()
    log.intend(Stage.ABORT)
    if asked.choice == Choice.PULL_REQUEST:
        if log.progress.begun(Stage.PUSH):
            left.append(f"what is on {asked.remote} stays there, a pull request too; close it on the forge")
        return did, left
    if asked.choice == Choice.MERGE:
        taking = _TakingBack(git, log, plans_folder)
        did += taking.unfinished()
        did += taking.base()
        did += taking.branch()
        left += taking.left
        if problem := remove_own_worktree(git, log):
            left.append(problem)
    return did, left


class _TakingBack:
    def __init__(self, git: FinishGit, log: FinishLog, plans_folder: str) -> None:
        self._git = git
        self._log = log
        self._plans_folder = plans_folder
        self._strategy = Strategy(log.asked.strategy)
        self.left: list[str] = []

    def unfinished(self) -> list[str]:
        """A merge or rebase that stands in the middle."""
        if self._strategy is Strategy.REBASE:
            own = find_own_worktree(self._git, self._log)
            if own is None or Operation.REBASE not in own.operations:
                return []
            if self._git.act(own.path, "rebase", "--abort").status:
                raise self._in_the_way(f"The rebase in {own.path} could not be aborted")
            return ["the rebase was aborted"]
        landing = Landing(self._git, self._log, self._plans_folder)
        site = self._git.worktree_of(self._log.asked.base_name)
        if site is None or self._log.done(Stage.LAND):
            return []
        if not landing.begun(site, base_tip(self._git, self._log)):
            return []
        if not landing.take_back(site):
            raise self._in_the_way(f"The merge in {site.path} could not be aborted")
        return [f"the merge in {site.path} was aborted"]

    def base(self) -> list[str]:
        """The base, if it is where we have moved it to."""
        if not self._log.progress.begun(Stage.LAND):
            return []
        if not self._log.done(Stage.LAND):
            self._find_out_whether_it_landed()
        fact = self._log.progress.fact(Stage.LAND)
        if fact is None:
            return []
        if not fact.get("ours"):
            self.left.append(f"{self._log.asked.base} holds the branch already, by other hands; that stays")
            return []
        was, is_ = str(fact["base_was"]), str(fact["base_is"])
        now = base_tip(self._git, self._log)
        base = self._log.asked.base_name
        if now == was:
            return []
        if now != is_:
            raise WouldLoseData(
                f"{base} has moved on from {is_[:12]}, where finish had brought it; it is not moved back.",
                next_step=f"Revert the merge, or {CONTINUE}",
            )
        if self._git.pushed(is_):
            raise WouldLoseData(
                f"{base} at {is_[:12]} has been pushed; it is not moved back.", next_step=f"{CONTINUE}"
            )
        self._move(base, was, is_)
        return [f"{base} is back at {was[:12]}"]

    def branch(self) -> list[str]:
        """The branch, if it is where a rebase has moved it to."""
        was = self._log.intended(Stage.BRANCH, "was")
        is_ = self._log.intended(Stage.BRANCH, "to")
        branch = self._log.asked.branch_name
        if not was or self._git.tip(branch.ref) != is_:
            return []
        self._move(branch, was, is_)
        return [f"{branch} is back at {was[:12]}"]

    def _find_out_whether_it_landed(self) -> None:
        if self._strategy is Strategy.REBASE:
            Rebasing(self._git, self._log, self._plans_folder).note_landing()
        else:
            Landing(self._git, self._log, self._plans_folder).note_landing()

    def _move(self, branch: BranchName, to: str, from_: str) -> None:
        worktree = self._git.worktree_of(branch)
        if worktree is None:
            ended = self._git.move_ref(branch.ref, to, from_, _REASON)
        else:
            refusal = moving_refusal(self._git, worktree, self._plans_folder, (from_, to))
            if refusal is not None:
                raise refusal
            ended = self._git.move_checked_out(worktree.path, to)
        if ended.status or self._git.tip(branch.ref) != to:
            raise self._in_the_way(f"{branch} could not be moved back to {to[:12]}")

    def _in_the_way(self, what: str) -> KasError:
        return WouldLoseData(f"{what}; what is there would be lost.", next_step="Look at 'git status' there.")
