"""Hand-made histories: a memory store is asked one thing after another, at times that the test chooses."""

from __future__ import annotations

from git_kas.domain.anomalies import AnomalyKind
from git_kas.domain.consistency import FinalState, check_consistency
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Mutation
from git_kas.domain.names import PlanName
from git_kas.domain.operations import Asked, Operation, Read, ReadKind, Write
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from git_kas.usecases.store_client import answer
from git_kas.usecases.workload import Workload

NAME = PlanName("2026-01-01-a.md")
OTHER = PlanName("2026-01-01-b.md")


class Recorded:
    """Operations on a memory store, kept as clients keep them; tests may change them and the end."""

    def __init__(self) -> None:
        self.clock = FakeClock(1_767_225_600)
        self.store = MemoryStore(self.clock)
        self.operations: list[Operation] = []
        self._final: FinalState | None = None
        self._learned = Workload("1", "seed", 1)

    def ask(self, asked: Asked, call: int, end: int | None, client: str = "1.0") -> Operation:
        """Ask the store; with ``end`` None nobody learns what it answers."""
        value, error = answer(self.store, asked, self._learned)
        operation = Operation(client, len(self.operations) + 1, asked, call)
        if end is not None:
            operation = operation._replace(return_ns=end, value=value, error=error)
        self.operations.append(operation)
        return operation

    def write(
        self, mutation: Mutation, call: int, end: int | None, token: str = "", key: str = ""
    ) -> Operation:
        """A mutation by a user; its key is that of its token unless told otherwise."""
        token = token or f"token {len(self.operations)}"
        return self.ask(Write(mutation, token, key or f"key {token}", Author(Actor.USER, "tester")), call, end)

    def read(
        self, kind: ReadKind, call: int, end: int, plan: PlanName | None = None, since: int = 0
    ) -> Operation:
        """A reading."""
        return self.ask(Read(kind, plan, since=since), call, end)

    def change(self, operation: Operation, **values: object) -> None:
        """Have ``operation`` tell something else."""
        place = self.operations.index(operation)
        self.operations[place] = operation._replace(**values)  # type: ignore[arg-type]  # fields by name

    @property
    def final(self) -> FinalState:
        """What the store says at the end, unless it was changed."""
        if self._final is None:
            self._final = FinalState(list(self.store.history()), self.store.export())
        return self._final

    def forget(self, *changes: int) -> None:
        """Take commits out of the history at the end."""
        entries = [entry for entry in self.final.history if entry.change not in changes]
        self._final = FinalState(entries, self.final.project)

    def rewrite(self, change: int, **values: object) -> None:
        """Have the history at the end say something else about a commit."""
        entries = [
            entry._replace(**values) if entry.change == change else entry  # type: ignore[arg-type]  # by name
            for entry in self.final.history
        ]
        self._final = FinalState(entries, self.final.project)

    def kinds(self) -> list[AnomalyKind]:
        """The kinds of anomalies that the check finds, each once."""
        found = check_consistency(self.operations, self.final)
        return list(dict.fromkeys(anomaly.kind for anomaly in found))
