"""The driver is killed before or after any one call that it makes; another one goes on, and nothing shows."""

from __future__ import annotations

from collections import Counter

import pytest

from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.run_ids import RunId
from git_kas.errors import Unreachable
from git_kas.ports.files import PlanText
from git_kas.ports.memory_store import MemoryStore
from git_kas.usecases.drive_ports import DriveSettings
from unit.drive_worlds import NO_LIMITS, SHOP, DriveWorld, Scythe, killed, text_of

FOUND = "FINDING: the unit is missing"
JOBS = [
    "shop-R0-planner-1", "shop-W1-T1-1", "shop-W1-T2-1", "shop-W2-T3-1",
    "shop-R1-reviewer-1", "shop-R1-coder-1", "shop-R2-reviewer-1",
]  # fmt: skip
EVENTS = [
    "plan_start", "planner_finished", "implement_start", "implement_finished",
    "review_changes_requested", "implement_finished", "review_approved",
]  # fmt: skip


class Crew:
    """Agents that do what they are told, each when its run has begun: half of them say so by their exit."""

    def __init__(self, world: DriveWorld) -> None:
        self.world = world
        self.done: set[RunId] = set()

    def act(self) -> bool:
        """Whether one of them has done something."""
        waiting = [run for run in self.world.running() if run not in self.done]
        for run in waiting:
            self.done.add(run)
            self.work(run)
            if run in self.world.running():
                self.world.wait()
                self.world.runs.end(run, 0)
        return bool(waiting)

    def work(self, run: RunId) -> None:
        world = self.world
        variables = world.runs.specs[run].variables
        role, round_ = variables["KAS_ROLE"], int(variables["KAS_ROUND"])
        if role == "planner":
            world.texts[f"/r/docs/plans/{SHOP}"] = PlanText(text_of(2, 1), world.clock.now_ns())
            world.signal(f"planner-finished-{SHOP}")
        elif role == "reviewer":
            name = "review-changes" if round_ == 1 else "review-approved"
            world.signal(f"{name}-{SHOP}", FOUND if round_ == 1 else "", round_=round_)
        elif variables["KAS_TASK"] == "2":
            world.task_done(int(variables["KAS_WAVE"]), 2)


def drive_to_the_end(world: DriveWorld) -> None:
    """From planning to done, whatever is killed meanwhile."""
    crew = Crew(world)
    world.create(Event.PLAN_START)
    asked = False
    for _ in range(40):
        with killed(world):
            world.look()
        if world.status is Status.READY and not asked:
            asked = True
            world.move(Event.IMPLEMENT_START)
            world.signal(f"implement-wave-1-{SHOP}")
        if not crew.act() and world.status is Status.DONE:
            break
    world.scythe.at = 0
    world.look()


def check(world: DriveWorld) -> None:
    assert world.status is Status.DONE
    assert world.events() == EVENTS
    assert Counter(world.runs.begun) == Counter(JOBS)
    assert sorted(world.attempts()) == sorted(JOBS)
    assert {run for run, spec in world.runs.specs.items() if FOUND in spec.prompt} == {"shop-R1-coder-1"}
    assert (world.box.files, world.box.taken, world.box.kept) == ({}, {}, {})
    assert world.running() == []
    stages = world.document().past
    assert {str(job.state) for stage in stages for job in stage.jobs} == {"complete"}
    assert [stage.mode for stage in stages] == ["planning", "waves", "review", "feedback", "review"]
    run = world.store.get_run(SHOP)
    assert run is not None
    assert run.owner == ""


def calls_of_a_run(port: type = object, settings: DriveSettings = NO_LIMITS) -> int:
    world = DriveWorld(settings, scythe=Scythe(port=port))
    drive_to_the_end(world)
    check(world)
    return world.scythe.calls


# Killed after a call is killed before the next one: nothing else has an effect.
@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_call(part: int) -> None:
    for number in range(1 + part, calls_of_a_run() + 1, 4):
        expect_all(DriveWorld(scythe=Scythe(number)))


def test_killed_where_each_task_has_a_branch() -> None:
    settings = NO_LIMITS._replace(per_task=True)
    for number in range(1, calls_of_a_run(settings=settings) + 1, 3):
        world = DriveWorld(settings, scythe=Scythe(number))
        expect_all(world)
        tasks = ["plan/shop-w1-t1-1", "plan/shop-w1-t2-1", "plan/shop-w2-t3-1"]
        assert sorted(set(world.git.merged)) == tasks
        assert world.git.merged[-1] == tasks[-1]
        assert {one.branch for one in world.git.worktrees} == {"main", "plan/shop", *tasks}


@pytest.mark.parametrize("after", [False, True], ids=["not_done", "done"])
def test_the_store_is_gone_at_any_call(*, after: bool) -> None:
    """It was asked, and either has done it or not; the same driver goes on."""
    gone = Unreachable("plan store unreachable.", next_step="Wait.")
    for number in range(1, calls_of_a_run(MemoryStore) + 1):
        expect_all(DriveWorld(scythe=Scythe(number, after, MemoryStore, error=gone)))


def expect_all(world: DriveWorld) -> None:
    number = world.scythe.at
    try:
        drive_to_the_end(world)
        check(world)
    except AssertionError as error:
        raise AssertionError(f"at call {number}: {error}") from error
