"""Driving plans, on a project in memory: what is begun, started, taken in and ended."""

from __future__ import annotations

import pytest

from git_kas.domain.agents import MODES, Mode, Role
from git_kas.domain.lifecycle import Event, Status
from git_kas.usecases.drive_ports import Step
from unit.drive_worlds import COMMANDS, NO_LIMITS, SHOP, DriveWorld, text_of

HOUR = 3600
BOTH = {"W1-T1": "running", "W1-T2": "running", "W2-T3": "pending"}


@pytest.fixture
def world() -> DriveWorld:
    return DriveWorld()


# -- beginning -------------------------------------------------------------------------------------------


def test_nothing_is_started_for_a_plan_that_nobody_wants_implemented(world: DriveWorld) -> None:
    world.create(text=text_of(1))
    assert (world.steps(), world.runs.begun, world.look().again) == ([], [], "")


def test_a_wave_signal_begins_and_each_wave_waits_for_the_one_before(world: DriveWorld) -> None:
    world.waves(2, 1)
    assert world.steps() == [("applied", ""), ("started", "W1-T1"), ("started", "W1-T2")]
    world.look()
    assert world.states() == BOTH
    world.task_done(1, 1)
    world.end("W1-T2")
    assert world.steps() == [("applied", ""), ("complete", "W1-T2"), ("started", "W2-T3")]
    assert world.spec_of("W2-T3").variables["KAS_PEERS"] == "1"


def test_what_an_agent_is_told(world: DriveWorld) -> None:
    world.waves(2)
    world.look()
    spec = world.spec_of("W1-T2")
    assert (spec.command, spec.folder) == (COMMANDS[Role.CODER], "/r/.worktrees/plan-shop")
    assert dict(spec.variables) == {
        "KAS_ROLE": "coder", "KAS_PLAN": "shop.md", "KAS_ROUND": "0", "KAS_WAVE": "1", "KAS_TASK": "2",
        "KAS_PEERS": "2", "KAS_RUN": "shop-W1-T2-1", "KAS_BASE": "main", "KAS_BRANCH": "plan/shop",
    }  # fmt: skip
    assert "do 2" in spec.prompt
    assert "do 1" not in spec.prompt
    assert "git kas signal implement_task_finished shop --wave 1 --task 2" in spec.prompt


def test_a_wave_signal_while_it_is_driven_is_rejected_and_changes_nothing(world: DriveWorld) -> None:
    world.waves(2, 1)
    world.look()
    world.signal(f"implement-wave-2-{SHOP}")
    assert world.steps()[0] == ("rejected", "")
    assert world.states() == BOTH
    (kept,) = world.box.rejected()
    assert "being driven already" in kept.record.reason


def test_a_wave_that_the_plan_does_not_have_is_rejected_with_those_it_has(world: DriveWorld) -> None:
    world.waves(1, 1, wave=3)
    assert world.steps() == [("rejected", "")]
    (kept,) = world.box.rejected()
    assert kept.record.reason == "The plan has no wave 3. Its waves: 1, 2."
    assert world.document().stage is None


def test_a_wave_signal_for_a_plan_in_another_status_is_rejected(world: DriveWorld) -> None:
    world.create(text=text_of(1))
    world.signal(f"implement-wave-1-{SHOP}")
    assert world.steps() == [("rejected", "")]
    assert world.status is Status.READY


def test_a_wave_signal_for_a_plan_that_does_not_exist_is_rejected(world: DriveWorld) -> None:
    world.signal("implement-wave-1-nothing.md")
    assert world.steps() == [("rejected", "")]


def test_empty_waves_are_passed_over(world: DriveWorld) -> None:
    world.waves(0, 1, 0)
    world.look()
    world.end("W2-T1")
    world.look()
    assert world.status is Status.REVIEWING
    assert world.runs.begun == ["shop-W2-T1-1", "shop-R1-reviewer-1"]


def test_earlier_waves_are_passed_over_where_a_later_one_was_asked_for(world: DriveWorld) -> None:
    world.waves(2, 1, wave=2)
    world.look()
    assert world.runs.begun == ["shop-W2-T3-1"]
    world.end("W2-T3")
    world.look()
    assert world.status is Status.REVIEWING


@pytest.mark.parametrize("reports", [False, True])
def test_one_coder_where_there_are_no_waves(world: DriveWorld, *, reports: bool) -> None:
    world.waves()
    world.look()
    assert world.runs.begun == ["shop-R0-coder-1"]
    if reports:
        world.signal(f"implement-finished-{SHOP}")
    else:
        world.end("R0-coder")
    world.look()
    assert world.events() == ["implement_start", "implement_finished"]
    assert world.document().past[0].jobs[0].state == "complete"
    assert world.stage().mode is Mode.REVIEW


def test_a_planner_is_started_and_restarted(world: DriveWorld) -> None:
    world.create(Event.PLAN_START)
    world.look()
    world.move(Event.PLAN_START)
    world.look()
    world.look()
    assert world.runs.begun == ["shop-R0-planner-1", "shop-R0-planner-2"]
    assert world.running() == ["shop-R0-planner-2"]


@pytest.mark.parametrize("role", Role)
def test_without_a_command_nothing_of_that_role_is_begun(world: DriveWorld, role: Role) -> None:
    commands = {other: command for other, command in COMMANDS.items() if other is not role}
    world.driver = world.new_driver(settings=NO_LIMITS._replace(commands=commands))
    world.create(Event.PLAN_START, name="a.md")
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED, name="b.md")
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED, Event.REVIEW_CHANGES_REQUESTED, name="c.md")
    world.look()
    roles = [world.runs.specs[run].variables["KAS_ROLE"] for run in world.runs.begun]
    assert roles == [str(one) for one in (Role.PLANNER, Role.REVIEWER, Role.CODER) if one is not role]


def test_waves_without_a_command_fail_and_say_what_to_set(world: DriveWorld) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(commands={}))
    world.waves(1)
    world.look()
    assert world.job("W1-T1").state == "failed"
    assert world.job("W1-T1").reason == "No command is configured that starts a coder."


# -- what agents do --------------------------------------------------------------------------------------


def test_a_task_that_fails_in_the_last_wave_is_never_taken_for_done(world: DriveWorld) -> None:
    world.waves(1, 2)
    world.look()
    world.end("W1-T1")
    world.look()
    world.end("W2-T2")
    world.end("W2-T3", 1)
    assert world.steps() == [("complete", "W2-T2"), ("failed", "W2-T3"), ("waiting", "")]
    for _ in range(5):
        world.wait(HOUR)
        assert world.steps() == []
    assert world.status is Status.IMPLEMENTING
    assert "implement_finished" not in world.events()


def test_a_coder_cannot_say_that_all_is_implemented_while_waves_are_open(world: DriveWorld) -> None:
    world.waves(2, 1)
    world.look()
    world.signal(f"implement-finished-{SHOP}")
    assert world.steps() == [("rejected", "")]
    assert (world.status, world.states()) == (Status.IMPLEMENTING, BOTH)
    (kept,) = world.box.rejected()
    assert kept.record.cause == "unfinished"
    world.end("W1-T1")
    world.end("W1-T2")
    world.look()
    world.end("W2-T3")
    world.look()
    assert world.status is Status.REVIEWING


@pytest.mark.parametrize("mode", [mode for mode in Mode if not MODES[mode].exit_counts])
def test_planners_and_reviewers_that_end_without_a_word_have_failed(world: DriveWorld, mode: Mode) -> None:
    if mode is Mode.PLANNING:
        world.create(Event.PLAN_START)
    else:
        world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    world.look()
    (job,) = world.states()
    status = world.status
    world.end(job, 0)
    assert world.steps() == [("failed", job), ("waiting", "")]
    assert world.status is status
    assert "without a word" in world.job(job).reason


def test_an_agent_that_is_gone_has_failed_and_is_tried_again_as_often_as_is_set(world: DriveWorld) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(retries=2))
    world.waves(1)
    for attempt in (1, 2, 3):
        world.look()
        assert world.runs.begun[-1] == f"shop-W1-T1-{attempt}"
        world.runs.lose(world.run_of("W1-T1"))
    world.look()
    assert world.happened(Step.RETRIED) == ["W1-T1", "W1-T1"]
    assert world.state("W1-T1") == "failed"
    assert world.steps() == []


def test_the_same_task_reported_twice_and_by_exit_is_complete_once(world: DriveWorld) -> None:
    world.waves(2)
    world.look()
    world.task_done(1, 1)
    world.look()
    world.task_done(1, 1)
    world.end("W1-T1")
    assert world.steps() == [("applied", "")]
    assert world.states() == {"W1-T1": "complete", "W1-T2": "running"}
    assert world.box.rejected() == []


@pytest.mark.parametrize("round_", [None, 0])
def test_a_report_that_comes_after_the_exit_status_is_no_mistake(world: DriveWorld, round_: int | None) -> None:
    """The agent wrote it, ended, and was seen to have ended before its file was."""
    world.waves(1)
    world.look()
    world.end("W1-T1")
    world.look()
    assert world.stage().mode is Mode.REVIEW
    world.task_done(1, 1, round_=round_)
    assert world.steps() == [("applied", "")]
    assert (world.box.files, world.box.taken, world.box.kept) == ({}, {}, {})
    world.task_done(1, 1, round_=7)
    world.task_done(1, 2)
    assert world.steps() == [("rejected", ""), ("rejected", "")]


def test_a_task_of_another_round_does_not_count(world: DriveWorld) -> None:
    world.waves(2)
    world.look()
    world.task_done(1, 1, round_=4)
    world.look()
    assert world.state("W1-T1") == "running"
    assert "round 4" in world.box.rejected()[0].record.reason


def test_a_task_that_was_given_to_nobody_is_not_done(world: DriveWorld) -> None:
    world.waves(1, 1)
    world.look()
    world.task_done(2, 2)
    world.look()
    assert world.states() == {"W1-T1": "running", "W2-T2": "pending"}
    assert "given to nobody" in world.box.rejected()[0].record.reason


def test_too_long_at_work_is_unknown_and_a_late_end_still_counts(world: DriveWorld) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(longest_work=HOUR, retries=3))
    world.waves(1)
    world.look()
    assert world.state("W1-T1") == "running"
    world.wait(HOUR - 10)
    assert world.steps() == []
    world.wait(10)
    assert world.steps() == [("unknown", "W1-T1"), ("waiting", "")]
    world.wait(10 * HOUR)
    assert (world.steps(), world.status) == ([], Status.IMPLEMENTING)
    assert len(world.runs.begun) == 1
    world.end("W1-T1")
    world.look()
    assert world.status is Status.REVIEWING


def test_a_signal_counts_though_the_time_was_over(world: DriveWorld) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(longest_work=HOUR))
    world.waves(1)
    world.look()
    world.look()
    world.wait(2 * HOUR)
    world.look()
    assert world.state("W1-T1") == "unknown"
    world.task_done(1, 1)
    world.look()
    assert world.status is Status.REVIEWING


def test_no_more_agents_than_are_allowed_over_all_plans(world: DriveWorld) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(most_agents=3))
    world.waves(2, name="a.md")
    world.waves(4, name="b.md")
    world.create(Event.PLAN_START, name="c.md")
    most = 0
    for _ in range(12):
        world.look()
        running = world.running()
        most = max(most, len(running))
        if running:
            world.wait()
            world.runs.end(running[0], 0)
    assert most == 3
    ended = [run for run in world.runs.begun if "-T" in run]
    assert sorted(ended) == [
        f"{plan}-W1-T{task}-1" for plan, tasks in (("a", 2), ("b", 4)) for task in range(1, tasks + 1)
    ]
