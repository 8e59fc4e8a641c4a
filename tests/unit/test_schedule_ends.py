"""How stages end, and how they are told apart."""

from __future__ import annotations

from git_kas.domain import schedule
from git_kas.domain.agents import Mode
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.plan import Move
from git_kas.domain.stage import (
    JobState,
    RunDocument,
)
from unit.stages import LATER, NOW, PLAN, begun, job_of, start


def test_the_end_of_a_stage() -> None:
    stage = schedule.begin_single(PLAN, NOW, Mode.REVIEW)
    stage = start(stage, stage.jobs[0])
    plan = PLAN._replace(status=Status.DONE, moved=Move(LATER, Event.REVIEW_APPROVED, "reviewing", Actor.AGENT))
    reported = schedule.archived(RunDocument(stage), LATER, plan)
    assert reported.stage is None
    assert (reported.past[0].jobs[0].state, reported.past[0].ended) == (JobState.COMPLETE, LATER)
    for event in (Event.CANCEL, None):
        moved = plan._replace(moved=Move(LATER, event, "reviewing", Actor.USER))
        cancelled = schedule.archived(RunDocument(stage), LATER, moved)
        assert cancelled.past[0].jobs[0].state is JobState.STOPPED
    assert schedule.archived(RunDocument(), LATER, plan) == RunDocument()


def test_tasks_of_waves_are_not_complete_because_somebody_says_so_of_the_plan() -> None:
    plan = PLAN._replace(
        status=Status.REVIEWING,
        round=1,
        moved=Move(LATER, Event.IMPLEMENT_FINISHED, "implementing", Actor.USER),
    )
    stage = begun(3)
    for job in stage.jobs[:2]:
        stage = start(stage, job)
    stage = schedule.seen_ended(stage, job_of(stage, "W1-T1"), 1, NOW, 0)
    over = schedule.archived(RunDocument(stage), LATER, plan).past[0]
    assert [str(job.state) for job in over.jobs] == ["failed", "stopped", "pending"]


def test_a_plan_that_has_moved_on_twice() -> None:
    """Nobody has looked since the agent reported, and the plan came into the next status but one."""
    for mode, event, status in [
        (Mode.PLANNING, Event.IMPLEMENT_START, Status.IMPLEMENTING),
        (Mode.FEEDBACK, Event.REVIEW_APPROVED, Status.DONE),
        (Mode.REVIEW, Event.IMPLEMENT_FINISHED, Status.REVIEWING),
    ]:
        stage = schedule.begin_single(PLAN, NOW, mode)
        stage = start(stage, stage.jobs[0])
        plan = PLAN._replace(status=status, round=1, moved=Move(LATER, event, "", Actor.AGENT))
        assert not schedule.is_driven(plan, stage)
        assert schedule.archived(RunDocument(stage), LATER, plan).past[0].jobs[0].state is JobState.COMPLETE


def test_stages_are_told_apart_where_the_clock_stands_still() -> None:
    """A clock that was set back gives all that happens for a while the same time."""
    stage = schedule.begin_single(PLAN, NOW, Mode.FEEDBACK)
    assert schedule.is_current(PLAN, stage)
    assert not schedule.is_current(PLAN._replace(round=1), stage)
    assert not schedule.is_current(PLAN._replace(status=Status.REVIEWING), stage)
