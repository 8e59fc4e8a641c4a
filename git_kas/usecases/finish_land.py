"""Brings a branch into the base where the base is checked out, or in a worktree made for it.

Every step looks first at what is there, so that it may be repeated wherever it was interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.finish import Stage, Strategy
from git_kas.domain.finish_text import complaint
from git_kas.errors import Conflict, NotFound
from git_kas.usecases.finish_checks import moving_refusal, named, site_refusal, trial_refusal
from git_kas.usecases.finish_log import AS_BEFORE, CONTINUE, LEFT_BEHIND, SETTLED, conflicts_left, refused

if TYPE_CHECKING:
    from git_kas.domain.names import ObjectId
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.git import Ended
    from git_kas.usecases.finish_git import FinishGit
    from git_kas.usecases.finish_log import FinishLog

_CLEAN_UP = "--cleanup=whitespace"  # '#' begins a comment only where an editor showed it


class Landing:
    """Lands the branch of one operation by a merge commit, by moving forward, or by one commit."""

    def __init__(self, git: FinishGit, log: FinishLog, plans_folder: str) -> None:
        self._git = git
        self._log = log
        self._plans_folder = plans_folder
        self._tip = log.asked.tip
        self._base = log.asked.base_name
        self._strategy = Strategy(log.asked.strategy)

    def run(self) -> None:
        """Land the branch, unless that is done."""
        if self._log.done(Stage.LAND):
            return
        base_now = base_tip(self._git, self._log)
        if self.landed(base_now):
            self._found_landed(base_now)
            return
        site = self._site()
        if self.begun(site, base_now):
            self._conclude(site, base_now)
            return
        move = base_now, self._tip
        refusal = moving_refusal(self._git, site, self._plans_folder, move, merged=True)
        if refusal is not None:
            raise refusal
        if base_now != self._log.asked.base_tip:
            self._try_again(base_now)
        self._log.intend(Stage.LAND, base_was=base_now, site=site.path)
        self._settle(self._merge(site), site, base_now)

    def landed(self, base_now: str) -> bool:
        """Whether the base, as it is now, contains all of the branch."""
        if self._strategy is not Strategy.SQUASH:
            return self._git.contains(base_now, self._tip)
        if self._is_what_we_make(base_now):
            return True
        return self._git.trial(base_now, self._tip).tree == self._git.tree(base_now)

    def note_landing(self) -> None:
        """Record that the branch has landed, if it has."""
        base_now = base_tip(self._git, self._log)
        if self.landed(base_now):
            self._found_landed(base_now)

    def begun(self, site: Worktree, base_now: str) -> bool:
        """Whether our merge stands unfinished at ``site``."""
        if not self._log.progress.begun(Stage.LAND):
            return False
        if self._strategy is Strategy.NO_FF:
            return self._git.tip("MERGE_HEAD", site.path) == self._tip
        if self._strategy is Strategy.FF:
            return self._git.half_moved(site.path, self._tip)
        stopped = self._log.progress.stopped(Stage.LAND)
        if stopped is not None:
            message = self._git.squash_message(site.path)
            return bool(stopped["base"] == base_now and message and stopped.get("message") == message)
        return self._staged_is_ours(site, base_now)

    def _staged_is_ours(self, site: Worktree, base_now: str) -> bool:
        """Whether what is staged at ``site`` is what merging gives, and nothing of the user's own with it."""
        staged = self._git.staged_tree(site.path)
        if not staged or staged == self._git.tree(base_now):
            return False
        if self._strategy is Strategy.FF:
            return staged == self._git.tree(self._tip)
        return staged in {self._log.intended(Stage.LAND, "tree"), self._git.trial(base_now, self._tip).tree}

    def take_back(self, site: Worktree) -> bool:
        """Leave no trace of the unfinished merge at ``site``; whether that worked.

        What somebody has staged besides, while a hook ran, say, would be lost; then it is left. Conflicts that
        were left to the user to settle are another thing: those are taken back with what he made of them.
        """
        if self._log.progress.stopped(Stage.LAND) is None:
            base_now = base_tip(self._git, self._log)
            staged = self._git.staged_tree(site.path)
            if staged != self._git.tree(base_now) and not self._staged_is_ours(site, base_now):
                return False
        if self._git.tip("MERGE_HEAD", site.path) is not None:
            return self._git.act(site.path, "merge", "--abort").status == 0
        return self._git.restore_index(site.path)

    def _site(self) -> Worktree:
        """The worktree that has the base checked out; one of our own if there is none."""
        found = self._git.worktree_of(self._base)
        if found is None:
            path = own_worktree(self._git, self._log)
            self._log.intend(Stage.WORKTREE, path=path)
            add_worktree(self._git, path, str(self._base))
            self._log.fact(Stage.WORKTREE, path=path)
            found = self._git.worktree_of(self._base)
        if found is None:
            raise NotFound(f"No worktree has {self._base} checked out.", next_step=f"{CONTINUE}")
        return found

    def _merge(self, site: Worktree) -> Ended:
        if self._strategy is Strategy.FF:
            return self._act(site, "merge", "--no-squash", "--ff-only", "--quiet", self._tip)
        message = self._log.asked.message
        if self._strategy is Strategy.NO_FF:
            options = ("--no-squash", "--no-ff", "--commit", "--no-edit", "--quiet", _CLEAN_UP, "-m", message)
            return self._act(site, "merge", *options, self._tip)
        # Options that overrule merge.ff and branch.<name>.mergeOptions, which do not go with --squash.
        staged = self._git.act(
            site.path, "merge", "--squash", "--ff", "--no-commit", "--no-edit", "--quiet", self._tip
        )
        return self._commit(site) if staged.status == 0 else staged

    def _commit(self, site: Worktree) -> Ended:
        """Commit what is staged; its tree tells afterwards whether that was done."""
        base_now = base_tip(self._git, self._log)
        self._log.intend(Stage.LAND, base_was=base_now, site=site.path, tree=self._git.staged_tree(site.path))
        message = self._log.asked.message
        return self._act(site, "commit", "--quiet", _CLEAN_UP, "--file=-", stdin=message)

    def _act(self, site: Worktree, *arguments: str, stdin: str = "") -> Ended:
        return self._git.act(site.path, *arguments, stdin=stdin, reflog_action=self._log.reflog_action)

    def _conclude(self, site: Worktree, base_was: str) -> None:
        unmerged = self._git.unmerged(site.path)
        if unmerged:
            raise conflicts_left("The merge", site.path, named(unmerged))
        settled = self._log.progress.stopped(Stage.LAND) is not None
        if self._strategy is Strategy.FF:
            self._git.restore_index(site.path)
            ended = self._merge(site)
        else:
            ended = self._commit(site)
        if ended.status and settled:  # what the user has settled stays
            self._stop(site, [], base_was)
            raise refused(f"the merge into {self._base} in {site.path}", ended, SETTLED)
        self._settle(ended, site, base_was)

    def _stop(self, site: Worktree, unmerged: list[str], base: str) -> None:
        message = self._git.squash_message(site.path) if self._strategy is Strategy.SQUASH else ""
        self._log.stop(Stage.LAND, unmerged, base, message)

    def _settle(self, ended: Ended, site: Worktree, base_was: str) -> None:
        """Record what came of a merge, or take it back."""
        base_now = base_tip(self._git, self._log)
        if ended.status == 0 and self._has_landed(base_now, base_was):
            self._log.fact(Stage.LAND, base_was=base_was, base_is=base_now, ours=True)
            return
        unmerged = self._git.unmerged(site.path)
        if unmerged:
            self._stop(site, unmerged, base_now)
            raise conflicts_left("The merge", site.path, named(unmerged))
        if base_now == base_was and self._left_behind(site, base_now):
            self.take_back(site)  # if it is ours alone
        restored = (
            base_now == base_was and site_refusal(self._git, self._again(site), self._plans_folder) is None
        )
        state = AS_BEFORE if restored else LEFT_BEHIND
        raise refused(f"the merge into {self._base} in {site.path}", ended, state)

    def _has_landed(self, base_now: str, base_was: str) -> bool:
        """Whether the commit that Git says it made is there; settled conflicts and hooks change its tree."""
        if self._strategy is Strategy.SQUASH and self._git.parents(base_now) == [base_was]:
            return True
        return self.landed(base_now)

    def _left_behind(self, site: Worktree, base_now: str) -> bool:
        if self._git.tip("MERGE_HEAD", site.path) is not None:
            return True
        return self._git.staged_tree(site.path) != self._git.tree(base_now)

    def _again(self, site: Worktree) -> Worktree:
        return self._git.worktree_at(site.path) or site

    def _try_again(self, base_now: str) -> None:
        """The base has moved since it was checked."""
        asked = self._log.asked
        if self._strategy is Strategy.FF and not self._git.contains(self._tip, base_now):
            raise Conflict(
                f"{asked.base} has moved meanwhile and can no longer be moved forward to {asked.branch}.",
                next_step="'git kas finish --abort' ends this; then merge the base into the branch.",
            )
        refusal = trial_refusal(self._git.trial(base_now, self._tip), asked.branch_name, asked.base)
        if refusal is not None:
            raise refusal

    def _found_landed(self, base_now: str) -> None:
        base_was = self._log.intended(Stage.LAND, "base_was") or base_now
        self._log.fact(Stage.LAND, base_was=base_was, base_is=base_now, ours=self._is_ours(base_now))

    def _is_ours(self, base_now: str) -> bool:
        """Whether it was us who brought the base to where it is, before we were interrupted."""
        action = self._log.reflog_action
        return self._is_what_we_make(base_now) and self._git.moved_by(self._base.ref, base_now, action)

    def _is_what_we_make(self, base_now: str) -> bool:
        """Whether the base is at such a commit as we were about to make; others may make the like."""
        base_was = self._log.intended(Stage.LAND, "base_was")
        if not base_was or base_was == base_now:
            return False
        if self._strategy is Strategy.FF:
            return base_now == self._tip
        if self._strategy is Strategy.NO_FF:
            return self._git.parents(base_now) == [base_was, self._tip]
        if self._git.parents(base_now) != [base_was]:
            return False
        return self._git.tree(base_now) == self._log.intended(Stage.LAND, "tree")


def base_tip(git: FinishGit, log: FinishLog) -> ObjectId:
    """Where the local base is now.

    Raises:
        NotFound: it is gone.
    """
    found = git.tip(log.asked.base_name.ref)
    if found is None:
        step = f"Put the branch back; then {CONTINUE}"
        raise NotFound(f"The base branch {log.asked.base} is gone.", next_step=step)
    return found


def own_worktree(git: FinishGit, log: FinishLog) -> str:
    """Where an operation makes a worktree of its own."""
    return f"{git.location.common_dir}/kas/finish/{log.id}"


def find_own_worktree(git: FinishGit, log: FinishLog) -> Worktree | None:
    """That worktree, if it is there; Git writes its path down without symbolic links."""
    end = f"/kas/finish/{log.id}"
    return next((worktree for worktree in git.worktrees() if worktree.path.endswith(end)), None)


def add_worktree(git: FinishGit, path: str, *what: str) -> None:
    """Add a worktree at ``path``; ``what`` are options and, at the end, what is checked out there.

    Raises:
        ChecksFailed, ProgramFailed: Git refuses.
    """
    ended = git.act(git.home, "worktree", "add", "--quiet", *what[:-1], "--", path, what[-1])
    if ended.status:
        raise refused(f"a worktree at {path}", ended, AS_BEFORE)


def remove_own_worktree(git: FinishGit, log: FinishLog) -> str:
    """Remove the worktree that the operation made, if it did; what is to be said if it is left."""
    own = find_own_worktree(git, log)
    if own is None:
        return ""
    ended = git.act(git.home, "worktree", "remove", "--", own.path)
    if ended.status == 0:
        return ""
    return f"The worktree that was made for this is left at {own.path}: {complaint(ended.err)}."
