"""Whichever system call fails, the command says so in its words and nothing was changed, or it was done."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from fault.cases import CASES, Case
from fault.tracing import Call
from fault.walk import Walk, seed_of
from support import Finished, needs_program

CODES: Final = {"ENOSPC": "store_full", "EIO": "read_only", "EROFS": "read_only"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_failing_call_is_a_typed_error_with_nothing_changed(
    case: Case, tmp_path: Path, environment: dict[str, str], pytestconfig: pytest.Config
) -> None:
    needs_program("strace")
    seed = seed_of(pytestconfig)
    walk = Walk(case, tmp_path, environment)
    problems: list[str] = []
    for step, fault in walk.steps(seed, [f"error={error}" for error in CODES]):
        try:
            check_failing(walk, step, fault)
        except AssertionError as problem:
            problems.append(f"{fault} at {step.kind} {step.number}: {step.text[:120]}\n  {str(problem)[:600]}")
    assert not problems, f"{len(problems)} steps\n" + "\n".join(problems)


def check_failing(walk: Walk, step: Call, fault: str) -> None:
    """One run in which ``step`` fails with ``fault``, and what is to be seen afterwards."""
    failed = walk.run(step, fault).finished
    done = walk.check_whole_or_not_at_all()
    if failed.status == 0:
        assert done, "it said that it was done, and it was not"
        if walk.case.same_answer_again:
            walk.check_answer(failed, replayed=False)
    elif step.is_output:
        assert (done, failed.status) == (True, 1), failed
    else:
        check_error(failed, CODES[fault.removeprefix("error=")])
        assert not done, f"it said that nothing was changed, and it was: {failed.out}"
    walk.check_repetition(done=done, times=1)
    walk.check_end()


def check_error(failed: Finished, code: str) -> None:
    """The error of that code, in its one document."""
    error = failed.json()["error"]
    assert (failed.status, error["code"], error["exit"]) == (1, code, 1), failed
    assert error["next"], error
