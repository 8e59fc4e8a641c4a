"""The clients of a run against one plan store: processes that are started, disturbed, and started again."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.anomalies import Anomaly, AnomalyKind
from git_kas.domain.operations import decode_records
from git_kas.errors import ProgramFailed
from git_kas.ports.processes import Signal
from git_kas.usecases.faults import FAULTS_OF_CLIENTS, FAULTS_OF_SERVERS, Deck, Fault
from git_kas.usecases.store_client import DROPPED, Job, encode_job
from git_kas.usecases.trial_servers import Launch, TrialServers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from git_kas.domain.operations import Operation
    from git_kas.ports.processes import Processes
    from git_kas.ports.progress import Progress

CLIENT_MODULE: Final = "git_kas.cli.store_client"
_NANOSECONDS: Final = 1_000_000_000
_TICK: Final = 0.01  # seconds
_LONGEST_START: Final = 60  # seconds
_LONGEST_END: Final = 60  # seconds that a client may take for its last operation
_BETWEEN_FAULTS: Final = (0.05, 0.4)  # seconds, in a run of up to so many operations:
_OPERATIONS_OF_A_SHORT_RUN: Final = 10_000
_LEAST_WORK: Final = _NANOSECONDS // 5  # between two faults
_STOPPED_FOR: Final = (0.01, 0.25)  # seconds


class Trial(NamedTuple):
    """How large a run is: numbers of clients, operations and plans, the longest time, and the seed.

    It is disturbed by those ``faults`` that can come about. With ``servers`` so many of them are tried, over
    the store; without, the store itself.
    """

    clients: int
    operations: int
    plans: int
    seconds: float
    seed: int
    faults: Collection[Fault] = ()
    servers: int = 0


class Target(NamedTuple):
    """The store under test: its URL, and a project that nobody else uses."""

    url: str
    project: str


class _Worker:
    """A client: one process after another, as each is killed."""

    def __init__(self, processes: Processes, job: Job, variables: Mapping[str, str]) -> None:
        self._processes = processes
        self._variables = variables
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
        self.process = self._processes.start(CLIENT_MODULE, [encode_job(job)], self._variables)

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


class Surroundings(NamedTuple):
    """What clients work amid: their servers, and what can be done to the place where those keep all.

    Each of ``outages`` says whether it has come about.
    """

    processes: Processes
    progress: Progress
    launch: Launch
    outages: Mapping[Fault, Callable[[], bool]]


class Crew:
    """All clients of a run against ``target``; they keep their records in ``folder``."""

    def __init__(self, amid: Surroundings, target: Target, trial: Trial, folder: str) -> None:
        self.target = target
        self.trial = trial
        self._given_up: list[Anomaly] = []
        self._processes = amid.processes
        self._progress = amid.progress
        self._variables = amid.launch.variables
        self._outages = amid.outages
        self._folder = folder
        self._random = Random(f"faults {trial.seed}")  # noqa: S311 - chance, not secrecy
        self._servers = TrialServers(amid.processes, amid.launch, self._random)
        possible = {*FAULTS_OF_CLIENTS, *(FAULTS_OF_SERVERS if trial.servers else ()), *amid.outages}
        self._deck = Deck(self._random, possible.intersection(trial.faults))
        self._faults = dict.fromkeys(Fault, 0)
        self._workers: list[_Worker] = []
        self._deadline_ns = 0
        self._next_fault_ns = 0

    @property
    def anomalies(self) -> list[Anomaly]:
        """What was wrong with clients and servers, beside what they said."""
        return [*self._servers.anomalies, *self._given_up]

    @property
    def is_remote(self) -> bool:
        """Whether there is a network between the clients and the store."""
        return bool(self.trial.servers) or self.target.url.startswith(("http:", "https:"))

    def work(self) -> float:
        """Have the clients work; how many seconds it took. Afterwards nobody writes any more.

        Raises:
            ProgramFailed: a client or a server could not work.
        """
        try:
            self._servers.start()
            self._start()
            began = self._processes.monotonic_ns()
            self._deadline_ns = began + int(self.trial.seconds * _NANOSECONDS)
            self._next_fault_ns = began + self._pause()
            for worker in self._workers:
                worker.go(self._deadline_ns)
            while self._tick():
                self._processes.sleep(_TICK)
            seconds = (self._processes.monotonic_ns() - began) / _NANOSECONDS
            self._servers.end()
            return seconds
        finally:
            for worker in self._workers:
                worker.process.signal(Signal.KILL)
                worker.process.wait()
            self._servers.close()

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
        return {**self._faults, Fault.DROP: dropped, Fault.LOST_ANSWER: self._servers.lost_answers()}

    def _start(self) -> None:
        trial = self.trial
        for number in range(trial.clients):
            share = trial.operations // trial.clients + (number < trial.operations % trial.clients)
            job = Job(
                urls=self._servers.addresses or (self.target.url,),
                folder=self._folder,
                project=self.target.project,
                client=str(number + 1),
                seed=str(trial.seed),
                plans=trial.plans,
                operations=share,
                drops=Fault.DROP in trial.faults,
            )
            self._workers.append(_Worker(self._processes, job, self._variables))
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
        self._servers.look_after(now)
        for worker in running:
            if worker.continue_at is not None and now >= worker.continue_at:
                worker.process.signal(Signal.CONTINUE)
                worker.continue_at = None
        calls = sum(worker.calls for worker in self._workers)
        self._progress.step(f"{calls} operations by {self.trial.clients} clients")
        if running and now > self._deadline_ns + _LONGEST_END * _NANOSECONDS:
            self._give_up(running)
            return False
        if self._deck and now < self._deadline_ns:
            self._disturb(running, now)
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

    def _disturb(self, running: Sequence[_Worker], now: int) -> None:
        """Make a fault if it is time for one: some time after everybody has come back from the one before."""
        if not (self._servers.all_serve() and all(worker.is_ready for worker in running)):
            self._next_fault_ns = max(self._next_fault_ns, now + _LEAST_WORK)
            return
        if now < self._next_fault_ns:
            return
        self._next_fault_ns = now + self._pause()
        workers = [worker for worker in running if worker.has_work]
        fault = self._deck.draw()
        if fault in FAULTS_OF_CLIENTS:
            made = bool(workers)
            if workers:
                self._disturb_client(self._random.choice(workers), fault, now)
        elif fault in FAULTS_OF_SERVERS:
            made = self._servers.disturb(fault, now)
        else:
            made = self._outages[fault]()
        self._faults[fault] += made

    def _disturb_client(self, worker: _Worker, fault: Fault, now: int) -> None:
        if fault is Fault.STOP:
            worker.process.signal(Signal.STOP)
            worker.continue_at = now + self._nanoseconds(_STOPPED_FOR)
            return
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
            self._given_up.append(Anomaly(AnomalyKind.BROKEN, text))

    def _pause(self) -> int:
        """Until the next fault. A long run has more of them in all, but does not spend itself on starting."""
        scale = max(1.0, self.trial.operations / _OPERATIONS_OF_A_SHORT_RUN)
        return int(self._nanoseconds(_BETWEEN_FAULTS) * scale)

    def _nanoseconds(self, seconds: tuple[float, float]) -> int:
        return int(self._random.uniform(*seconds) * _NANOSECONDS)
