"""The memory fake of agents' runs tells what the real ones tell (tests/contract/test_agent_runs.py)."""

from __future__ import annotations

import pytest

from git_kas.domain.run_ids import RunId
from git_kas.errors import ProgramFailed
from git_kas.ports.agent_runs import AgentRuns, RunReport, RunSpec, RunState
from git_kas.ports.fake_agent_runs import MemoryAgentRuns, MemoryRunner
from git_kas.ports.runner import Runner

RUN = RunId("a-W1-T1-1")
SPEC = RunSpec(RUN, "true", "/work", {}, "do it")


def ports() -> tuple[MemoryAgentRuns, AgentRuns, MemoryRunner, Runner]:
    runs = MemoryAgentRuns()
    runner = MemoryRunner(runs)
    return runs, runs, runner, runner


def test_a_run_begins_once() -> None:
    fake, runs, _, runner = ports()
    argv = runs.prepare(SPEC)
    assert runs.prepare(SPEC._replace(prompt="other")) == argv
    assert fake.specs == {RUN: SPEC}
    assert runs.reports([RUN]) == {RUN: RunReport(RunState.NEVER)}
    for _ in range(2):
        runner.start(RUN, argv, "/work")
    assert fake.begun == [RUN]
    assert runs.reports([RUN])[RUN].state is RunState.RUNNING
    fake.end(RUN, 3)
    runner.start(RUN, argv, "/work")
    began = "1970-01-01T00:00:00.000000Z"
    assert runs.reports([RUN]) == {RUN: RunReport(RunState.EXITED, 3, began, began)}
    assert not runs.stop(RUN)


def test_a_run_is_stopped_or_lost() -> None:
    fake, runs, _, runner = ports()
    runner.start(RUN, runs.prepare(SPEC), "/work")
    assert runs.stop(RUN)
    assert runs.reports([RUN])[RUN].status == -15
    other = RunId("other")
    runner.start(other, runs.prepare(SPEC._replace(run_id=other)), "/work")
    fake.lose(other)
    assert runs.reports([other])[other]._replace(began="") == RunReport(RunState.LOST)
    third = RunId("third")
    assert not runs.stop(third)
    runner.start(third, runs.prepare(SPEC._replace(run_id=third)), "/work")
    assert runs.reports([third])[third].state is RunState.NEVER


def test_a_start_that_fails_or_is_lost() -> None:
    fake, runs, failing, runner = ports()
    argv = runs.prepare(SPEC)
    failing.failure = "there is no tmux"
    with pytest.raises(ProgramFailed):
        runner.start(RUN, argv, "/work")
    failing.failure, failing.begins = "", False
    runner.start(RUN, argv, "/work")
    assert fake.begun == []
    assert failing.started == [RUN, RUN]
