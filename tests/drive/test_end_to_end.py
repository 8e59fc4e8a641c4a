"""A plan from planning through two rounds of review to done and landed, its watcher killed all the time."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support import GIT_KAS, Finished, Repo, Run, needs_program

AGENT = Path(__file__).with_name("stand_in_agent.py")
PLAN = "2026-01-01-sell-things.md"
KEY = PLAN.removesuffix(".md")
PATIENCE = 300.0
TASKS = {str(number) for number in range(1, 9)}
EVENTS = [
    "plan_start", "planner_finished", "implement_start",
    "implement_finished", "review_changes_requested",
    "implement_finished", "review_changes_requested",
    "implement_finished", "review_approved",
]  # fmt: skip


@dataclass
class Shop:
    """The repository, and the watcher that is killed again and again."""

    repo: Repo
    kas: Run
    environment: dict[str, str]
    log: Path
    chance: random.Random
    kills: int = 0
    happened: list[dict[str, Any]] = field(default_factory=list)

    def run(self, *words: str) -> Finished:
        return self.kas(*words, cwd=self.repo.path, env=self.environment)

    def status(self) -> str:
        return str(self.run("plan", "show", KEY, "--json").data["plan"]["status"])

    def driven(self) -> Any:
        return self.run("waves", "status", KEY, "--json").data[0]

    def watch_until(self, status: str, most_kills: int) -> None:
        """Run watchers, each of which is killed at a random moment, until the plan is in that status."""
        deadline = time.monotonic() + PATIENCE
        killed = 0
        while self.status() != status:
            assert time.monotonic() < deadline, (self.driven(), self.log.read_text()[-3000:])
            lives_for = self.chance.uniform(0.05, 1.5) if killed < most_kills else 3.0
            killed += self.run_watcher(lives_for)
            if killed >= most_kills and self.has_git_locks():
                self.run("doctor", "lock_file", "--fix")  # as somebody does who reads why nothing goes on
        self.kills += killed

    def has_git_locks(self) -> bool:
        """Whether a Git that was killed with its watcher may have left a lock."""
        common = self.repo.path / ".git"
        return any(not path.is_relative_to(common / "kas") for path in common.rglob("*.lock"))

    def run_watcher(self, seconds: float) -> bool:
        """Whether it was killed, and did not end by itself."""
        said = self.log.with_name("watcher.log").open("ab")
        watcher = subprocess.Popen(
            [str(GIT_KAS), "watch", "--json"], cwd=self.repo.path, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
        )  # fmt: skip
        try:
            watcher.wait(seconds)
        except subprocess.TimeoutExpired:
            watcher.send_signal(signal.SIGKILL)
        out, _ = watcher.communicate()
        said.close()
        for line in out.decode().splitlines():
            document = json.loads(line)
            assert document["kind"] == "watch", document
            self.happened += document["data"]["happened"]
        return watcher.returncode == -signal.SIGKILL

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture(params=["process", "tmux", "process-per-task"])
def shop(
    request: pytest.FixtureRequest, repo: Repo, kas: Run, environment: dict[str, str], tmp_path: Path
) -> Iterator[Shop]:
    runner, _, per_task = str(request.param).partition("-per-")
    if runner == "tmux":
        needs_program("tmux")
    seed = os.environ.get("KAS_DRIVE_SEED") or str(random.SystemRandom().randrange(10**9))
    print(f"KAS_DRIVE_SEED={seed}")
    log = tmp_path / "agents.log"
    sockets = tempfile.mkdtemp(prefix="kas-")  # the path of a socket must be short
    repo.git("config", "kas.agent", f"{sys.executable} {AGENT} {log} {seed} 0.3")
    repo.git("config", "kas.runner", runner)
    repo.git("config", "kas.worktreePer", per_task or "plan")
    repo.git("config", "kas.taskRetries", "30")
    yield Shop(repo, kas, environment | {"TMUX_TMPDIR": sockets}, log, random.Random(seed))
    for socket in Path(sockets).rglob("*"):
        if socket.is_socket():
            subprocess.run(["tmux", "-S", str(socket), "kill-server"], capture_output=True, check=False)
    shutil.rmtree(sockets)


def test_a_plan_is_driven_to_its_end_though_the_watcher_is_killed(shop: Shop) -> None:
    kills = int(os.environ.get("KAS_DRIVE_KILLS", "30"))
    assert shop.run("plan", "create", KEY, "-d", "sell things").status == 0
    assert shop.run("plan", "transition", KEY, "plan_start").status == 0
    shop.watch_until("ready", kills // 5)
    assert shop.run("implement", KEY).status == 0
    shop.watch_until("done", kills)
    shop.run_watcher(3.0)
    check_events(shop)
    check_runs(shop)
    check_feedback(shop)
    print(f"{shop.kills} kills, {len([one for one in shop.lines() if one['what'] == 'begin'])} runs of agents")
    finished = shop.run("finish", KEY, "--merge", "--json")
    assert finished.status == 0, (finished.out, finished.err)
    landed = set(shop.repo.git("ls-tree", "--name-only", "main").splitlines())
    assert {f"task-{task}-0.txt" for task in TASKS} <= landed
    assert {"task-feedback-1.txt", "task-feedback-2.txt"} <= landed
    assert shop.repo.git("fsck", "--no-dangling") == ""


def check_events(shop: Shop) -> None:
    """Each event of the lifecycle happened once, in order, whatever was killed when."""
    history = shop.run("plan", "history", KEY, "--json").data
    assert [entry["event"] for entry in history if entry["event"]] == EVENTS
    notes = [entry["note"] for entry in history if entry["event"] == "review_changes_requested"]
    assert notes == [f"FINDING of round {number}: the unit is missing" for number in (1, 2)]


def check_runs(shop: Shop) -> None:
    """No run has begun twice, none is missing in the run document, and no job had two agents at a time."""
    driven = shop.driven()
    stages = [*driven["past"], *([driven["stage"]] if driven["stage"] else [])]
    attempts = [attempt["run"] for stage in stages for job in stage["jobs"] for attempt in job["attempts"]]
    begun = Counter(line["run"] for line in shop.lines() if line["what"] == "begin")
    assert set(begun.values()) == {1}
    assert set(begun) <= set(attempts)
    assert len(attempts) == len(set(attempts))
    jobs = {job["id"]: job for stage in stages for job in stage["jobs"] if stage["mode"] == "waves"}
    assert {job["task"] for job in jobs.values()} == TASKS
    assert {job["state"] for job in jobs.values()} == {"complete"}
    at_work: dict[str, str] = {}
    for line in shop.lines():
        job = line["run"].rpartition("-")[0]
        if line["what"] == "begin":
            assert job not in at_work, (line, at_work)
            at_work[job] = line["run"]
        elif line["what"] in {"end", "crash", "killed"}:
            assert at_work.pop(job) == line["run"]
    done = Counter(line["task"] for line in shop.lines() if line["what"] == "done" and line["task"])
    retried = Counter(one["job"] for one in shop.happened if one["step"] == "retried")
    for job in jobs.values():
        assert 1 <= done[job["task"]] <= len(job["attempts"])
        assert retried[job["id"]] <= len(job["attempts"]) - 1


def check_feedback(shop: Shop) -> None:
    """What each review found reached the coder of that round, and nobody else."""
    told = [(line["run"], line["found"]) for line in shop.lines() if line["what"] == "feedback"]
    for number in (1, 2):
        runs = {run for run, found in told if found == [f"FINDING of round {number}: the unit is missing"]}
        assert runs
        assert all(run.startswith(f"{KEY}-R{number}-coder-") for run in runs)
    assert all(len(found) == 1 for _, found in told)
