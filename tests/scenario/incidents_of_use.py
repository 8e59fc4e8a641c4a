"""Worktrees that somebody uses: a process, a lock, a machine that drives a plan, or whoever asks."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from scenario.incidents import Fate, Incidents, Scene, stays

INCIDENTS = Incidents()
when = INCIDENTS.when


def worker(scene: Scene, place: Path, program: str = "") -> subprocess.Popen[bytes]:
    code = f"{program}\nprint('ready', flush=True)\nimport time; time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=place, stdout=subprocess.PIPE)
    scene.exits.callback(process.communicate)
    scene.exits.callback(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@when("an agent works in it")
def process_inside(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "deep").mkdir()
    worker(scene, place / "deep")
    return stays(place, "in_use")


@when("an editor elsewhere has one of its files open")
def process_with_an_open_file(scene: Scene) -> Fate:
    place = scene.finished()
    worker(scene, scene.around, f"kept = open({str(place / 'story.txt')!r})")
    return stays(place, "in_use")


@when("the lock names a process that lives")
def locked_by_a_live_process(scene: Scene) -> Fate:
    place = scene.finished()
    process = worker(scene, scene.around)
    scene.git("worktree", "lock", "--reason", f"agent pid {process.pid}", str(place))
    return stays(place, "locked")


@when("the lock names a process that is dead; it is for its owner to unlock")
def locked_by_a_dead_process(scene: Scene) -> Fate:
    place = scene.finished()
    process = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    scene.git("worktree", "lock", "--reason", f"agent pid {int(process.stdout)}", str(place))
    return stays(place, "locked")


@when("it is locked and its folder is gone: it may be on a stick")
def locked_and_missing(scene: Scene) -> Fate:
    place = scene.finished()
    scene.git("worktree", "lock", "--reason", "on a stick", str(place))
    place.rename(scene.around / "unplugged")
    return stays(place, "locked")


@when("Git holds its index, or died when it did")
def index_lock(scene: Scene) -> Fate:
    place = scene.finished()
    (Path(scene.picture().admins[str(place)]) / "index.lock").touch()
    return stays(place, "lock_file")


@when("the shell that asks is inside")
def asked_from_inside(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "deep").mkdir()
    return replace(stays(place, "current"), folder=place / "deep")


@when("the shell that asks came in by way of a symbolic link")
def asked_from_inside_by_a_link(scene: Scene) -> Fate:
    place = scene.finished()
    (scene.around / "link").symlink_to(place)
    return replace(stays(place, "current"), folder=scene.around / "link")


@when("a reviewer's verdict lies in it that nobody has read yet")
def pending_signals(scene: Scene) -> Fate:
    place = scene.finished()
    (place / "docs/plans/.signals").mkdir(parents=True)
    (place / "docs/plans/.signals/.gitignore").write_text("*\n")
    (place / "docs/plans/.signals/review-changes-2026-01-01-plan.md").write_text("please")
    return stays(place, "signals")


@when("a machine drives the waves of its plan and holds the lease")
def live_lease(scene: Scene) -> Fate:
    place = scene.finished()
    claim(scene, "2026-01-01-plan.md")
    return stays(place, "lease")


def claim(scene: Scene, plan: str) -> None:
    """Claim a plan's run for an hour, as an orchestrator does."""
    program = f"""
from git_kas.domain.lifecycle import Actor
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.mutation import Author, ClaimRun, Request
from git_kas.domain.names import PlanName
from git_kas.ports.store import StoreRequest
from git_kas.system_clock import SystemClock
from git_kas_files.watch import DiskWatch
from git_kas_json.store import open_store
common, top = {str(scene.common)!r}, {str(scene.path)!r}
location = RepositoryLocation(common, common, top, top)
plans = lambda: "docs/plans"
store = open_store(StoreRequest("json", location, lambda: "repo", plans, SystemClock(), DiskWatch))
store.commit(ClaimRun(PlanName({plan!r}), "athena", 3600), Request(Author(Actor.AGENT)))
store.close()
"""
    subprocess.run([sys.executable, "-c", program], env=scene._environment, check=True)
