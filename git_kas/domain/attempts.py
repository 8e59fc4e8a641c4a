"""Attempts at jobs beyond the present stage: those of earlier stages, and those of other machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain import schedule
from git_kas.domain.agents import Mode
from git_kas.domain.stage import JobState

if TYPE_CHECKING:
    from git_kas.domain.stage import Attempt, Job, RunDocument, Stage


def next_attempt(document: RunDocument, stage: Stage, job: Job) -> int:
    """The number of the job's next attempt, counted over all stages, so that no run has the id of another."""
    stages = [*document.past, stage]
    return 1 + sum(len(one.attempts) for other in stages for one in other.jobs if one.id == job.id)


def newest_attempt(document: RunDocument, job: Job) -> Attempt | None:
    """The newest attempt of the job; where it is of a stage that began anew, of the earlier ones."""
    earlier = (other.last for stage in document.past for other in stage.jobs if other.id == job.id)
    return job.last or next((attempt for attempt in reversed(list(earlier)) if attempt), None)


def complete_before(document: RunDocument, wave: int, task: int) -> Stage | None:
    """The waves that are over, if no others are going on, in which that task is complete."""
    stages = [stage for stage in (*document.past, document.stage) if stage and stage.mode is Mode.WAVES]
    if not stages or stages[-1] is document.stage:
        return None
    named = (job.state for job in stages[-1].jobs if (job.wave, job.task) == (wave, str(task)))
    return stages[-1] if JobState.COMPLETE in named else None


def out_of_sight(stage: Stage, owner: str) -> Stage:
    """Jobs whose agents somebody else has started are unknown to ``owner``, who drives the plan now."""
    for job in schedule.at_work(stage):
        before = job.last.owner if job.last else ""
        if before not in {"", owner}:
            reason = f"its agent was started by {before}, and what became of it cannot be seen from here"
            stage = stage.with_job(job._replace(state=JobState.UNKNOWN, reason=reason))
    return stage
