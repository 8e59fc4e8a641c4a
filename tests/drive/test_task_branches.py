"""Tasks with branches and worktrees of their own: what each did comes into the plan's branch, or why not."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support import Repo, Run

KEY = "2026-01-01-x"
TEXT = "# X\n\n## Wave 1\n\n### Task 1: one\n\n### Task 2: two\n\n## Wave 2\n\n### Task 3: three\n"
AGENT = """
import os, pathlib, subprocess
task = os.environ["KAS_TASK"]
path = pathlib.Path({path})
with path.open("a") as file:
    file.write(f"task {{task}}\\n")
subprocess.run(["git", "add", "--", str(path)], check=True)
subprocess.run(["git", "commit", "-q", "-m", f"task {{task}}"], check=True)
words = os.environ["KAS_BRANCH"], os.environ["KAS_PEERS"], os.getcwd()
pathlib.Path({log!r}).open("a").write(" ".join(words) + "\\n")
"""
OWN_FILE = 'f"{task}.txt"'
SAME_FILE = '"same.txt"'


class World:
    """A plan with three tasks, and agents that write into files of their own or into the same one."""

    def __init__(self, repo: Repo, kas: Run, tmp_path: Path) -> None:
        self.repo = repo
        self.kas = kas
        self.log = tmp_path / "agents.log"
        self._script = tmp_path / "agent.py"
        repo.git("config", "kas.agent.coder", f"{sys.executable} {self._script}")
        repo.git("config", "kas.runner", "process")
        repo.git("config", "kas.worktreePer", "task")
        repo.commit("plan", {f"docs/plans/{KEY}.md": TEXT})
        self.write_into(OWN_FILE)
        for words in (["plan", "register", KEY], ["implement", KEY]):
            assert kas(*words, cwd=repo.path).status == 0

    def write_into(self, path: str) -> None:
        self._script.write_text(AGENT.format(path=path, log=str(self.log)))

    def watch_until(self, condition: str) -> Any:
        deadline = time.monotonic() + 60
        while True:
            watched = self.kas("watch", "--once", "--json", cwd=self.repo.path)
            assert watched.status == 0, watched
            stage = self.stage()
            if stage is None or stage["condition"] == condition:
                return stage
            assert time.monotonic() < deadline, stage

    def stage(self) -> Any:
        driven = self.kas("waves", "status", KEY, "--json", cwd=self.repo.path).data[0]
        return driven["stage"]

    def files(self, branch: str = "plan/x") -> set[str]:
        return set(self.repo.git("ls-tree", "--name-only", branch).splitlines())


@pytest.fixture
def world(repo: Repo, kas: Run, tmp_path: Path) -> World:
    return World(repo, kas, tmp_path)


def test_each_task_works_alone_on_what_was_done_before(world: World) -> None:
    world.watch_until("ended")
    assert {"1.txt", "2.txt", "3.txt"} <= world.files()
    lines = sorted(line.split() for line in world.log.read_text().splitlines())
    assert [line[:2] for line in lines] == [
        ["plan/x-w1-t1-1", "1"], ["plan/x-w1-t2-1", "1"], ["plan/x-w2-t3-1", "1"],
    ]  # fmt: skip
    assert len({line[2] for line in lines}) == 3
    assert {"1.txt", "2.txt", "3.txt"} <= world.files("plan/x-w2-t3-1")
    assert world.repo.git("log", "--merges", "--format=%s", "plan/x").splitlines() == [
        f"merge W2-T3 of {KEY}.md: three", f"merge W1-T2 of {KEY}.md: two", f"merge W1-T1 of {KEY}.md: one",
    ]  # fmt: skip


def test_branches_that_conflict_are_named_and_nothing_is_half_merged(world: World) -> None:
    world.write_into(SAME_FILE)
    stage = world.watch_until("undecided")
    states = sorted((job["state"], job["reason"]) for job in stage["jobs"] if job["wave"] == 1)
    (complete, nothing), (failed, reason) = states
    rows = world.kas("triage", "--json", cwd=world.repo.path).data["rows"]
    flags = {row["plan"] or row["branch"]: row["flags"] for row in rows}
    assert "undecided" in flags[f"{KEY}.md"]
    assert [flags[f"plan/x-w1-t{task}-1"] for task in (1, 2)] == [["task_branch"], ["task_branch"]]
    assert (complete, nothing, failed) == ("complete", "", "failed")
    assert reason.endswith("conflicts with plan/x: same.txt")
    folder = world.repo.path / ".worktrees/plan-x"
    assert world.repo.git("status", "--porcelain", cwd=folder) == ""
    assert world.repo.git("show", "plan/x:same.txt").count("task") == 1
    assert world.kas("waves", "retry", KEY, cwd=world.repo.path).status == 0
    world.watch_until("ended")
    assert sorted(world.repo.git("show", "plan/x:same.txt").splitlines()) == ["task 1", "task 2", "task 3"]


def test_a_merge_that_was_interrupted_is_made_anew(world: World) -> None:
    world.write_into(SAME_FILE)
    stage = world.watch_until("undecided")
    failed = next(job for job in stage["jobs"] if job["state"] == "failed")
    folder = world.repo.path / ".worktrees/plan-x"
    with pytest.raises(AssertionError, match="merge"):
        world.repo.git("merge", "--no-ff", failed["attempts"][0]["branch"], cwd=folder)
    assert (world.repo.git("rev-parse", "MERGE_HEAD", cwd=folder)) != ""
    signal = ("signal", "implement_task_finished", KEY, "--wave", "1", "--task", failed["task"])
    assert world.kas(*signal, cwd=world.repo.path).status == 0  # as if its branch could be merged now
    stage = world.watch_until("undecided")
    assert next(job["state"] for job in stage["jobs"] if job["id"] == failed["id"]) == "failed"
    assert world.repo.git("status", "--porcelain", cwd=folder) == ""


def test_somebody_elses_merge_is_left_alone(world: World) -> None:
    world.kas("watch", "--once", cwd=world.repo.path)
    folder = world.repo.path / ".worktrees/plan-x"
    world.repo.git("branch", "other")
    world.repo.commit("theirs", {"own.txt": "theirs\n"}, cwd=folder)
    other = world.repo.path.parent / "wt-other"
    world.repo.git("worktree", "add", "-q", str(other), "other")
    world.repo.commit("ours", {"own.txt": "ours\n"}, cwd=other)
    with pytest.raises(AssertionError, match="merge"):
        world.repo.git("merge", "other", cwd=folder)
    stage = world.watch_until("undecided")
    assert all("cannot be merged" in job["reason"] for job in stage["jobs"] if job["state"] == "failed")
    assert world.repo.git("rev-parse", "MERGE_HEAD", cwd=folder) == world.repo.git("rev-parse", "other")


def test_nothing_is_merged_beside_the_branch(world: World) -> None:
    """In the middle of a bisection, as of a rebase, Git would merge into a commit that no branch holds."""
    world.kas("watch", "--once", cwd=world.repo.path)
    folder = world.repo.path / ".worktrees/plan-x"
    for name in ("a", "b"):
        world.repo.commit(name, {name: name}, cwd=folder)
    before = world.repo.git("rev-parse", "plan/x")
    world.repo.git("bisect", "start", "plan/x", "plan/x~2", cwd=folder)
    deadline = time.monotonic() + 60
    while {job["state"] for job in world.stage()["jobs"] if job["wave"] == 1} != {"complete"}:
        world.kas("watch", "--once", cwd=world.repo.path)
        assert time.monotonic() < deadline
    watched = world.kas("watch", "--once", "--json", cwd=world.repo.path)
    assert f"plan/x is not checked out in {folder}" in watched.json()["warnings"][0]
    assert world.repo.git("rev-parse", "plan/x") == before
    assert world.repo.git("rev-parse", "HEAD", cwd=folder) == world.repo.git("rev-parse", "plan/x~1")
    world.repo.git("bisect", "reset", cwd=folder)
    world.watch_until("ended")
    assert {"1.txt", "2.txt", "3.txt", "a", "b"} <= world.files()


def test_a_tag_of_the_same_name_is_not_merged_instead(world: World) -> None:
    for task in (1, 2):
        world.repo.git("tag", f"plan/x-w1-t{task}-1", "main")
    world.watch_until("ended")
    assert {"1.txt", "2.txt", "3.txt"} <= world.files()


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("Task 1", "Task 1.2")])
def test_what_is_merged_is_cleaned_up(world: World, text: str) -> None:
    world.repo.commit("plan again", {f"docs/plans/{KEY}.md": text})
    assert world.kas("plan", "register", KEY, "--update", cwd=world.repo.path).status == 0
    world.watch_until("ended")
    finished = world.kas("finish", KEY, "--merge", "--json", cwd=world.repo.path)
    assert finished.status == 0, finished
    cleaned = world.kas("cleanup", "--execute", "--json", cwd=world.repo.path)
    assert cleaned.status == 0, cleaned
    assert world.repo.git("branch", "--format=%(refname:short)").splitlines() == ["main"]
    assert len(world.repo.git("worktree", "list").splitlines()) == 1
