"""How a run starts its clients, takes in what they wrote down, and ends; with processes and store in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import nullcontext

import pytest

from git_kas.domain.anomalies import AnomalyKind
from git_kas.domain.ledger import HistoryEntry
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Create, Request
from git_kas.domain.names import PlanName
from git_kas.domain.operations import decode_records
from git_kas.errors import AlreadyExists, ProgramFailed, StoreCorrupt, WouldLoseData
from git_kas.ports.fake_processes import FakeProcesses
from git_kas.ports.fakes import FakeClock, FakeProgress, FakeScratch
from git_kas.ports.memory_store import MemoryStore
from git_kas.usecases.crew import CLIENT_MODULE, Target, Trial
from git_kas.usecases.faults import Fault
from git_kas.usecases.store_client import decode_job, run_client
from git_kas.usecases.trial_servers import Launch
from git_kas.usecases.verify_store import Place, Verification, VerifyPorts, verify_store

TRIAL = Trial(clients=3, operations=100, plans=2, seconds=60, seed=5)
TARGET = Target("memory:", "project")


class World:
    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore(FakeClock(1_767_225_600))
        self.processes = FakeProcesses(self.program)
        self.scratch = FakeScratch()
        self.progress = FakeProgress()

    def program(self, module: str, arguments: Sequence[str], next_line: Callable[[], str]) -> tuple[int, str]:
        assert module == CLIENT_MODULE
        run_client(decode_job(arguments[0]), [self.store], self.processes, next_line)
        return 0, ""

    def verify(self, trial: Trial = TRIAL, keep: str | None = None) -> Verification:
        ports = VerifyPorts(
            self.processes,
            self.scratch,
            self.progress,
            lambda target, *_: Place(target.url),
            lambda *_: self.store,
            lambda *_: nullcontext(Launch()),
        )
        return verify_store(ports, TARGET, trial, keep)


def test_a_sound_store() -> None:
    world = World()
    found = world.verify()
    assert found.anomalies == []
    assert len(found.operations) >= 100
    assert {operation.client for operation in found.operations} == {"1.0", "2.0", "3.0"}
    assert found.commits == world.store.changes(0, 0)
    assert found.faults == dict.fromkeys(Fault, 0)
    assert found.repetitions > 0
    assert all(folder.deleted for folder in world.scratch.made.values())
    assert any("operations by 3 clients" in step for step in world.progress.steps)


def test_the_same_seed_asks_the_same() -> None:
    first, second, other = (World().verify(TRIAL._replace(seed=seed)) for seed in (5, 5, 6))
    asked = [[operation.asked for operation in found.operations] for found in (first, second, other)]
    assert asked[0] == asked[1] != asked[2]


def test_answers_are_dropped_and_asked_for_again() -> None:
    found = World().verify(TRIAL._replace(faults=tuple(Fault), operations=400))
    assert found.faults[Fault.DROP] > 0
    assert found.repetitions >= found.faults[Fault.DROP]
    assert found.anomalies == []


def test_a_run_ends_in_time() -> None:
    found = World().verify(TRIAL._replace(operations=1_000_000, seconds=0.01))
    assert 0 < len(found.operations) < 100_000


def test_a_project_in_use_is_refused() -> None:
    world = World()
    world.store.commit(Create(PlanName("a.md")), Request(Author(Actor.USER)))
    with pytest.raises(WouldLoseData, match="not empty"):
        world.verify()
    assert world.processes.started == []


def test_the_history_is_kept() -> None:
    world = World()
    found = world.verify(keep="/kept")
    records = [json.loads(line) for line in world.processes.logs["/kept"].lines]
    assert len(records[-1]["history"]) == len(world.store.history())
    logs = [log.lines for path, log in world.processes.logs.items() if path != "/kept"]
    operations = [o for lines in logs for o in decode_records(map(json.loads, lines))]
    assert operations == list(found.operations)
    with pytest.raises(AlreadyExists):
        world.verify(keep="/kept")


def test_a_client_that_cannot_work() -> None:
    world = World()
    world.processes.program = lambda *_: (4, "a trace\nno such store\n")
    with pytest.raises(ProgramFailed, match=r"Client 1\.0 ended with status 4: no such store"):
        world.verify()
    assert all(folder.deleted for folder in world.scratch.made.values())


def test_a_store_that_cannot_be_read_at_the_end() -> None:
    class Damaged(MemoryStore):
        def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
            del plan, since
            raise StoreCorrupt("It is damaged.", next_step="Look at it.")

    found = World(Damaged(FakeClock())).verify()
    assert {anomaly.kind for anomaly in found.anomalies} == {AnomalyKind.BROKEN}
    assert found.anomalies[0].sentence == "At the end the store could not be read: It is damaged."
    assert len(found.anomalies) > 1


def test_a_store_that_fails_in_its_own_way() -> None:
    class Clumsy(MemoryStore):
        def get_plan(self, name: PlanName) -> None:  # type: ignore[override]  # it is clumsy
            del name
            raise ZeroDivisionError("oops")

    found = World(Clumsy(FakeClock())).verify()
    assert found.anomalies[0].kind is AnomalyKind.BROKEN
    assert "ZeroDivisionError: oops" in found.anomalies[0].sentence
