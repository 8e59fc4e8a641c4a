"""Who may drive a plan, and what goes wrong with one of many: on a project in memory."""

from __future__ import annotations

import pytest

from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import ClaimRun, Mutation, PutRun, Request
from git_kas.domain.stage import encode_run
from git_kas.domain.timestamps import later, timestamp
from git_kas.errors import Busy, Conflict, ProgramFailed
from git_kas.ports.agent_runs import RunState
from git_kas.usecases.drive_ports import LEASE, SYSTEM
from git_kas.usecases.run_documents import Progress
from git_kas.usecases.waves import abort, retry, skip
from unit.drive_worlds import ELSEWHERE, NO_LIMITS, OWNER, SHOP, DriveWorld, failed

HOUR = 3600
FOUND = "FINDING of round {}"


@pytest.fixture
def world() -> DriveWorld:
    return DriveWorld()


# -- who drives ------------------------------------------------------------------------------------------


def test_another_machine_neither_starts_nor_writes(world: DriveWorld) -> None:
    other = world.elsewhere()
    world.runner.begins = False
    world.waves(2, 1)
    world.look()
    assert world.stage().jobs[0].state == "starting"
    look = other.look()
    assert (other.runs.begun, other.runner.started) == ([], [])
    assert len(other.git.worktrees) == 1
    assert OWNER in look.warnings[0]
    assert look.again > timestamp(world.clock.now_ns())
    with pytest.raises(Busy):
        abort(other.waves_ports(), SHOP)


def test_a_signal_for_a_plan_that_another_machine_drives_keeps_no_other_plan_waiting(world: DriveWorld) -> None:
    other = world.elsewhere()
    world.waves(1, name="a.md")
    world.look()
    other.task_done(1, 1, "a.md")
    other.waves(1, name="b.md")
    other.look()
    assert other.runs.begun == ["b-W1-T1-1"]
    assert [name for _, _, name in other.box.files] == ["implement-task-finished-w1-t1-a.md"]


def test_a_claim_that_has_ended_is_taken_over_and_nothing_is_started_twice(world: DriveWorld) -> None:
    other = world.elsewhere()
    world.waves(2, 1)
    world.look()
    world.end("W1-T1")
    world.driver.look()
    before = world.store.get_run(SHOP)
    assert before is not None
    world.wait(int(LEASE) + 1)
    other.look()
    run = world.store.get_run(SHOP)
    assert run is not None
    assert (run.owner, run.fence) == (ELSEWHERE, before.fence + 1)
    assert other.runs.begun == []
    assert world.states() == {"W1-T1": "complete", "W1-T2": "unknown", "W2-T3": "pending"}
    assert OWNER in world.job("W1-T2").reason
    other.git.add_branch("plan/shop")  # somebody has fetched what was done
    retry(other.waves_ports(), SHOP, [])
    other.look()
    assert other.runs.begun == ["shop-W1-T2-2"]


def test_who_has_lost_its_claim_writes_nothing(world: DriveWorld) -> None:
    world.waves(2, 1)
    world.look()
    stale = Progress(world.store, world.clock, world.plan(), OWNER)
    world.wait(int(LEASE) + 1)
    world.elsewhere().look()
    taken = world.store.get_run(SHOP)
    with pytest.raises(Busy):
        stale.save(stale.document)
    mutation = PutRun(SHOP, encode_run(stale.document), stale.run.fence)
    with pytest.raises(Conflict):
        world.store.commit(mutation, Request(SYSTEM))
    world.end("W1-T1")
    world.look()
    assert world.store.get_run(SHOP) == taken


def test_a_claim_is_renewed_in_time_and_given_back(world: DriveWorld) -> None:
    world.waves(1)
    world.look()
    for _ in range(5):
        world.clock.time += int(LEASE - 300)
        world.look()
        run = world.store.get_run(SHOP)
        assert run is not None
        assert (run.fence, run.owner) == (1, OWNER)
        assert run.expires >= later(timestamp(world.clock.now_ns()), LEASE - 300)
    world.move(Event.CANCEL)
    world.look()
    run = world.store.get_run(SHOP)
    assert run is not None
    assert (run.owner, run.expires) == ("", "")


def test_of_two_who_decide_at_once_one_is_refused(world: DriveWorld) -> None:
    failed(world)
    first = Progress(world.store, world.clock, world.plan(), OWNER)
    second = Progress(world.store, world.clock, world.plan(), OWNER)
    first.save(first.document._replace(notice="first"))
    with pytest.raises(Conflict):
        second.save(second.document._replace(notice="second"))
    assert world.document().notice == "first"


@pytest.mark.parametrize("seconds", [0, int(LEASE) - 200, int(LEASE) + 1])
def test_what_was_written_meanwhile_is_never_overwritten_by_who_renews_its_claim(
    world: DriveWorld, seconds: int
) -> None:
    failed(world)
    world.wait(seconds)
    stale = Progress(world.store, world.clock, world.plan(), OWNER)
    skip(world.waves_ports(), SHOP, [])
    with pytest.raises(Conflict):
        stale.save(stale.document._replace(notice="stale"))
    assert world.state("W1-T1") == "skipped"
    with pytest.raises(Conflict):
        stale.renew() if seconds else stale.save(stale.document)


def test_a_decision_between_reading_and_writing_is_seen_by_the_next_look(world: DriveWorld) -> None:
    """A signal of a task and a decision of a user meet; both count."""
    failed(world)
    commit = world.store.commit
    met: list[bool] = []

    def meeting(mutation: Mutation, request: Request) -> Outcome:
        if isinstance(mutation, PutRun) and request.key and not met:
            met.append(True)
            skip(world.waves_ports(), SHOP, [])
        return commit(mutation, request)

    world.store.commit = meeting  # type: ignore[method-assign]
    world.task_done(1, 2)
    world.look()
    assert met
    assert world.state("W1-T1") == "skipped"
    assert world.running() == ["shop-W2-T3-1"]
    assert (world.box.files, world.box.taken, world.box.kept) == ({}, {}, {})


# -- trouble with one plan -------------------------------------------------------------------------------


def test_a_run_document_of_a_later_version_keeps_no_other_plan_waiting(world: DriveWorld) -> None:
    world.create(Event.PLAN_START, name="a.md")
    other = world.plan(world.create(Event.PLAN_START, name="b.md")).filename
    world.commit(ClaimRun(other, "later", 1))
    world.commit(PutRun(other, {"version": 99}, 1))
    look = world.look()
    assert world.runs.begun == ["a-R0-planner-1"]
    assert "99" in look.warnings[0]
    assert world.look().warnings == []


def test_an_agent_that_cannot_be_reached_keeps_no_other_plan_waiting(
    world: DriveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(longest_work=HOUR))
    world.waves(1)
    world.look()
    world.wait(2 * HOUR)
    world.look()
    run = world.run_of("W1-T1")

    def unreachable(run_id: str) -> bool:
        raise ProgramFailed(f"{run_id} cannot be reached.", next_step="Look there.")

    monkeypatch.setattr(world.runs, "stop", unreachable)
    retry(world.waves_ports(), SHOP, [])
    world.create(Event.PLAN_START, name="z.md")
    look = world.look()
    assert "z-R0-planner-1" in world.runs.begun
    assert any("cannot be reached" in warning for warning in look.warnings)
    assert world.runs.reports([run])[run].state is RunState.RUNNING
    assert world.running() == [run, "z-R0-planner-1"]
