"""How stages end, and how they are told apart."""

from __future__ import annotations

from git_kas.domain import schedule
from git_kas.domain.agents import Mode
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Move, Plan
from git_kas.domain.plan_document import PlanDocument, parse_plan
from git_kas.domain.stage import (
    Attempt,
    Job,
    JobState,
    RunDocument,
    Stage,
)

NOW = "2026-01-01T00:00:00.000000Z"
LATER = "2026-01-01T03:00:00.000000Z"
PLAN = Plan(
    PlanName("2026-01-01-shop.md"),
    Status.IMPLEMENTING,
    content_id="text",
    moved=Move(NOW, Event.IMPLEMENT_START, "ready", Actor.USER),
)


def text(*waves: int) -> PlanDocument:
    """A plan with so many tasks in each wave, numbered through."""
    lines, number = ["# Shop", "**Goal:** sell"], 0
    for wave, tasks in enumerate(waves, start=1):
        lines.append(f"## Wave {wave}")
        for _ in range(tasks):
            number += 1
            lines += [f"### Task {number}: part {number}", "", f"do {number}", ""]
    return parse_plan("\n".join(lines))


def begun(*waves: int, first: int = 1) -> Stage:
    return schedule.begin_waves(PLAN, NOW, text(*waves), first)


def start(stage: Stage, job: Job, attempt: int = 1) -> Stage:
    return schedule.started(stage, job, Attempt(f"shop-{job.id}-{attempt}", "/wt"))


def job_of(stage: Stage, id_: str) -> Job:
    job = stage.job(id_)
    assert job is not None
    return job


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
