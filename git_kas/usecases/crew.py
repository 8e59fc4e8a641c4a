"""The clients of a run against one plan store: processes that are started, disturbed, and started again.

What may be disturbed is a list of faults; one that restarts a server would be another.
"""

from __future__ import annotations

import json
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.anomalies import Anomaly, AnomalyKind
from git_kas.domain.operations import decode_records
from git_kas.errors import ProgramFailed
from git_kas.ports.processes import Signal
from git_kas.usecases.store_client import DROPPED, Job, encode_job

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.operations import Operation
    from git_kas.ports.processes import Processes
    from git_kas.ports.progress import Progress

CLIENT_MODULE: Final = "git_kas.cli.store_client"
_NANOSECONDS: Final = 1_000_000_000
_TICK: Final = 0.01  # seconds
_LONGEST_START: Final = 60  # seconds
_LONGEST_END: Final = 60  # seconds that a client may take for its last operation
_BETWEEN_FAULTS: Final = (0.05, 0.4)  # seconds
_STOPPED_FOR: Final = (0.01, 0.25)  # seconds


class Fault(StrEnum):
    """How a run is disturbed."""

    KILL = "kill"
    STOP = "stop"
    DROP = "drop"


FAULT_MEANINGS: Final[Mapping[Fault, str]] = {
    Fault.KILL: "a client was killed and started again",
    Fault.STOP: "a client was stopped for a moment in the middle of whatever it did",
    Fault.DROP: "a client threw an answer away and asked again under the same key",
}


class Trial(NamedTuple):
    """How large a run is: numbers of clients, operations and plans, the longest time, and the seed."""

    clients: int
    operations: int
    plans: int
    seconds: float
    seed: int
    faults: bool


class Target(NamedTuple):
    """The store under test: its URL, and a project that nobody else uses."""

    url: str
    project: str


class _Worker:
    """A client: one process after another, as each is killed."""

    def __init__(self, processes: Processes, job: Job) -> None:
        self._processes = processes
        self._job = job
        self._number = job.client
        self._offset = 0
        self.lives: list[list[str]] = []
        self.calls = 0
        self.continue_at: int | None = None
        self.start()

    def start(self) -> None:
        """Start a process; it waits for :meth:`go`."""
        life = f"{self._number}.{len(self.lives)}"
        self._job = self._job._replace(
            client=life, log=f"{self._job.folder}/client-{life}.jsonl", earlier_log=self._job.log
        )
        self.lives.append([])
        self._offset = 0
        self.continue_at = None
        job = self._job._replace(
            operations=max(0, self._job.operations - self.calls), seed=f"{self._job.seed} {life}"
        )
        self.process = self._processes.start(CLIENT_MODULE, [encode_job(job)])

    def go(self, deadline_ns: int) -> None:
        """Let the process work until then."""
        self.process.send(str(deadline_ns))

    def read(self) -> None:
        """Take in what the process has written down."""
        lines, self._offset = self._processes.read_log(self._job.log, self._offset)
        self.lives[-1] += lines
        self.calls += sum(line.startswith('{"called"') for line in lines)

    @property
    def name(self) -> str:
        """Number and life."""
        return self._job.client

    @property
    def is_ready(self) -> bool:
        """Whether the process has come so far that it can be told to go."""
        return bool(self.lives[-1])

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.exit_status() is None

    @property
    def has_work(self) -> bool:
        """Whether operations would be left if the process ended now."""
        return self.calls < self._job.operations


class Crew:
    """All clients of a run against ``target``; they keep their records in ``folder``."""

    def __init__(
        self, processes: Processes, progress: Progress, target: Target, trial: Trial, folder: str
    ) -> None:
        self.target = target
        self.trial = trial
        self.anomalies: list[Anomaly] = []
        self._processes = processes
        self._progress = progress
        self._folder = folder
        self._random = Random(f"faults {trial.seed}")  # noqa: S311 - chance, not secrecy
        self._faults = dict.fromkeys(Fault, 0)
        self._workers: list[_Worker] = []
        self._deadline_ns = 0
        self._next_fault_ns = 0

    def work(self) -> float:
        """Have the clients work; how many seconds it took.

        Raises:
            ProgramFailed: a client could not work.
        """
        try:
            self._start()
            began = self._processes.monotonic_ns()
            self._deadline_ns = began + int(self.trial.seconds * _NANOSECONDS)
            self._next_fault_ns = began + self._nanoseconds(_BETWEEN_FAULTS)
            for worker in self._workers:
                worker.go(self._deadline_ns)
            while self._tick():
                self._processes.sleep(_TICK)
            return (self._processes.monotonic_ns() - began) / _NANOSECONDS
        finally:
            for worker in self._workers:
                worker.process.signal(Signal.KILL)
                worker.process.wait()

    def lines(self) -> Iterator[str]:
        """All that the clients have written down."""
        return (line for worker in self._workers for life in worker.lives for line in life)

    def operations(self) -> list[Operation]:
        """All calls of the clients."""
        return [
            operation
            for worker in self._workers
            for life in worker.lives
            for operation in decode_records(map(json.loads, life))
        ]

    def faults(self) -> Mapping[Fault, int]:
        """How often each fault was made."""
        dropped = sum(line.startswith(f'{{"{DROPPED}"') for line in self.lines())
        return {**self._faults, Fault.DROP: dropped}

    def _start(self) -> None:
        trial = self.trial
        for number in range(trial.clients):
            share = trial.operations // trial.clients + (number < trial.operations % trial.clients)
            job = Job(
                url=self.target.url,
                folder=self._folder,
                project=self.target.project,
                client=str(number + 1),
                seed=str(trial.seed),
                plans=trial.plans,
                operations=share,
                drops=trial.faults,
            )
            self._workers.append(_Worker(self._processes, job))
        self._progress.step("starting clients")
        latest = self._processes.monotonic_ns() + _LONGEST_START * _NANOSECONDS
        while not all(worker.is_ready for worker in self._workers):
            if self._processes.monotonic_ns() > latest:
                raise ProgramFailed("The clients do not start in time.", next_step="Use fewer clients.")
            self._processes.sleep(_TICK)
            self._read()

    def _tick(self) -> bool:
        """Look after all clients once; whether any of them works still."""
        running = [worker for worker in self._workers if worker.is_running]
        self._read()
        now = self._processes.monotonic_ns()
        for worker in running:
            if worker.continue_at is not None and now >= worker.continue_at:
                worker.process.signal(Signal.CONTINUE)
                worker.continue_at = None
        calls = sum(worker.calls for worker in self._workers)
        self._progress.step(f"{calls} operations by {self.trial.clients} clients")
        if running and now > self._deadline_ns + _LONGEST_END * _NANOSECONDS:
            self._give_up(running)
            return False
        if self.trial.faults and self._next_fault_ns <= now < self._deadline_ns:
            self._disturb([worker for worker in running if worker.is_ready and worker.has_work], now)
        return bool(running)

    def _read(self) -> None:
        """Take in what all clients have written down, and expect none to have failed."""
        for worker in self._workers:
            ended = worker.process.exit_status()
            worker.read()
            if ended:
                said = worker.process.errors().strip().rpartition("\n")[2]
                raise ProgramFailed(
                    f"Client {worker.name} ended with status {ended}: {said or 'it said nothing'}",
                    next_step="If the store cannot be opened, see 'git kas plugins'.",
                )

    def _disturb(self, workers: Sequence[_Worker], now: int) -> None:
        self._next_fault_ns = now + self._nanoseconds(_BETWEEN_FAULTS)
        if not workers:
            return
        worker = self._random.choice(workers)
        if self._random.random() < 0.5:
            self._faults[Fault.STOP] += 1
            worker.process.signal(Signal.STOP)
            worker.continue_at = now + self._nanoseconds(_STOPPED_FOR)
            return
        self._faults[Fault.KILL] += 1
        worker.process.signal(Signal.KILL)
        worker.process.wait()
        worker.read()
        worker.start()
        worker.go(self._deadline_ns)

    def _give_up(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            worker.process.signal(Signal.KILL)
            worker.process.wait()
            worker.read()
            text = f"Client {worker.name} was still waiting for an answer {_LONGEST_END} s after the end."
            self.anomalies.append(Anomaly(AnomalyKind.BROKEN, text))

    def _nanoseconds(self, seconds: tuple[float, float]) -> int:
        return int(self._random.uniform(*seconds) * _NANOSECONDS)
