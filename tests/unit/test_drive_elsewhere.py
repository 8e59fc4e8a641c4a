"""Plans that another machine drives, or whose branches are elsewhere: on a project in memory."""

from __future__ import annotations

import pytest

from git_kas.domain.agents import Role
from git_kas.domain.lifecycle import Event
from git_kas.domain.timestamps import later, timestamp
from git_kas.usecases.waves import retry
from unit.drive_worlds import COMMANDS, NO_LIMITS, SHOP, DriveWorld, text_of


@pytest.fixture
def world() -> DriveWorld:
    return DriveWorld()


# -- plans that are driven from elsewhere -----------------------------------------------------------------


@pytest.mark.parametrize("commands", [{}, COMMANDS])
def test_who_does_not_drive_a_plan_does_not_look_after_its_agents(
    world: DriveWorld, commands: dict[Role, str]
) -> None:
    """The first machine lets agents work for longer than the second one would."""
    world.waves(1)
    world.look()
    other = world.elsewhere()
    other.driver = other.new_driver(settings=NO_LIMITS._replace(commands=commands, longest_work=60.0))
    world.wait(600)
    look = other.look()
    assert other.runs.begun == []
    assert not look.again or look.again >= later(timestamp(world.clock.now_ns()), 30.0)
    assert bool(look.again) is bool(commands)


# -- branches that are not here ---------------------------------------------------------------------------


@pytest.mark.parametrize("event", [None, Event.REVIEW_CHANGES_REQUESTED])
def test_nobody_goes_on_with_a_branch_that_is_on_another_machine(
    world: DriveWorld, event: Event | None
) -> None:
    """An empty branch would be judged, and the work of others left out."""
    other = world.elsewhere()
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED, *([event] if event else []), text=text_of(1))
    look = other.look()
    assert (other.runs.begun, [one.branch for one in other.git.worktrees]) == ([], ["main"])
    assert "The branch plan/shop is not here" in look.warnings[0]
    assert world.look().happened
    assert len(world.runs.begun) == 1


def test_a_branch_that_comes_later_is_gone_on_with(world: DriveWorld) -> None:
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED, text=text_of(1))
    world.git.remove_branch("plan/shop")
    assert world.look().again
    assert world.runs.begun == []
    world.git.add_branch("plan/shop")
    world.look()
    assert world.runs.begun == ["shop-R1-reviewer-1"]


@pytest.mark.parametrize("per_task", [False, True])
def test_the_next_wave_does_not_begin_without_what_the_first_has_done(
    world: DriveWorld, *, per_task: bool
) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(per_task=per_task))
    world.waves(1, 1)
    world.look()
    world.runs.end(world.run_of("W1-T1"), 0)
    world.git.remove_branch("plan/shop")
    look = world.look()
    assert world.runs.begun == ["shop-W1-T1-1"]
    said = [*look.warnings, world.job("W2-T2").reason]
    assert any("The branch plan/shop is not here" in text for text in said)
    world.git.add_branch("plan/shop")
    if not per_task:
        retry(world.waves_ports(), SHOP, [])
    world.look()
    assert world.runs.begun == ["shop-W1-T1-1", "shop-W2-T2-1"]


def test_a_branch_that_went_when_the_plan_was_done_is_begun_anew(world: DriveWorld) -> None:
    world.waves(1)
    world.look()
    world.end("W1-T1")
    world.look()
    world.signal(f"review-approved-{SHOP}", round_=1)
    world.look()
    world.git.remove_branch("plan/shop")
    world.move(Event.REIMPLEMENT)
    world.signal(f"implement-wave-1-{SHOP}")
    world.look()
    assert world.runs.begun[-1] == "shop-W1-T1-2"
