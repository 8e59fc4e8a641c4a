"""Killed before any of its system calls, a command is done or not at all; repeating it is harmless."""

from __future__ import annotations

from pathlib import Path

import pytest

from fault.cases import CASES, Case
from fault.walk import FULL, SIGKILL_STATUS, Walk, seed_of
from support import needs_program


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_killed_command_is_whole_or_nothing_and_can_be_repeated(
    case: Case, tmp_path: Path, environment: dict[str, str], pytestconfig: pytest.Config
) -> None:
    needs_program("strace")
    seed = seed_of(pytestconfig)
    walk = Walk(case, tmp_path, environment)
    for step, fault in walk.steps(seed, ("signal=SIGKILL",)):
        killed = walk.run(step, fault)
        assert killed.finished.status == SIGKILL_STATUS
        assert killed.finished.out == ""
        assert killed.calls[-1].does_the_same_as(step), killed.calls[-1]
        done = walk.check_whole_or_not_at_all()
        walk.world.check_reading_works(case.subject)
        walk.check_repetition(done=done)
        walk.check_end()
    if FULL:
        walk.check_survivors()
