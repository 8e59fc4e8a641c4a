"""A plan, and stages of it, for the tests of what is scheduled when."""

from __future__ import annotations

from git_kas.domain import schedule
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Move, Plan
from git_kas.domain.plan_document import PlanDocument, parse_plan
from git_kas.domain.stage import Attempt, Job, Stage

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
