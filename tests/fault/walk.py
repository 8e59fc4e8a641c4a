"""Which steps are walked, what an undisturbed run does, and what must hold after a disturbed one.

By default a seed chooses a step of each case; ``KAS_FAULT_SEED`` repeats a choice, and
``KAS_FAULT_WALK=full pytest tests/fault -n 2 -rP`` walks every step and prints how many there were.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from fault.cases import Case
from fault.tracing import Call, Traced
from fault.worlds import World, without_times
from support import Finished

FULL: Final = os.environ.get("KAS_FAULT_WALK") == "full"
SIGKILL_STATUS: Final = -9
_MOST_LEFTOVERS: Final = 3  # one unfinished file for each name that is written by replacing


def seed_of(config: pytest.Config) -> str:
    """What the choice of steps depends on; printed, so that it can be repeated."""
    chosen = os.environ.get("KAS_FAULT_SEED") or str(config.getoption("randomly_seed", 0))
    print(f"KAS_FAULT_SEED={chosen}")
    return chosen


class Walk:
    """A case, and what happens if nobody disturbs it."""

    def __init__(self, case: Case, folder: Path, environment: dict[str, str]) -> None:
        self.case = case
        self.world = World(folder, environment)
        case.prepare(self.world)
        self.world.keep()
        self.before = self.world.seen()
        self.undisturbed = self.world.kas_traced(*case.command)
        assert self.undisturbed.finished.status == 0, self.undisturbed.finished
        self.after = self.world.seen()
        assert self.after != self.before
        self._next_mutation()
        self.end = (self.world.seen(), self.world.state_text())
        self._started = time.monotonic()
        self.walked: Counter[str] = Counter()

    def steps(self, seed: str, faults: Sequence[str]) -> Iterator[tuple[Call, str]]:
        """Steps, each with a fault to put there, the repository put back for it: all, or one by ``seed``."""
        steps = [(step, fault) for fault in faults for step in self.undisturbed.steps]
        if not FULL:
            steps = [random.Random(f"{seed} {self.case} {faults}").choice(steps)]
        for step, fault in steps:
            self.world.put_back()
            self.walked[step.kind] += 1
            print(f"{self.case}: {fault} at {step.kind} {step.number}: {step.text[:150]}")
            yield step, fault
        seconds = time.monotonic() - self._started
        print(f"FIGURES {self.case}: {sum(self.walked.values())} steps {dict(self.walked)} in {seconds:.0f} s")

    def run(self, step: Call, what: str) -> Traced:
        """The command, disturbed at ``step``."""
        return self.world.kas_traced(*self.case.command, inject=f"{step.kind}:{what}:when={step.number}")

    def check_survivors(self) -> None:
        """One call more of each kind than there are: nothing is hit any more."""
        for kind, number in Counter(call.kind for call in self.undisturbed.calls).items():
            self.world.put_back()
            run = self.run(Call(kind, number + 1, ""), "signal=SIGKILL")
            assert run.finished.status == 0, (kind, number)
            assert self.world.seen() == self.after

    def check_whole_or_not_at_all(self) -> bool:
        """Whether the command was carried out."""
        seen = self.world.seen()
        assert seen in (self.before, self.after)
        return seen == self.after

    def check_repetition(self, *, done: bool, times: int = 2) -> None:
        """Repeated with its key, the command gives the first outcome, and has happened once."""
        for done_before in (done, True)[:times]:
            answer = self.world.kas(*self.case.command)
            assert answer.status == 0, answer
            assert self.world.seen() == self.after
            if self.case.same_answer_again:
                self.check_answer(answer, replayed=done_before)

    def check_answer(self, answer: Finished, *, replayed: bool) -> None:
        """The same answer as undisturbed, apart from the word that it came before."""
        expected, found = _data(self.undisturbed.finished), _data(answer)
        if "replayed" in expected:
            assert found.pop("replayed") == replayed
            del expected["replayed"]
        assert found == expected

    def check_end(self) -> None:
        """The next mutation works, and everything is as if nobody had disturbed anything."""
        self._next_mutation()
        assert (self.world.seen(), self.world.state_text()) == self.end
        self.world.check_files_agree()
        assert len(self.world.leftovers()) <= _MOST_LEFTOVERS, self.world.leftovers()

    def _next_mutation(self) -> None:
        answer = self.world.kas("plan", "create", "2020-02-02-next", "--json")
        assert answer.status == 0, answer


def _data(answer: Finished) -> dict[str, Any]:
    masked = Finished(answer.status, without_times(answer.out), answer.err)
    data: dict[str, Any] = masked.data
    return data
