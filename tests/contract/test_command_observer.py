"""The observer that runs the user's command: its limit in time, and all that it may have started."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from git_kas.domain.location import RepositoryLocation
from git_kas.domain.transitions import PlanTransition, observer_variables
from git_kas.errors import ProgramFailed
from git_kas.ports.observer import Surroundings
from git_kas_process.observer import LIMIT, run_command

PATIENCE = 60.0
MOVED = PlanTransition("shop", "a.md", "cancel", "ready", "cancelled", "user", "Ada", 2, 0, 7, "now")


@pytest.fixture
def around(tmp_path: Path, environment: dict[str, str]) -> Callable[[str], Surroundings]:
    place = RepositoryLocation(str(tmp_path), str(tmp_path), None, None)
    return lambda command: Surroundings(place, environment, command)


def ended(pid: int) -> bool:
    """Whether the process has ended, waiting for that a while."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks at /proc")
def test_a_command_that_does_not_end_is_ended_with_all_it_started(
    around: Callable[[str], Surroundings], tmp_path: Path
) -> None:
    command = f"trap '' TERM; sleep 600 & echo $! > '{tmp_path}/pid'; wait"
    with pytest.raises(ProgramFailed, match=r"did not end within 0\.5 seconds and was ended"):
        run_command(MOVED, around(command), limit=0.5)
    assert ended(int((tmp_path / "pid").read_text()))


def test_a_command_that_does_not_read_is_no_failure(around: Callable[[str], Surroundings]) -> None:
    run_command(MOVED._replace(note="x" * 1_000_000), around("exec <&-; exit 0"))


def test_it_may_leave_something_in_the_background(
    around: Callable[[str], Surroundings], tmp_path: Path
) -> None:
    run_command(MOVED, around(f"(sleep 600 & echo $! > '{tmp_path}/pid')"))
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 9)


def test_it_runs_where_the_repository_is(around: Callable[[str], Surroundings], tmp_path: Path) -> None:
    run_command(MOVED, around("pwd > here"))
    assert (tmp_path / "here").read_text() == f"{tmp_path}\n"
    gone = around("true")._replace(location=RepositoryLocation("/gone", "/gone", None, None))
    with pytest.raises(ProgramFailed, match="cannot be started in /gone"):
        run_command(MOVED, gone)


def test_the_limit_is_half_a_minute() -> None:
    assert LIMIT == 30


@pytest.mark.parametrize("note", ["a\0b", "x" * 50_000, "\N{SNOWMAN}" * 50_000, "\udcff"])
def test_every_note_fits_into_a_variable(note: str, around: Callable[[str], Surroundings]) -> None:
    moved = MOVED._replace(note=note)
    value = observer_variables(moved)["KAS_NOTE"].encode("utf-8", "surrogateescape")
    assert len(value) <= 16_384
    assert b"\0" not in value
    run_command(moved, around("true"))
