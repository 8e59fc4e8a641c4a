"""finish, killed by kill -9 at any write, sync or rename: nothing is lost, and --continue or --abort ends it.

As everywhere in this folder a seed chooses some steps; ``KAS_FAULT_WALK=full`` walks all of them.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from fault.tracing import Call, run_traced
from fault.walk import FULL, SIGKILL_STATUS, seed_of
from finish.worlds import BRANCH, PLAN, World
from support import Finished, Repo, Run, needs_program

_STEPS_OF_EACH = 2
CASES = [
    ("no-ff", "here", "--continue"),
    ("no-ff", "nowhere", "--abort"),
    ("squash", "here", "--abort"),
    ("squash", "nowhere", "--continue"),
    ("rebase", "here", "--continue"),
    ("rebase", "nowhere", "--abort"),
]


class Walked:
    """A repository that is put back for each death."""

    def __init__(self, world: World, kas: Run, strategy: str, where: str) -> None:
        self.world = world
        self.command = ("finish", PLAN, "--merge", "--strategy", strategy, "--json")
        self._kas = kas
        world.advance()
        if where == "nowhere":
            world.base_nowhere()
        self.before = self.refs()
        self._folder = world.repo.path.parent
        self._kept = self._folder.with_name(self._folder.name + "-kept")
        shutil.copytree(self._folder, self._kept, symlinks=True)

    def refs(self) -> Mapping[str, str]:
        return {name: self.world.tip(name) for name in ("main", BRANCH)}

    def put_back(self) -> None:
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder, symlinks=True)

    def run(self, step: Call | None = None) -> tuple[Finished, list[Call]]:
        inject = f"{step.kind}:signal=SIGKILL:when={step.number}" if step else ""
        traced = run_traced(self.command, self.world.repo.path, self.world.environment, inject=inject)
        return traced.finished, traced.steps

    def kas(self, *arguments: str) -> Finished:
        return self._kas(*arguments, cwd=self.world.repo.path)


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_killed_anywhere(
    repo: Repo, environment: dict[str, str], kas: Run, pytestconfig: pytest.Config, case: tuple[str, str, str]
) -> None:
    needs_program("strace")
    strategy, where, end = case
    walked = Walked(World(repo, environment), kas, strategy, where)
    undisturbed, steps = walked.run()
    assert undisturbed.status == 0, undisturbed
    if not FULL:
        chance = random.Random(f"{seed_of(pytestconfig)} {case}")
        steps = chance.sample(steps, _STEPS_OF_EACH)
    for step in steps:
        print(f"{case}: killed at {step.kind} {step.number}: {step.text[:150]}")
        walked.put_back()
        killed, _ = walked.run(step)
        assert killed.status in {SIGKILL_STATUS, 0}, killed
        walked.world.fsck()
        check_end(walked, end)


def check_end(walked: Walked, end: str) -> None:
    answer = walked.kas("finish", end, "--json")
    world = walked.world
    if answer.status == 1 and end == "--abort":  # it was done already
        assert "is done; that is not taken back" in answer.json()["error"]["message"]
        answer = walked.kas("finish", "--continue", "--json")
    if answer.status == 3:  # it had not begun, or was over
        if world.is_done:
            check_done(world)
        else:
            assert walked.refs() == walked.before
    elif answer.data["state"] == "aborted":
        assert (walked.refs(), world.status) == (walked.before, "reviewing")
    else:
        check_done(world)
    assert kept_folders(world.repo.path) == []
    world.fsck()


def check_done(world: World) -> None:
    assert world.is_done
    assert world.moves == ["review_approved"]
    assert world.repo.git("show", "main:b.txt") == "b"
    assert not world.tree.exists()
    assert world.repo.git("branch", "--list", BRANCH) == ""


def kept_folders(repository: Path) -> list[str]:
    folder = repository / ".git/kas/finish"
    return os.listdir(folder) if folder.exists() else []
