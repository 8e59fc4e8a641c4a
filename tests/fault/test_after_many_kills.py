"""What killed commands leave behind stays bounded, and is part of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from fault.worlds import World
from git_kas.domain.mutation import Create
from git_kas.domain.names import PlanName
from support import needs_program

MOST_LEFTOVERS = 3


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    needs_program("strace")
    made = World(tmp_path, environment)
    made.two_plans()
    return made


def kill_creations(world: World, names: Sequence[str], kind: str, part: str) -> None:
    """Kill the creation of plans, each with a text of its own, at one and the same call."""
    number = 0
    for name in names:
        (world.repo / "draft.md").write_text(f"# {name}\n")
        command = ("plan", "create", name, "-F", "draft.md")
        number = number or world.number_of(kind, part, *command)
        killed = world.kas_traced(*command, inject=f"{kind}:signal=SIGKILL:when={number}")
        assert killed.finished.status == -9


def test_unfinished_files_of_many_kills_do_not_pile_up(world: World) -> None:
    world.commit(Create(PlanName("2020-03-01-first.md"), content=b"# the folder is there\n"))
    kill_creations(world, [f"2020-03-0{number}-killed" for number in range(2, 7)], "rename", "/content/")
    assert world.kas("plan", "create", "2020-04-01-made").status == 0
    assert len(world.leftovers()) <= MOST_LEFTOVERS, world.leftovers()


def test_a_text_whose_commit_never_was_is_in_no_export(world: World) -> None:
    before = world.store().export().contents
    kill_creations(world, ["2020-03-01-killed"], "pwrite64", "plan-journal.jsonl")
    assert world.store().export().contents == before
    assert len(world.store().list_plans()) == 2
