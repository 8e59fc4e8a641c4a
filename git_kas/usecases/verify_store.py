"""Has processes use one plan store at the same time, disturbs them, and checks what they were told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.anomalies import Anomaly, AnomalyKind
from git_kas.domain.codec import encode_entry
from git_kas.domain.consistency import FinalState, broken_operations, check_consistency
from git_kas.domain.operations import Operation, Write
from git_kas.domain.project import Project
from git_kas.errors import KasError, WouldLoseData
from git_kas.usecases.crew import Crew, Fault, Target, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.ports.files import Scratch
    from git_kas.ports.processes import LineLog, Processes
    from git_kas.ports.progress import Progress
    from git_kas.ports.store import Store


@dataclass(frozen=True, slots=True)
class VerifyPorts:
    """What a run reaches the outside through; ``open_store`` opens the target, with a throw-away folder."""

    processes: Processes
    scratch: Scratch
    progress: Progress
    open_store: Callable[[Target, str], Store]


class Verification(NamedTuple):
    """What a run found. ``seconds`` is the time in which the clients worked."""

    target: Target
    trial: Trial
    operations: Sequence[Operation]
    commits: int
    faults: Mapping[Fault, int]
    seconds: float
    anomalies: Sequence[Anomaly]

    @property
    def repetitions(self) -> int:
        """How many operations repeated an earlier one under its key."""
        tokens = [operation.asked.token for operation in self.operations if isinstance(operation.asked, Write)]
        return len(tokens) - len(set(tokens))


def verify_store(ports: VerifyPorts, target: Target, trial: Trial, keep: str | None = None) -> Verification:
    """Try the store ``target``; the recorded history is kept in the new file ``keep``.

    Raises:
        WouldLoseData: the project is not empty, so it is somebody's.
        AlreadyExists: there is something at ``keep``.
        ProgramFailed: a client could not work.
    """
    kept = ports.processes.create_log(keep) if keep else None
    folder = ports.scratch.create(None)
    try:
        store = ports.open_store(target, folder.path)
        try:
            _expect_empty(store, target)
            return _verify(
                ports, Crew(ports.processes, ports.progress, target, trial, folder.path), store, kept
            )
        finally:
            store.close()
    finally:
        folder.delete()
        if kept:
            kept.close()


def _expect_empty(store: Store, target: Target) -> None:
    if store.changes(0, 0.0) or store.list_plans():
        raise WouldLoseData(
            f"The project {target.project} of {store.describe().place} is not empty.",
            next_step="Only a project that nobody uses may be tried; run it again for another one.",
        )


def _verify(ports: VerifyPorts, crew: Crew, store: Store, kept: LineLog | None) -> Verification:
    seconds = crew.work()
    operations = crew.operations()
    ports.progress.step("reading the history")
    final, anomalies = _read_final_state(store)
    if kept:
        for line in crew.lines():
            kept.append(line)
        kept.append(json.dumps({"history": [encode_entry(entry) for entry in final.history]}))
    ports.progress.step(f"checking {len(operations)} operations")
    found = check_consistency(operations, final) if not anomalies else broken_operations(operations)
    return Verification(
        crew.target,
        crew.trial,
        operations,
        len({entry.change for entry in final.history}),
        crew.faults(),
        seconds,
        [*crew.anomalies, *anomalies, *found],
    )


def _read_final_state(store: Store) -> tuple[FinalState, list[Anomaly]]:
    """What the store says at the end; a store that cannot say anything any more is broken."""
    try:
        return FinalState(store.history(), store.export()), []
    except KasError as error:
        text = f"At the end the store could not be read: {error.message}"
        return FinalState((), Project()), [Anomaly(AnomalyKind.BROKEN, text)]
