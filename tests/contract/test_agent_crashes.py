"""A wrapper that is killed, or refused something, at any of its system calls."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from contract.agents import PATIENCE, RUN, Agents, agents, wait_until
from git_kas.domain.run_ids import RunId
from git_kas.errors import ReadOnly, StoreFull
from git_kas.ports.agent_runs import RunState
from support import needs_program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="strace is a program of Linux")

# What changes something, or waits for it.
CALLS = ("flock", "fcntl", "fsync", "linkat", "unlinkat", "renameat", "clone", "setpgid", "wait4")
CALL = re.compile(rf"^(?:{'|'.join(CALLS)})\(", re.MULTILINE)


@pytest.fixture
def made(tmp_path: Path, environment: dict[str, str]) -> Iterator[Agents]:
    needs_program("strace")
    with agents("process", tmp_path, environment) as made:
        yield made


def traced(made: Agents, argv: list[str], *options: str) -> subprocess.CompletedProcess[bytes]:
    """Run the wrapper under strace, which hands down how it was ended."""
    return subprocess.run(
        ["strace", "-qq", "-o", str(made.common_dir / "trace"), *options, *argv],
        env=made.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )


def our_calls(made: Agents) -> list[str]:
    """The calls of the last run."""
    trace = (made.common_dir / "trace").read_text()
    return [found.group()[:-1] for found in CALL.finditer(trace)]


@pytest.mark.parametrize("call", CALLS)
def test_killed_at_any_call(made: Agents, call: str) -> None:
    for number in range(1, 40):
        run_id = RunId(f"{call}-{number}")
        argv = made.prepare(f"echo >> count-{number}; sleep 0.05; echo >> over-{number}", run_id)
        ended = traced(made, argv, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
        alive_before = made.holders(run_id)
        state = made.report(run_id).state
        alive_after = made.holders(run_id)
        if alive_after:
            assert state is RunState.RUNNING
        if not alive_before:
            assert state is not RunState.RUNNING
        wait_until(partial(made.is_free, run_id), "the end")
        state = made.report(run_id).state
        again = subprocess.run(argv, env=made.environment, check=False, stdin=subprocess.DEVNULL)
        assert again.returncode == 0
        count = made.folder / f"count-{number}"
        times = count.read_text().count("\n") if count.exists() else 0
        if state is RunState.LOST:
            assert times <= 1
            assert made.report(run_id).state is RunState.LOST
        else:  # what had not begun has run now; what had exited has not run again
            assert times == 1
            assert made.report(run_id).status == 0
        if ended.returncode == 0:
            return
        assert ended.returncode == -signal.SIGKILL
    raise AssertionError("it never came to its end")


def test_those_are_the_calls_that_it_makes(made: Agents) -> None:
    argv = made.prepare("true")
    traced(made, argv, "-e", f"trace={','.join(CALLS)}")
    assert set(our_calls(made)) >= {"flock", "fcntl", "fsync", "linkat", "renameat", "wait4"}


def test_a_disk_that_is_full_when_the_agent_ends(made: Agents) -> None:
    argv = made.prepare("exit 3")
    ended = traced(made, argv, "-e", "trace=fsync", "-e", "inject=fsync:error=ENOSPC:when=3..4")
    assert ended.returncode == 3
    assert ended.stderr.count(b"trying again") == 2
    assert made.report().status == 3
    assert sorted(path.name for path in made.file(RUN, "lock").parent.iterdir()) == [
        "begun",
        "lock",
        "prompt.md",
        "spec.json",
        "status",
    ]


def test_a_disk_that_is_full_when_the_run_would_begin(made: Agents) -> None:
    argv = made.prepare("echo >> count")
    ended = traced(made, argv, "-e", "trace=fsync", "-e", "inject=fsync:error=ENOSPC:when=1")
    assert ended.returncode == 1
    assert b"No space left" in ended.stderr
    assert made.report().state is RunState.NEVER
    assert list(made.folder.iterdir()) == []
    assert subprocess.run(argv, env=made.environment, check=False).returncode == 0
    assert made.report().status == 0


def test_no_process_is_left_for_the_agent(made: Agents) -> None:
    argv = made.prepare("echo >> count")
    ended = traced(made, argv, "-e", "trace=clone", "-e", "inject=clone:error=EAGAIN")
    assert ended.returncode == 127
    assert made.report().status == 127


def test_the_folder_of_the_run_is_removed_while_it_runs(made: Agents) -> None:
    argv = made.prepare("echo > there; mkfifo go; echo > ready; read _ < go")
    with subprocess.Popen(argv, env=made.environment, stdin=subprocess.DEVNULL) as wrapper:
        made.written("ready")
        folder = made.file(RUN, "lock").parent
        for path in folder.iterdir():
            path.rename(made.common_dir / path.name)
        folder.rmdir()
        (made.folder / "go").write_text("go\n")
        assert wrapper.wait(PATIENCE) == 0
    made.started.clear()
    assert made.report().state is RunState.NEVER


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_run_that_cannot_be_kept(tmp_path: Path, environment: dict[str, str]) -> None:
    with agents("process", tmp_path, environment) as made:
        (made.common_dir / "kas").write_text("in the way")
        with pytest.raises((ReadOnly, StoreFull)):
            made.prepare("true")
        made.started.clear()
    assert os.listdir(tmp_path / "worktree") == []
