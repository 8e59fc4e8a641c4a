"""Copies a branch's commits onto the base, in a worktree of its own, and then moves base and branch.

Until all copies are made, neither moves; then each moves only if it is still where it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.domain.finish import Stage
from git_kas.domain.worktree import Operation
from git_kas.errors import ChecksFailed, Conflict, NotFound
from git_kas.usecases.finish_checks import moving_refusal, named, worktree_problem
from git_kas.usecases.finish_land import add_worktree, base_tip, find_own_worktree, own_worktree
from git_kas.usecases.finish_log import AS_BEFORE, CONTINUE, SETTLED, conflicts_left, refused

if TYPE_CHECKING:
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.git import Ended
    from git_kas.usecases.finish_git import FinishGit
    from git_kas.usecases.finish_log import FinishLog

# Settings that would touch other branches or hide changes.
_SETTINGS = ("-c", "rebase.updateRefs=false", "-c", "rebase.autoStash=false")
# Git leaves out commits whose copies the base has, although it may have reverted them since.
_COPY_ALL: Final = ("--no-autosquash", "--reapply-cherry-picks")


class Rebasing:
    """Lands the branch of one operation by rebasing it."""

    def __init__(self, git: FinishGit, log: FinishLog, plans_folder: str) -> None:
        self._git = git
        self._log = log
        self._plans_folder = plans_folder

    def run(self) -> None:
        """Land the branch, unless that is done."""
        if not self._log.done(Stage.LAND):
            self._forward(self._rebased())
        if not self._log.done(Stage.BRANCH):
            self._move_branch(self._log.found(Stage.REBASE, "result"))

    def note_landing(self) -> None:
        """Record that the copies have landed, if they have."""
        result = self._log.found(Stage.REBASE, "result")
        base_now = base_tip(self._git, self._log)
        if result and self._git.contains(base_now, result):
            self._found_landed(result, base_now)

    # -- the copies ------------------------------------------------------------------------------------------

    def _rebased(self) -> str:
        """The last of the copies, which are made if they are not there yet."""
        base_now = base_tip(self._git, self._log)
        result = self._log.found(Stage.REBASE, "result")
        if result and (
            self._log.found(Stage.REBASE, "onto") == base_now or self._git.contains(base_now, result)
        ):
            return result
        own = self._own()
        if Operation.REBASE in own.operations:
            return self._go_on(own)
        head = self._git.tip("HEAD", own.path)
        if self._is_in_the_middle(own, head):
            raise Conflict(
                f"The rebase in {own.path} was left in the middle; nothing landed.",
                next_step="'git kas finish --abort' ends this; then finish again.",
            )
        if head and self._log.intended(Stage.REBASE, "onto") == base_now and self._git.contains(head, base_now):
            return self._keep(head, base_now)
        self._log.intend(Stage.REBASE, onto=base_now, tip=head)
        ended = self._git.act(own.path, *_SETTINGS, "rebase", "--quiet", *_COPY_ALL, base_now)
        return self._settle(own, ended, base_now)

    def _is_in_the_middle(self, own: Worktree, head: str | None) -> bool:
        """Whether a rebase that is no longer under way was left before its end, as by ``git rebase --quit``.

        Git leaves behind which commit was last in its way, unless copies of later ones followed.
        """
        at = self._git.tip("REBASE_HEAD", own.path)
        if at is None or head is None:
            return False
        onto, tip = self._log.intended(Stage.REBASE, "onto"), self._log.intended(Stage.REBASE, "tip")
        if not tip or at != self._git.last_copied(onto, tip):
            return True
        return self._git.staged_tree(own.path) != self._git.tree(head)

    def _go_on(self, own: Worktree) -> str:
        unmerged = self._git.unmerged(own.path)
        if unmerged:
            raise conflicts_left("The rebase", own.path, named(unmerged))
        ended = self._git.act(own.path, *_SETTINGS, "rebase", "--continue")
        return self._settle(own, ended, self._log.intended(Stage.REBASE, "onto"), settled=True)

    def _settle(self, own: Worktree, ended: Ended, onto: str, *, settled: bool = False) -> str:
        head = self._git.tip("HEAD", own.path)
        if ended.status == 0 and head and self._git.contains(head, onto):
            return self._keep(head, onto)
        unmerged = self._git.unmerged(own.path)
        if unmerged:
            self._log.stop(Stage.REBASE, unmerged, onto)
            raise conflicts_left("The rebase", own.path, named(unmerged))
        what = f"the rebase of {self._log.asked.branch}"
        if settled:
            raise refused(what, ended, SETTLED)
        again = find_own_worktree(self._git, self._log)
        if again is not None and Operation.REBASE in again.operations:
            self._git.act(own.path, "rebase", "--abort")
        raise refused(what, ended, AS_BEFORE)

    def _keep(self, result: str, onto: str) -> str:
        self._log.fact(Stage.REBASE, result=result, onto=onto)
        return result

    def _own(self) -> Worktree:
        own = find_own_worktree(self._git, self._log)
        if own is None:
            path = own_worktree(self._git, self._log)
            self._log.intend(Stage.WORKTREE, path=path)
            add_worktree(self._git, path, "--detach", self._log.asked.tip)
            self._log.fact(Stage.WORKTREE, path=path)
            own = find_own_worktree(self._git, self._log)
        if own is None:
            raise NotFound(f"The worktree for {self._log.id} is gone.", next_step=CONTINUE)
        return own

    # -- base and branch -------------------------------------------------------------------------------------

    def _forward(self, result: str) -> None:
        base = self._log.asked.base_name
        base_now = base_tip(self._git, self._log)
        if self._git.contains(base_now, result):
            self._found_landed(result, base_now)
            return
        if not self._git.contains(result, base_now):
            raise Conflict(f"{base} has moved meanwhile; nothing landed.", next_step=CONTINUE)
        self._insist_on_all(result, base_now)
        site = self._git.worktree_of(base)
        if site is not None:
            if self._log.intended(Stage.LAND, "to") == result and self._git.half_moved(site.path, result):
                self._git.restore_index(site.path)
            refusal = moving_refusal(self._git, site, self._plans_folder, (base_now, result))
            if refusal is not None:
                raise refusal
        self._log.intend(Stage.LAND, base_was=base_now, to=result, site=site.path if site else "")
        if site is not None:
            options = ("--no-squash", "--ff-only", "--quiet")
            action = self._log.reflog_action
            ended = self._git.act(site.path, "merge", *options, result, reflog_action=action)
        else:
            ended = self._git.move_ref(base.ref, result, base_now, f"{self._log.reflog_action}: rebased")
        if ended.status or base_tip(self._git, self._log) != result:
            if site is not None and self._git.half_moved(site.path, result):
                self._git.restore_index(site.path)
            raise refused(f"the move of {base}", ended, AS_BEFORE)
        self._log.fact(Stage.LAND, base_was=base_now, base_is=result, ours=True)

    def _insist_on_all(self, result: str, base_now: str) -> None:
        """The copies must give what a merge would; a change that is in a merge commit alone is in none of them.

        Where the user had conflicts to settle, it is for him to say what they give.
        """
        trial = self._git.trial(base_now, self._log.asked.tip)
        if self._log.progress.was_stopped(Stage.REBASE) or trial.tree in {"", self._git.tree(result)}:
            return
        raise ChecksFailed(
            f"The copies of the commits of {self._log.asked.branch} would not give what a merge gives; "
            "nothing landed.",
            next_step="'git kas finish --abort' ends this; then use another --strategy.",
        )

    def _found_landed(self, result: str, base_now: str) -> None:
        base_was = self._log.intended(Stage.LAND, "base_was") or base_now
        ours = base_now == result != base_was and self._git.moved_by(
            self._log.asked.base_name.ref, base_now, self._log.reflog_action
        )
        self._log.fact(Stage.LAND, base_was=base_was, base_is=base_now, ours=ours)

    def _move_branch(self, result: str) -> None:
        """Let the branch lead to the copies, if nobody has moved it; its work has landed either way."""
        asked = self._log.asked
        if self._git.tip(asked.branch_name.ref) == asked.tip != result:
            self._log.intend(Stage.BRANCH, was=asked.tip, to=result)
            worktree = self._git.worktree_of(asked.branch_name)
            if worktree is None:
                self._git.move_ref(
                    asked.branch_name.ref, result, asked.tip, f"{self._log.reflog_action}: rebased"
                )
            elif self._is_free(worktree, result):
                self._git.move_checked_out(worktree.path, result)
                if self._git.half_moved(worktree.path, result):
                    self._git.restore_index(worktree.path)
        moved = self._git.tip(asked.branch_name.ref) == result
        self._log.fact(Stage.BRANCH, to=result if moved else "")

    def _is_free(self, worktree: Worktree, result: str) -> bool:
        """Whether the branch's worktree can follow it without touching anything of the user's own."""
        if worktree_problem(worktree) or self._git.dirt(worktree, self._plans_folder).changed:
            return False
        return not self._git.in_the_way(worktree.path, self._log.asked.tip, result)
