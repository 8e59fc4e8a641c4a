"""What lies in worktrees, on disks and on other machines, and must not keep the rest from being driven."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from git_kas.domain.agents import Mode
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Author, Create, Request
from git_kas.domain.names import ObjectId, PlanName
from git_kas.domain.run_ids import RunId
from git_kas.domain.signal_rules import Cause
from git_kas.domain.signal_text import write_signal_text
from git_kas.domain.timestamps import later, timestamp
from git_kas.errors import (
    InvalidConfiguration,
    KasError,
    NotAllowed,
    ProgramFailed,
    ReadOnly,
    StoreFull,
    WouldLoseData,
)
from git_kas.ports.signals import SignalPlace
from git_kas.usecases.drive import Driver
from git_kas.usecases.drive_ports import DriveSettings
from git_kas.usecases.implement import ImplementAsked, implement
from git_kas.usecases.waves import abort, retry
from unit.drive_worlds import FOLDERS, MAIN, NO_LIMITS, SHOP, USER, DriveWorld, text_of

TROUBLES = [WouldLoseData, ReadOnly, StoreFull, KasError]


@pytest.fixture
def world() -> DriveWorld:
    return DriveWorld()


def failing(act: Callable[..., Any], error: type[KasError], name: str) -> Callable[..., Any]:
    """``act`` for all signals but those of that name."""

    def acting(signal: Any, *rest: Any) -> Any:
        if signal.name.startswith(name):
            raise error(f"{signal.name} is in the way.", next_step="Remove it.")
        return act(signal, *rest)

    return acting


# -- signals that can neither be applied nor rejected -----------------------------------------------------


@pytest.mark.parametrize("error", TROUBLES)
@pytest.mark.parametrize("method", ["claim", "reject"])
@pytest.mark.parametrize("name", ["review-approved-", "implement-wave-7-"])
def test_a_signal_that_cannot_be_moved_keeps_no_other_one_waiting(
    world: DriveWorld, monkeypatch: pytest.MonkeyPatch, name: str, method: str, error: type[KasError]
) -> None:
    monkeypatch.setattr(world.box, method, failing(getattr(world.box, method), error, name))
    world.create(Event.PLAN_START, text=text_of(1))
    world.look()
    world.signal(f"{name}{SHOP}")
    world.signal(f"planner-finished-{SHOP}")
    world.create(Event.PLAN_START, name="z.md")
    look = world.look()
    assert world.status is Status.READY
    assert "z-R0-planner-1" in world.runs.begun
    assert look.warnings == [f"{name}{SHOP} is in the way."]
    assert look.again
    assert world.look().warnings == []


@pytest.mark.parametrize("name", ["review-approved-", "elaborator-finished-"])
def test_files_do_not_move_to_and_fro_while_they_cannot_be_settled(
    world: DriveWorld, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Each move wakes who watches the folders."""
    refused = WouldLoseData("It is too large.", next_step="Remove it.")
    monkeypatch.setattr(world.box, "reject", Mock(side_effect=refused))
    monkeypatch.setattr("git_kas.ports.fakes.FakePlanFiles.read", Mock(side_effect=refused))
    claim = Mock(side_effect=world.box.claim)
    monkeypatch.setattr(world.box, "claim", claim)
    world.create(Event.PLAN_START)
    world.signal(f"{name}{SHOP}")
    world.look()
    world.look()
    world.wait()
    assert world.look().again <= later(timestamp(world.clock.now_ns()), 30.0)
    assert claim.call_count == 1
    world.wait(30)
    world.look()
    assert claim.call_count == 2
    world.signal("planner-finished-b.md")
    world.look()
    world.look()
    assert claim.call_count == 4


def test_a_text_that_cannot_be_read_keeps_no_signal_waiting(
    world: DriveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise KasError("A symbolic link is in the way.", next_step="Remove it.")

    monkeypatch.setattr("git_kas.ports.fakes.FakePlanFiles.read", refuse)
    world.waves(2)
    world.look()
    world.signal(f"elaborator-finished-{SHOP}")
    world.task_done(1, 1)
    look = world.look()
    assert world.states() == {"W1-T1": "complete", "W1-T2": "running"}
    assert look.warnings == ["A symbolic link is in the way."]
    assert [name for _, _, name in world.box.files] == [f"elaborator-finished-{SHOP}"]


def test_a_verdict_waits_for_a_configuration_that_is_mended(world: DriveWorld) -> None:
    """Where the base cannot be told, nobody knows what the verdict is about; that is not its fault."""

    def wrong() -> None:
        raise InvalidConfiguration("kas.base does not exist.", next_step="Name another.")

    judged = "b" * 40
    world.git.answers = {
        **world.git.answers,
        ("rev-parse", "--verify", "--quiet", "--end-of-options", "refs/heads/plan/shop^{commit}"): "c" * 40,
        ("merge-base", "--is-ancestor", judged, "c" * 40): "",
    }
    right = world.driver.scope
    world.driver = Driver(world.ports(), replace(right, base=wrong))
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    world.signal(f"review-approved-{SHOP}", write_signal_text("fine", 1, ObjectId(judged)).decode())
    look = world.look()
    assert "kas.base does not exist." in look.warnings
    assert (world.status, list(world.box.rejected())) == (Status.REVIEWING, [])
    world.driver = Driver(world.ports(), right)
    world.look()
    (kept,) = world.box.rejected()
    assert kept.record.cause is Cause.STALE


# -- agents that cannot be reached at once ----------------------------------------------------------------


@pytest.mark.parametrize("again", [False, True])
def test_who_could_not_be_told_to_end_is_told_again(
    world: DriveWorld, monkeypatch: pytest.MonkeyPatch, *, again: bool
) -> None:
    """An agent of a plan that moved on, or one in whose place another one is to be started."""
    world.driver = world.new_driver(settings=NO_LIMITS._replace(longest_work=60.0))
    world.waves(1)
    world.look()
    stop = world.runs.stop
    monkeypatch.setattr(world.runs, "stop", Mock(side_effect=ProgramFailed("Not now.", next_step="Wait.")))
    if again:
        world.wait(100)
        world.look()
        retry(world.waves_ports(), SHOP, [])
    else:
        world.move(Event.CANCEL)
    looks = [world.look() for _ in range(3)]
    assert (looks[-1].happened, looks[-1].warnings) == ([], [])
    assert world.running() == ["shop-W1-T1-1"]
    monkeypatch.setattr(world.runs, "stop", stop)
    world.look()
    world.look()
    assert world.running() == (["shop-W1-T1-2"] if again else [])


def test_a_run_of_which_nothing_is_left_is_lost(world: DriveWorld) -> None:
    """Somebody has removed its folder."""
    world.waves(1)
    world.look()
    world.look()
    assert world.states() == {"W1-T1": "running"}
    world.runs._reports.clear()
    world.look()
    assert world.states() == {"W1-T1": "failed"}


def test_a_lock_file_that_somebody_has_left_fails_no_job(world: DriveWorld) -> None:
    """As one that was killed in the middle of a merge; another agent would fail just so."""
    world.driver = world.new_driver(settings=NO_LIMITS._replace(per_task=True))
    world.waves(1, 1)
    world.look()
    lock = "/r/.git/worktrees/plan-shop/HEAD.lock"
    world.git.complaint = f"fatal: cannot lock ref 'HEAD': Unable to create '{lock}': File exists.\n"
    world.end("W1-T1")
    look = world.look()
    assert lock in look.warnings[0]
    assert look.again
    assert world.states() == {"W1-T1": "complete", "W2-T2": "pending"}
    assert world.running() == []
    world.git.complaint = ""
    world.look()
    assert world.git.merged == ["plan/shop-w1-t1-1"]
    assert world.running() == ["shop-W2-T2-1"]


# -- names that mean something to a shell -----------------------------------------------------------------

HOSTILE = "it's; touch $(id) & `id`.md"


def commands_in(prompt: str) -> list[list[str]]:
    """The command lines that a prompt tells an agent to run, in words."""
    found = re.findall(r"(?<![\w`])`?(git (?:kas|diff) [^\n]*)", prompt)
    return [shlex.split(line.rstrip(".").partition("` ")[0].rstrip("`")) for line in found]


@pytest.mark.parametrize("branch", ["a'b;$(id)", "plan/x"])
def test_agents_are_told_to_run_nothing_but_what_is_meant(world: DriveWorld, branch: str) -> None:
    name = PlanName(HOSTILE)
    world.commit(Create(name, branch=branch, content=text_of(1)))
    world.move(Event.PLAN_START, name=name)
    for event in (Event.PLANNER_FINISHED, Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED):
        world.look()
        if event is Event.IMPLEMENT_FINISHED:
            world.signal(f"implement-wave-1-{name}")
            world.look()
        world.move(event, name=name)
    world.look()
    told = [line for spec in world.runs.specs.values() for line in commands_in(spec.prompt)]
    assert len(world.runs.specs) == 3
    assert ["git", "kas", "signal", "planner_finished", name.key] in told
    assert ["git", "kas", "signal", "implement_task_finished", name.key, "--wave", "1", "--task", "1"] in told
    assert ["git", "kas", "signal", "review_approved", name.key, "-m", "SUMMARY"] in told
    assert ["git", "kas", "signal", "review_changes_requested", name, "-F", "FILE"] in told
    assert ["git", "kas", "plan", "show", name, "--text"] in told
    assert ["git", "diff", f"main...{branch}"] in told
    assert {"kas"} == {words[1] for words in told} - {"diff"}


# -- feedback that nobody was handed ----------------------------------------------------------------------


@pytest.mark.parametrize("failure", ["", "there is no such program"])
def test_what_a_review_found_is_handed_to_the_next_coder_if_none_has_begun(
    world: DriveWorld, failure: str
) -> None:
    """No place was free for the coder, or it could not be started; then the plan moved on without it."""
    world.driver = world.new_driver(settings=NO_LIMITS._replace(most_agents=1))
    if not failure:
        world.create(Event.PLAN_START, name="a.md")
        world.look()
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    world.look()
    world.signal(f"review-changes-{SHOP}", "FIRST", round_=1)
    world.runner.failure = failure
    world.look()
    assert world.stage().mode is Mode.FEEDBACK
    assert [run for run in world.runs.begun if "R1-coder" in run] == []
    world.move(Event.IMPLEMENT_FINISHED)
    world.look()
    world.signal(f"review-changes-{SHOP}", "SECOND", round_=2)
    world.runner.failure = ""
    if not failure:
        world.runs.end(RunId("a-R0-planner-1"), 1)
    world.look()
    prompt = world.spec_of("R2-coder").prompt
    assert prompt.index("FIRST") < prompt.index("SECOND")


# -- agents that would decide what people do --------------------------------------------------------------


def test_agents_do_not_begin_waves_from_their_worktrees(world: DriveWorld) -> None:
    """Neither those of a plan that nobody drives, nor those that people have aborted."""
    world.waves(1)
    world.look()
    abort(world.waves_ports(), SHOP)
    world.look()
    theirs = SignalPlace("plan-shop", "/r/.worktrees/plan-shop", FOLDERS)
    world.signal(f"implement-wave-1-{SHOP}", place=theirs)
    assert world.steps() == [("rejected", "")]
    assert world.states() == {"W1-T1": "stopped"}
    (kept,) = world.box.rejected()
    assert kept.record.cause is Cause.USER_ONLY
    assert "git kas implement" in kept.record.reason
    world.box.retry(kept)
    assert world.steps() == [("rejected", "")]
    world.signal(f"implement-wave-1-{SHOP}")
    assert ("started", "W1-T1") in world.steps()


@pytest.mark.parametrize("stopped", [False, True])
def test_agents_do_not_go_on_with_what_people_have_stopped(world: DriveWorld, *, stopped: bool) -> None:
    world.create(text=text_of(1))
    asked = ImplementAsked(SHOP)
    agent = Request(Author(Actor.AGENT, "agent"))
    assert implement(world.store, world.box, MAIN, asked, agent).outcome
    world.look()
    if not stopped:
        return
    abort(world.waves_ports(), SHOP)
    with pytest.raises(NotAllowed):
        implement(world.store, world.box, MAIN, asked, agent)
    assert world.box.files == {}
    assert implement(world.store, world.box, MAIN, asked, USER).path


# -- configuration that changes ---------------------------------------------------------------------------


def test_settings_are_those_of_now_and_wrong_ones_do_not_count(world: DriveWorld) -> None:
    now: list[DriveSettings | KasError] = [NO_LIMITS._replace(commands={})]

    def settings() -> DriveSettings:
        if isinstance(now[-1], KasError):
            raise now[-1]
        return now[-1]

    world.driver = Driver(world.ports(), world.driver.scope, settings)
    world.create(Event.PLAN_START)
    world.look()
    assert world.runs.begun == []
    now.append(NO_LIMITS._replace(most_agents=1))
    world.look()
    assert world.runs.begun == ["shop-R0-planner-1"]
    now.append(InvalidConfiguration("kas.maxAgents is no number.", next_step="Use one."))
    world.create(Event.PLAN_START, name="z.md")
    assert world.look().warnings == ["kas.maxAgents is no number."]
    assert world.look().warnings == []
    world.end("R0-planner", 1)
    world.look()
    assert world.runs.begun[1:] == ["z-R0-planner-1"]
