"""Applying signals, killed or failing at any system call: the next run finishes it, and each counts once."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from fault.tracing import Call
from fault.walk import FULL, SIGKILL_STATUS, seed_of
from fault.worlds import ONE, TWO, World, without_times
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import Create, Transition
from git_kas.domain.names import PlanName
from support import needs_program

THIRD = PlanName("2020-01-03-three.md")
NEW = "2020-01-04-new.md"
APPLY = ("signals", "apply", "--json")
SIGNALS = {
    f"implement-finished-{TWO}": "all done",
    f"review-approved-{ONE}": "nobody asked",
    f"review-changes-{THIRD}": "name the unit",
    f"planner-finished-{NEW}": "",
}
FAULTS = ("signal=SIGKILL", "error=ENOSPC", "error=EIO")
STEPS = 2
MOST_LEFTOVERS = 4


def signal_folder(world: World) -> Path:
    return world.repo / "docs" / "plans" / ".signals"


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    """Signals that are applied, rejected, and that register a plan."""
    needs_program("strace")
    made = World(tmp_path, environment)
    made.two_plans()
    made.commit(Create(THIRD))
    made.commit(Transition(THIRD, (Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)))
    signal_folder(made).mkdir(parents=True)
    (made.repo / "docs" / "plans" / NEW).write_text("# New\n\n**Goal:** to be registered\n")
    for number, (name, body) in enumerate(SIGNALS.items()):
        path = signal_folder(made) / name
        path.write_text(body)
        time = 1_590_000_000 + number
        os.utime(path, (time, time))
    made.keep()
    return made


def outcome(world: World) -> dict[str, Any]:
    """What the store, the folder of signals and the one of rejected signals hold in the end."""
    waiting = sorted(path.name for path in signal_folder(world).rglob("*") if path.is_file())
    rejected = world.kas("signals", "list", "--json").data
    return {
        "seen": world.seen(),
        "waiting": [name for name in waiting if name != ".gitignore"],
        "listed": json.loads(without_times(json.dumps(rejected))),
    }


def events_of(world: World) -> list[tuple[str, str]]:
    """The signals that counted, as plan and event."""
    return [(str(entry.plan), str(entry.event)) for entry in world.store().history(since=5) if entry.event]


def check_disturbed(world: World, step: Call, fault: str, undisturbed: dict[str, Any]) -> None:
    """Disturbed at ``step``, then run again: everything is as if nobody had disturbed it."""
    history = world.store().history()
    first = world.kas_traced(*APPLY, inject=f"{step.kind}:{fault}:when={step.number}").finished
    assert (first.status == SIGKILL_STATUS) == (fault == "signal=SIGKILL"), first
    assert "defect" not in first.out + first.err, first
    assert list(world.store().history())[: len(history)] == list(history)
    counted = events_of(world)
    assert len(counted) == len(set(counted)), counted
    for command in (("plan", "list"), ("plan", "history"), ("signals", "list")):
        assert world.kas(*command).status == 0, command
    again = world.kas(*APPLY)
    assert again.status in {0, 1}, again
    found = outcome(world)
    assert found == undisturbed, {
        key: (found[key], undisturbed[key]) for key in found if found[key] != undisturbed[key]
    }
    assert world.kas(*APPLY).status == 0
    assert outcome(world) == undisturbed
    assert len(world.leftovers()) <= MOST_LEFTOVERS, world.leftovers()


def test_signals_disturbed_anywhere_count_once(world: World, pytestconfig: pytest.Config) -> None:
    steps = [(step, fault) for fault in FAULTS for step in world.kas_traced(*APPLY).steps if not step.is_output]
    undisturbed = outcome(world)
    assert undisturbed["waiting"] == []
    assert len(events_of(world)) == 3
    if not FULL:
        steps = random.Random(f"{seed_of(pytestconfig)} signals").sample(steps, STEPS)
    problems = []
    for step, fault in steps:
        world.put_back()
        try:
            check_disturbed(world, step, fault, undisturbed)
        except AssertionError as problem:
            problems.append(f"{fault} at {step.kind} {step.number}: {step.text[:200]}\n  {str(problem)[:900]}")
    print(f"FIGURES signals: {len(steps)} steps, {len(problems)} problems")
    assert not problems, f"{len(problems)} steps\n" + "\n".join(problems)
