"""Tasks with branches of their own: what they did counts once it is in the plan's branch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from git_kas.domain.names import BranchName
from git_kas.domain.stage import Job, JobState, Stage

if TYPE_CHECKING:
    from git_kas.domain.stage import Attempt

_TASK_BRANCH: Final = re.compile(r"(?P<plan>.+)-w\d+-t\w+(?:\.\w+)*-\d+", re.ASCII)


def task_branch(plan_branch: BranchName, job: Job, attempt: int) -> BranchName:
    """The branch for one attempt of a task, such as ``plan/rate-limit-w1-t2-1``.

    Beside the plan's branch, as Git cannot have one below it.
    """
    return BranchName(f"{plan_branch}-{job.id.lower()}-{attempt}")


def plan_branch_of(branch: BranchName) -> BranchName | None:
    """The branch of the plan that ``branch`` is a task of, if it is called like one; None if it is not."""
    found = _TASK_BRANCH.fullmatch(branch)
    return BranchName(found["plan"]) if found else None


def to_be_merged(stage: Stage) -> list[Job]:
    """Jobs whose agents are done and whose branches are not in the plan's branch yet."""
    return [job for job in stage.jobs if job.state is JobState.COMPLETE and job.last and _is_open(job.last)]


def merged(stage: Stage, job: Job) -> Stage:
    """The task's branch is in the plan's branch."""
    attempts = (*job.attempts[:-1], job.attempts[-1]._replace(merged=True))
    return stage.with_job(job._replace(attempts=attempts))


def not_merged(stage: Stage, job: Job, reason: str) -> Stage:
    """The task's branch cannot be merged; another attempt begins at what the plan's branch holds then."""
    return stage.with_job(job._replace(state=JobState.FAILED, reason=reason))


def _is_open(attempt: Attempt) -> bool:
    return bool(attempt.branch) and not attempt.merged
