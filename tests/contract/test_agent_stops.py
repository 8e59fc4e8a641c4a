"""Agents that are told to end, and who is not told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.agents import RUN, RUNNERS, Agents, agents, wait_until
from git_kas.domain.run_ids import RunId
from git_kas.errors import ProgramFailed, ReadOnly
from git_kas.ports.agent_runs import RunState


@pytest.fixture(params=RUNNERS)
def made(request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]) -> Iterator[Agents]:
    with agents(request.param, tmp_path, environment) as made:
        yield made


def process_state(pid: str) -> str:
    """The letter of proc(5), nothing for a process that is gone or only waits to be waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state in "ZX" else state


@pytest.mark.parametrize(
    ("command", "statuses"),
    [
        ("echo $$ > there; exec sleep 600", {-15}),
        ("trap 'exit 4' TERM; echo $$ > there; while true; do sleep 0.01; done", {4}),
        ("trap '' TERM HUP; echo $$ > there; while true; do sleep 0.01; done", {-9}),
        ("(trap '' TERM; sleep 600) & echo $! > there; wait", {-15}),  # the shell heeds, its child does not
        ("(trap '' TERM; exec 2>&- 3>&- 4>&- 5>&- 6>&- 7>&-; sleep 600) & echo $! > there; wait", {-15}),
    ],
)
def test_all_of_an_agent_ends(made: Agents, command: str, statuses: set[int]) -> None:
    made.start(command)
    told = made.written("there")
    assert process_state(told)
    assert made.runs.stop(RUN)
    assert made.exit_status() in statuses
    wait_until(lambda: not process_state(told), "the end of all")
    assert not made.runs.stop(RUN)


def test_an_agent_that_is_frozen_ends(made: Agents) -> None:
    made.start("echo $$ > there; exec sleep 600")
    agent = made.written("there")
    os.kill(int(agent), signal.SIGSTOP)
    wait_until(lambda: process_state(agent) == "T", "freezing")
    assert made.report().state is RunState.RUNNING
    made.runs.stop(RUN)
    assert made.exit_status() == -15


def test_what_an_agent_leaves_behind_when_it_ends_by_itself_is_left_alone(made: Agents) -> None:
    made.start("trap '' HUP; sleep 600 & echo $! > there; exit 3")
    assert made.exit_status() == 3
    left = made.written("there")
    assert not made.runs.stop(RUN)
    assert process_state(left)


def test_a_run_that_is_stopped_before_it_begins_never_does(made: Agents) -> None:
    assert not made.runs.stop(RunId("never-prepared"))
    argv = made.prepare("echo > there")
    assert not made.runs.stop(RUN)
    assert not made.runs.stop(RUN)
    made.runner.start(RUN, argv, str(made.folder))
    assert subprocess.run(argv, env=made.environment, check=False).returncode == 0
    assert made.report().state is RunState.NEVER
    assert list(made.folder.iterdir()) == []
    assert not made.file(RUN, "environment.json").exists()


def test_an_agent_without_its_wrapper_is_running_then_lost(made: Agents) -> None:
    made.start("trap '' HUP; mkfifo go; echo $$ > there; read _ < go; exit 3")
    made.written("there")
    os.kill(made.wrapper(), signal.SIGKILL)
    wait_until(lambda: not process_state(str(made.wrapper())), "the end of the wrapper")
    assert made.report().state is RunState.RUNNING
    (made.folder / "go").write_text("go\n")
    report = made.wait_for(RunState.LOST)
    assert report.status is None
    assert report.began
    assert not made.runs.stop(RUN)


def test_an_agent_without_its_wrapper_is_told_to_end_and_nobody_else(made: Agents) -> None:
    made.start("trap '' HUP; (sleep 600; true) & echo $! > there; wait")
    told = made.written("there")
    os.kill(made.wrapper(), signal.SIGKILL)
    with subprocess.Popen(["sleep", "600"]) as innocent:
        begun = json.loads(made.file(RUN, "begun").read_text())
        wait_until(lambda: not process_state(str(begun["pid"])), "the end of the wrapper")
        made.file(RUN, "begun").write_text(json.dumps({**begun, "pid": innocent.pid}))
        assert made.runs.stop(RUN)
        made.wait_for(RunState.LOST)
        assert not process_state(told)
        assert innocent.poll() is None
        innocent.kill()


@pytest.mark.parametrize(
    "command",
    [
        "trap '' TERM HUP; echo $$ > there; while true; do sleep 0.01; done",
        "trap '' HUP; (trap '' TERM; sleep 600; true) & echo $! > there; wait",
        "trap '' TERM HUP; setsid sh -c 'echo $$ > there; while true; do sleep 0.01; done'",
    ],
)
def test_an_agent_without_its_wrapper_that_does_not_heed_is_killed_and_nobody_else(
    made: Agents, command: str
) -> None:
    """Who looks at the lock has it open, too."""
    made.start(command)
    told = made.written("there")
    os.kill(made.wrapper(), signal.SIGKILL)
    wait_until(lambda: not process_state(str(made.wrapper())), "the end of the wrapper")
    lock = made.file(RUN, "lock")
    with subprocess.Popen(["sh", "-c", 'exec 3<"$0"; exec sleep 600', str(lock)], process_group=0) as innocent:
        try:
            wait_until(lambda: Path(f"/proc/{innocent.pid}/comm").read_text() == "sleep\n", "looking")
            assert made.runs.stop(RUN)
            made.wait_for(RunState.LOST)
            wait_until(lambda: not process_state(told), "the end of all")
            assert innocent.poll() is None
        finally:
            innocent.kill()


def test_an_agent_on_another_host_is_not_touched(made: Agents) -> None:
    made.start("echo $$ > there; exec sleep 600")
    agent = made.written("there")
    begun = json.loads(made.file(RUN, "begun").read_text())
    made.file(RUN, "begun").write_text(json.dumps({**begun, "host": "elsewhere"}))
    with pytest.raises(ProgramFailed, match="elsewhere"):
        made.runs.stop(RUN)
    assert process_state(agent)


def test_an_agent_that_is_killed(made: Agents) -> None:
    made.start("echo $$ > there; exec sleep 600")
    os.kill(int(made.written("there")), signal.SIGKILL)
    assert made.exit_status() == -9


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"status": "0"}', b"\xff"])
def test_a_status_that_is_none_is_not_taken_for_one(made: Agents, content: bytes) -> None:
    made.start("echo $$ > there; trap '' HUP; exec sleep 600")
    made.written("there")
    made.file(RUN, "status").write_bytes(content)
    assert made.report().state is RunState.RUNNING
    os.kill(made.wrapper(), signal.SIGKILL)
    os.kill(int(made.written("there")), signal.SIGKILL)
    made.wait_for(RunState.LOST)


def test_a_lock_that_is_gone_is_an_error(made: Agents) -> None:
    made.start("echo $$ > there; exec sleep 600")
    group = os.getpgid(int(made.written("there")))
    made.file(RUN, "lock").rename(made.file(RUN, "elsewhere"))
    try:
        with pytest.raises(ReadOnly, match="lock"):
            made.report()
    finally:
        made.file(RUN, "elsewhere").rename(made.file(RUN, "lock"))
    assert os.getpgid(int(made.written("there"))) == group
