"""A signal that ends finish while Git runs a slow hook: Git does not go on alone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from finish.worlds import PLAN, World
from support import GIT_KAS, Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
_PATIENCE = 60.0  # seconds


def end_in_hook(world: World, strategy: str, number: signal.Signals) -> None:
    """Let finish come to a hook that waits until ``.git/go`` is there, and end it then."""
    world.hook("commit-msg", "touch .git/began; until test -e .git/go; do sleep 0.05; done; touch .git/ended")
    process = subprocess.Popen(
        [GIT_KAS, "finish", PLAN, "--merge", "--strategy", strategy],
        cwd=world.repo.path,
        env=world.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(world, "began")
    process.send_signal(number)
    assert process.wait() == -number


def wait_for(world: World, name: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not (world.repo.path / ".git" / name).exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def let_hook_end(world: World) -> None:
    (world.repo.path / ".git/go").touch()
    wait_for(world, "ended")
    time.sleep(0.5)  # a Git that waited for the hook would act now


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("strategy", ["no-ff", "squash"])
def test_what_was_taken_back_is_not_done_after_all(
    kas: Run, world: World, strategy: str, number: signal.Signals
) -> None:
    base = world.tip()
    end_in_hook(world, strategy, number)
    assert kas("finish", "--abort", "--json", cwd=world.repo.path).data["state"] == "aborted"
    let_hook_end(world)
    assert (world.tip(), world.status_of(world.repo.path), world.is_done) == (base, "", False)
    world.fsck()


def test_it_goes_on_and_lands_once(kas: Run, world: World) -> None:
    end_in_hook(world, "squash", signal.SIGTERM)
    let_hook_end(world)
    assert kas("finish", "--continue", "--json", cwd=world.repo.path).data["state"] == "done"
    assert world.log() == ["merge plan branch plan/x", "base file", "first"]
    assert world.moves == ["review_approved"]
