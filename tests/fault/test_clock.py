"""A clock that is set back: history goes on forwards, numbers tell the order, and claims stay safe."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from contract.stores import USER
from fault.worlds import ONE, TWO, World
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import ClaimRun, Create, PutRun, Transition
from git_kas.domain.names import PlanName
from git_kas.errors import Busy, Conflict
from support import DAY, needs_program


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    made = World(tmp_path, environment)
    made.two_plans()
    return made


def test_times_of_the_history_never_go_back(world: World) -> None:
    store = world.store()
    for days in (3, -400, 1, -1):
        world.clock.time += days * DAY
        store.commit(Transition(ONE, (Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)), USER)
        store.commit(Transition(ONE, (Event.REVIEW_APPROVED, Event.START_OVER, Event.PLANNER_FINISHED)), USER)
    entries = store.history()
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
    assert [entry.change for entry in entries] == sorted(entry.change for entry in entries)
    moves = [entry for entry in store.history(ONE) if entry.event]
    steps = pairwise(moves)
    assert all(earlier.to_status == later.from_status for earlier, later in steps)


def test_a_claim_outlasts_a_clock_that_is_set_back(world: World) -> None:
    store = world.store()
    world.clock.time += 1000
    fence = store.commit(ClaimRun(TWO, "athena", 60), USER).run
    assert fence is not None
    world.clock.time -= 900
    with pytest.raises(Busy):
        store.commit(ClaimRun(TWO, "boreas", 60), USER)
    store.commit(PutRun(TWO, {"wave": 1}, fence.fence), USER)
    world.clock.time += 900 + 61
    taken = store.commit(ClaimRun(TWO, "boreas", 60), USER).run
    assert taken is not None
    assert taken.fence > fence.fence
    world.clock.time -= 2000
    with pytest.raises(Conflict):
        store.commit(PutRun(TWO, {"wave": 2}, fence.fence), USER)


def test_a_claim_taken_with_the_clock_set_back_ends_in_its_time(world: World) -> None:
    """Set back by a day, a claim of a minute must not end before it began."""
    store = world.store()
    world.clock.time += 2 * DAY
    store.commit(Create(PlanName("2020-03-03-later.md")), USER)
    world.clock.time -= DAY
    run = store.commit(ClaimRun(TWO, "athena", 60), USER).run
    assert run is not None
    assert run.expires > store.history()[-1].time
    with pytest.raises(Busy):
        store.commit(ClaimRun(TWO, "boreas", 60), USER)


def test_the_program_goes_on_under_a_clock_of_last_year(world: World) -> None:
    needs_program("faketime")
    assert world.kas("plan", "transition", ONE, "implement_start").status == 0
    back = ("faketime", "2019-06-01 12:00:00")
    answer = world.kas("plan", "transition", ONE, "implement_finished", "--key", "k", "--json", prefix=back)
    assert answer.data["to"] == "reviewing"
    assert world.kas("plan", "transition", ONE, "implement_finished", "--key", "k", "--json", prefix=back).data[
        "replayed"
    ]
    assert world.kas("plan", "transition", ONE, "review_approved").status == 0
    rows = world.kas("plan", "history", ONE, "--json").data
    assert [row["event"] for row in rows][1:] == ["implement_start", "implement_finished", "review_approved"]
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    assert [row["change"] for row in rows] == sorted({row["change"] for row in rows})
    world.check_files_agree()


def test_faketime_does_move_the_clock_of_the_program(tmp_path: Path, environment: dict[str, str]) -> None:
    needs_program("faketime")
    world = World(tmp_path, environment)
    made = world.kas("plan", "create", "one", "--json", prefix=("faketime", "2019-06-01 12:00:00"))
    assert made.data["created_at"].startswith("2019-06-01T12:00:0")
