"""The adapter of processes: what survives a killed child, and what its parent learns of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from git_kas.errors import AlreadyExists, ReadOnly, StoreFull
from git_kas.ports.processes import Signal
from git_kas_process.processes import FileLog, SystemProcesses


@pytest.fixture
def processes(environment: dict[str, str]) -> SystemProcesses:
    return SystemProcesses(environment)


def test_a_torn_last_line_is_left_for_later(processes: SystemProcesses, tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert processes.read_log(str(path)) == ((), 0)
    path.write_bytes(b"one\ntwo\nthr")
    lines, end = processes.read_log(str(path))
    assert (list(lines), end) == (["one", "two"], 8)
    path.write_bytes(b"one\ntwo\nthree\n")
    assert processes.read_log(str(path), end) == (["three"], 14)


def test_a_log_is_never_written_over(processes: SystemProcesses, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("precious\n")
    with pytest.raises(AlreadyExists):
        processes.create_log(str(tmp_path / "log"))
    with pytest.raises(ReadOnly):
        processes.create_log(str(tmp_path / "nowhere" / "log"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk() -> None:
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(StoreFull):
        FileLog("/dev/full", full.fileno()).append("line")


def test_a_child_is_stopped_and_killed(processes: SystemProcesses) -> None:
    child = processes.start("git_kas.cli.store_client", ["no job"])
    child.signal(Signal.STOP)
    time.sleep(0.05)
    assert child.exit_status() is None
    child.signal(Signal.KILL)
    child.wait()
    assert child.exit_status() == -9
    child.send("too late")
    child.signal(Signal.CONTINUE)


def test_the_clock_goes_on(processes: SystemProcesses) -> None:
    before = processes.monotonic_ns()
    processes.sleep(0.01)
    assert processes.monotonic_ns() - before >= 10_000_000
