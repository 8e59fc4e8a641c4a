"""Races of real processes of the real program: one winner, nobody lost, and nothing twice.

``KAS_FAULT_WALK=full`` starts every process of its own in the largest race, too; otherwise they are forked.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from fault.walk import FULL
from fault.worlds import ONE, TWO, World
from git_kas.domain.ledger import Action
from git_kas.domain.mutation import Create
from git_kas.domain.names import PlanName
from race.barrier import Ended, race_executed, race_forked

RACERS = 64
PLANS = 200
RUN_START = ("plan", "transition", str(ONE), "implement_start", "--json")


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    return World(tmp_path, environment)


def statuses(ended: Sequence[Ended]) -> Counter[int]:
    return Counter(racer.status for racer in ended)


def test_of_64_racing_transitions_exactly_one_wins(world: World) -> None:
    world.two_plans()
    history, revision = world.store().history(), world.store().get_plan(ONE).revision
    commands = [(*RUN_START, *(("--if-revision", "1") if racer % 2 else ())) for racer in range(RACERS)]
    ended = race_executed(commands, world.repo, world.environment)
    assert statuses(ended)[0] == 1, statuses(ended)
    assert set(statuses(ended)) <= {0, 4, 5}, [racer for racer in ended if racer.status not in {0, 4, 5}][:3]
    plan = world.store().get_plan(ONE)
    assert (plan.status, plan.revision) == ("implementing", revision + 1)
    assert len(world.store().history()) == len(history) + 1
    losers = [json.loads(racer.out)["error"] for racer in ended if racer.status]
    assert all("implementing" in error["message"] for error in losers), losers[:3]
    world.check_files_agree()
    assert world.leftovers() == []


def test_64_repetitions_with_one_key_happen_once_and_all_get_the_first_outcome(world: World) -> None:
    world.two_plans()
    before = len(world.store().history())
    ended = race_forked([(*RUN_START, "--key", "one key")] * RACERS, world.repo, world.environment)
    assert statuses(ended) == {0: RACERS}, [racer for racer in ended if racer.status][:3]
    answers = [json.loads(racer.out)["data"] for racer in ended]
    assert sorted(answer.pop("replayed") for answer in answers) == [False] + [True] * (RACERS - 1)
    assert all(answer == answers[0] for answer in answers)
    assert len(world.store().history()) == before + 1
    world.check_files_agree()


def test_200_transitions_of_200_plans_all_succeed(world: World) -> None:
    plans = [PlanName(f"2020-01-01-plan-{number:03}.md") for number in range(PLANS)]
    for plan in plans:
        world.commit(Create(plan))
    race = race_executed if FULL else race_forked
    commands = [("plan", "transition", plan, "implement_start", "--json") for plan in plans]
    ended = race(commands, world.repo, world.environment)
    assert statuses(ended) == {0: PLANS}, [racer for racer in ended if racer.status][:3]
    entries = world.store().history(since=PLANS)
    assert sorted(str(entry.plan) for entry in entries) == plans
    assert [entry.change for entry in entries] == list(range(PLANS + 1, 2 * PLANS + 1))
    assert {json.loads(racer.out)["data"]["change"] for racer in ended} == {entry.change for entry in entries}
    shown = world.store().list_plans()
    assert {(plan.status, plan.revision) for plan in shown} == {("implementing", 2)}
    state = json.loads(world.state.read_text())["plans"]
    assert {plan["status"] for plan in state.values()} == {"implementing"}
    world.check_files_agree()
    assert world.leftovers() == []


def test_first_mutations_that_race_take_an_earlier_state_over_once(world: World) -> None:
    names = [f"2020-01-01-plan-{number:02}.md" for number in range(24)]
    folder = world.repo / "docs" / "plans"
    folder.mkdir(parents=True)
    (folder / "plan-state.json").write_text(
        json.dumps({"plans": {name: {"status": "ready"} for name in names}})
    )
    commands = [("plan", "transition", name, "implement_start", "--json") for name in names]
    ended = race_forked(commands, world.repo, world.environment)
    assert statuses(ended) == {0: len(names)}, [racer for racer in ended if racer.status][:3]
    entries = world.store().history()
    imported = [str(entry.plan) for entry in entries if entry.action is Action.IMPORTED and entry.plan]
    assert sorted(imported) == names
    moved = [str(entry.plan) for entry in entries if entry.action is Action.TRANSITION]
    assert sorted(moved) == names
    world.check_files_agree()


def test_readers_beside_writers_see_whole_states_only(world: World) -> None:
    world.two_plans()
    moves = [("plan", "set-status", str(TWO), word, "--force") for word in ("done", "ready") * 10]
    reads = [("plan", "show", str(TWO), "--json")] * 20
    mixed = [command for pair in zip(moves, reads, strict=True) for command in pair]
    ended = race_forked(mixed, world.repo, world.environment)
    assert statuses(ended) == {0: len(mixed)}, [racer for racer in ended if racer.status][:3]
    by_revision = {entry.revision: entry.to_status for entry in world.store().history(TWO)}
    for racer in ended[1::2]:
        plan = json.loads(racer.out)["data"]["plan"]
        assert by_revision.get(plan["revision"]) == plan["status"], plan
