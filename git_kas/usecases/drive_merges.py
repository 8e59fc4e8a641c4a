"""Takes what a task did on a branch of its own into the plan's branch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from git_kas.domain.names import BranchName
from git_kas.errors import ProgramFailed, WouldLoseData
from git_kas.usecases.drive_worktrees import branch_of, expect_branch, folder_of_branch

if TYPE_CHECKING:
    from git_kas.domain.plan import Plan
    from git_kas.domain.stage import Job
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope


_LOCK_FILE: Final = re.compile(r"'([^'\n]+\.lock)'")


class TaskMerger:
    """Merges branches of tasks in the worktree of their plan; hooks and signing are those of the repository."""

    def __init__(self, ports: DrivePorts, scope: DriveScope, plan: Plan) -> None:
        self._ports = ports
        self._scope = scope
        self._plan = plan

    def merge(self, job: Job) -> str:
        """Merge the branch of the job's newest attempt; why that is not possible, empty if it is done.

        A merge that was interrupted is taken back and made again; one that was made is not made twice.

        Raises:
            KasError: the plan's branch is gone, is in use or locked, or can have no worktree.
        """
        branch = BranchName(job.last.branch if job.last else "")
        into = branch_of(self._plan)
        expect_branch(self._ports, self._scope, into)
        folder = folder_of_branch(self._ports, self._scope, into)
        self._expect_checked_out(folder, into)
        self._take_back(folder, branch)
        if self._merging(folder):
            return f"its branch {branch} cannot be merged while another merge is open in {folder}"
        message = f"merge {job.id} of {self._plan.filename}: {job.title}"
        ended = self._ports.porcelain.attempt(
            folder, "merge", "--no-ff", "--no-edit", "-m", message, branch.ref
        )
        if ended.status == 0:
            return ""
        paths = self._conflicts(folder)
        self._take_back(folder, branch)
        if paths:
            return f"its branch {branch} conflicts with {into}: {', '.join(paths)}"
        said = next(
            (line for line in (ended.err or ended.out).splitlines() if line.strip()), "Git says nothing"
        )
        if lock := _LOCK_FILE.search(ended.err):
            raise ProgramFailed(
                f"Nothing can be merged into {into} while there is {lock[1]}; 'git kas doctor' says why it is.",
                next_step="Wait, or run 'git kas doctor'.",
            )
        return f"its branch {branch} cannot be merged into {into}: {said}"

    def _expect_checked_out(self, folder: str, branch: BranchName) -> None:
        """Go on only if what is merged in ``folder`` comes into the branch.

        Raises:
            WouldLoseData: it would come into a commit that no branch holds, as in the middle of a rebase.
        """
        head = self._ports.porcelain.attempt(folder, "symbolic-ref", "--quiet", "HEAD").out.strip()
        if head != branch.ref:
            raise WouldLoseData(
                f"{branch} is not checked out in {folder}, so nothing can be merged into it.",
                next_step="Finish or abort the rebase or bisection there.",
            )

    def _take_back(self, folder: str, branch: BranchName) -> None:
        """Take a merge of that branch back that has begun and not ended; nobody else's."""
        merging = self._merging(folder)
        if merging and merging == self._commit(folder, branch.ref):
            self._ports.porcelain.attempt(folder, "merge", "--abort")

    def _merging(self, folder: str) -> str:
        """The commit that is being merged in the worktree, empty if none is."""
        return self._commit(folder, "MERGE_HEAD")

    def _commit(self, folder: str, ref: str) -> str:
        return self._ports.porcelain.attempt(folder, "rev-parse", "--verify", "--quiet", ref).out.strip()

    def _conflicts(self, folder: str) -> list[str]:
        listed = self._ports.porcelain.attempt(folder, "diff", "--name-only", "--diff-filter=U", "-z")
        return [path for path in listed.out.split("\0") if path]
