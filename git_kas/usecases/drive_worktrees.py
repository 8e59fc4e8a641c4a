"""The worktrees that agents work in: found by the branch that is checked out, made where there is none."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from git_kas.errors import UsageError, WouldLoseData

if TYPE_CHECKING:
    from git_kas.domain.names import BranchName
    from git_kas.domain.plan import Plan
    from git_kas.ports.git import Porcelain
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope


def branch_of(plan: Plan) -> BranchName:
    """The plan's branch: the stored one, or the one that its name stands for.

    Raises:
        UsageError: what is stored is no branch name.
    """
    if not plan.branch:
        return plan.filename.default_branch
    branch = plan.branch_name()
    if branch is None:
        raise UsageError(
            f"The branch of {plan.filename} is {plan.branch!r}, and no branch can be called so.",
            next_step="Register the plan with another branch.",
        )
    return branch


def expect_branch(ports: DrivePorts, scope: DriveScope, branch: BranchName) -> None:
    """Go on only if the branch is here: on a new one there would be nothing of what was done.

    Raises:
        WouldLoseData: it is not; it may be on the machine where the plan was implemented.
    """
    if not _is_there(ports.porcelain, scope.location.top, branch):
        raise WouldLoseData(
            f"The branch {branch} is not here, and nobody is started to go on with what was done on it.",
            next_step=f"Fetch it, or drive the plan where it is: git branch {shlex.quote(branch)} COMMIT",
        )


def folder_of_branch(ports: DrivePorts, scope: DriveScope, branch: BranchName, start: str = "") -> str:
    """The worktree in which ``branch`` is checked out; it and the branch are made where they are missing.

    A new branch begins at ``start``, by default at the base. The main worktree is never used: it is for people.

    Raises:
        WouldLoseData: the branch is checked out in the main worktree, or its worktree cannot be read.
        UsageError: there is no base that it could begin at.
        ProgramFailed: Git refuses.
    """
    for worktree in ports.worktrees():
        if worktree.branch != branch:
            continue
        if worktree.is_main:
            raise WouldLoseData(
                f"The branch {branch} is checked out in the main worktree.",
                next_step="Check out another branch there; agents get a worktree of their own.",
            )
        if not worktree.readable:
            raise WouldLoseData(
                f"The worktree of {branch} is not where it was: {worktree.path}.",
                next_step="'git kas doctor' says what happened to it.",
            )
        return worktree.path
    top, path = scope.location.top, f"{_folder(scope)}/{branch.replace('/', '-')}"
    if _is_there(ports.porcelain, top, branch):
        ports.porcelain.run(top, "worktree", "add", "--quiet", path, branch)
    else:
        ports.porcelain.run(
            top, "worktree", "add", "--quiet", "--no-track", "-b", branch, path, start or _base(scope)
        )
    return path


def _is_there(porcelain: Porcelain, folder: str, branch: BranchName) -> bool:
    return porcelain.attempt(folder, "show-ref", "--verify", "--quiet", branch.ref).status == 0


def _base(scope: DriveScope) -> str:
    base = scope.base()
    if base is None:
        raise UsageError(
            "There is no base branch that a plan's branch could begin at.", next_step="Set kas.base."
        )
    return base.word


def _folder(scope: DriveScope) -> str:
    """The folder that worktrees are made in; that of a bare repository lies beside it."""
    folder = scope.settings.worktree_folder
    if folder.startswith("/"):
        return folder
    main = scope.location.main_worktree
    return f"{main}/{folder}" if main else f"{scope.location.common_dir.removesuffix('.git')}.worktrees"
