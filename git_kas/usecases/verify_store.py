"""Has processes use one plan store at the same time, disturbs them, and checks what they were told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.anomalies import Anomaly, AnomalyKind
from git_kas.domain.codec import encode_entry
from git_kas.domain.consistency import UNKNOWN_OUTCOME, FinalState, broken_operations, check_consistency
from git_kas.domain.operations import Operation, Write
from git_kas.domain.project import Project
from git_kas.errors import KasError, WouldLoseData
from git_kas.usecases.crew import Crew, Surroundings, Target, Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from git_kas.ports.files import Scratch
    from git_kas.ports.processes import LineLog, Processes
    from git_kas.ports.progress import Progress
    from git_kas.ports.store import Store
    from git_kas.usecases.faults import Fault
    from git_kas.usecases.trial_servers import Launch


class Place(NamedTuple):
    """Where a target keeps its plans: its URL for this run alone, and what can befall it there."""

    url: str
    outages: Mapping[Fault, Callable[[], bool]] = {}


@dataclass(frozen=True, slots=True)
class VerifyPorts:
    """What a run reaches the outside through. ``find_place`` and ``open_store`` get a throw-away folder.

    ``admission`` lets clients into the servers of a target as long as it lasts.
    """

    processes: Processes
    scratch: Scratch
    progress: Progress
    find_place: Callable[[Target, Trial, str], Place]
    open_store: Callable[[Target, str], Store]
    admission: Callable[[Target, Trial], AbstractContextManager[Launch]]


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

    @property
    def unanswered(self) -> int:
        """How many operations nobody knows the end of: they were made or not."""
        return sum(
            operation.return_ns is None or operation.error in UNKNOWN_OUTCOME for operation in self.operations
        )


def verify_store(ports: VerifyPorts, target: Target, trial: Trial, keep: str | None = None) -> Verification:
    """Try the store ``target``; the recorded history is kept in the new file ``keep``.

    Raises:
        WouldLoseData: the project is not empty, so it is somebody's.
        AlreadyExists: there is something at ``keep``.
        ProgramFailed: a client or a server could not work.
    """
    kept = ports.processes.create_log(keep) if keep else None
    folder = ports.scratch.create(None)
    try:
        place = ports.find_place(target, trial, folder.path)
        at_place = target._replace(url=place.url)
        store = ports.open_store(at_place, folder.path)
        try:
            _expect_empty(store, target)
            with ports.admission(at_place, trial) as launch:
                amid = Surroundings(ports.processes, ports.progress, launch, place.outages)
                found = _verify(ports, Crew(amid, at_place, trial, folder.path), store, kept)
            return found._replace(target=target)
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
    final = final._replace(asks_again=crew.is_remote)
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
