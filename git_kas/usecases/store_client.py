"""One client of a plan store under test: asks at random, and writes down each call before and after it."""

from __future__ import annotations

import json
from collections import deque
from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from git_kas.domain.codec import encode_plan, encode_run
from git_kas.domain.mutation import ClaimRun
from git_kas.domain.operations import (
    Operation,
    Read,
    ReadKind,
    Write,
    called_record,
    decode_records,
    entry_stamp,
    outcome_document,
    plan_stamp,
    returned_record,
    topic_stamps,
)
from git_kas.domain.plan import Plan
from git_kas.domain.replay import named_plans
from git_kas.errors import Conflict, KasError, Unreachable
from git_kas.usecases.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.names import PlanName
    from git_kas.domain.operations import Asked
    from git_kas.ports.processes import LineLog, Processes
    from git_kas.ports.store import Store

READY: Final = {"ready": True}
DROPPED: Final = "dropped"
_SHARE_OF_REPETITIONS: Final = 0.1
_SHARE_OF_MISUSES: Final = 0.02
_SHARE_OF_DROPS: Final = 0.08
_SHARE_OF_RESUMPTIONS: Final = 0.8
_MOST_ATTEMPTS: Final = 3
_SHARE_OF_LATE_REPETITIONS: Final = 0.03
_REMEMBERED: Final = 50  # mutations, of which one may be repeated when nobody thinks of it any more
_WAIT: Final = 0.02  # seconds
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds after answers that did not come, one after the other


class Job(NamedTuple):
    """What one client process is to do. ``client`` is its number and life, such as ``2.1``.

    ``urls`` are the addresses of one store; a client uses one until it gets no answer there.
    ``earlier_log`` is what its predecessor wrote until it was killed; ``drops`` says whether answers get lost.
    """

    urls: Sequence[str]
    folder: str
    project: str
    client: str
    seed: str
    plans: int
    operations: int
    log: str = ""
    earlier_log: str = ""
    drops: bool = False


def encode_job(job: Job) -> str:
    """A job as an argument of a process."""
    return json.dumps(job._asdict())


def decode_job(text: str) -> Job:
    """See :func:`encode_job`."""
    return Job(**json.loads(text))


def run_client(
    job: Job, stores: Sequence[Store], processes: Processes, wait_for_word: Callable[[], str]
) -> None:
    """Ask until the job is done. ``stores`` are one, opened at each of its addresses.

    ``wait_for_word`` gives the deadline by the clock of ``processes`` as soon as everybody is ready, and
    nothing if there is nobody left to work for.
    """
    log = processes.create_log(job.log)
    try:
        log.append(json.dumps(READY))
        if word := wait_for_word().strip():
            _Client(job, stores, log, processes).run(int(word))
    finally:
        log.close()


class _Client:
    def __init__(self, job: Job, stores: Sequence[Store], log: LineLog, processes: Processes) -> None:
        self._job = job
        self._stores = stores
        self._log = log
        self._processes = processes
        self._random = Random(f"client {job.seed}")  # noqa: S311 - chance, not secrecy
        self._workload = Workload(job.client, job.seed, job.plans)
        self._calls = 0
        self._store = self._random.choice(stores)
        self._silent = 0
        self._repeatable: deque[Write] = deque(maxlen=_REMEMBERED)

    def run(self, deadline_ns: int) -> None:
        unfinished = self._unfinished_of_predecessor()
        if unfinished is not None and self._chance(_SHARE_OF_RESUMPTIONS):
            self._call(unfinished)
        while self._calls < self._job.operations and self._processes.monotonic_ns() < deadline_ns:
            if self._repeatable and self._chance(_SHARE_OF_LATE_REPETITIONS):
                self._call(self._random.choice(self._repeatable))
            else:
                self._take_turn(self._workload.next())

    def _unfinished_of_predecessor(self) -> Write | None:
        """The keyed mutation during which the predecessor was killed."""
        lines, _ = self._processes.read_log(self._job.earlier_log) if self._job.earlier_log else ((), 0)
        operations = decode_records(json.loads(line) for line in lines)
        last = operations[-1] if operations else None
        if last is None or last.return_ns is not None or isinstance(last.asked, Read):
            return None
        return last.asked if last.asked.key else None

    def _take_turn(self, asked: Asked) -> None:
        if isinstance(asked, Read) or not asked.key:
            self._call(asked)
            return
        attempts = 1
        while (dropped := self._job.drops and self._chance(_SHARE_OF_DROPS)) and attempts < _MOST_ATTEMPTS:
            self._call(asked, dropped=dropped)
            attempts += 1
        error = self._call(asked)
        while error == Unreachable.code and attempts < _MOST_ATTEMPTS:
            error = self._call(asked)
            attempts += 1
        if error in {"", Unreachable.code}:
            self._repeatable.append(asked)
        if not error and self._chance(_SHARE_OF_REPETITIONS):
            self._call(asked)
        if not error and self._chance(_SHARE_OF_MISUSES):
            self._call(self._workload.misuse(asked))

    def _call(self, asked: Asked, *, dropped: bool = False) -> str:
        """Make one call between its two records; its error. The answer to a dropped one is thrown away."""
        self._calls += 1
        operation = Operation(self._job.client, self._calls, asked, self._processes.monotonic_ns())
        self._write(called_record(operation))
        value, error = answer(self._store, asked, self._workload)
        if dropped:
            self._write({DROPPED: self._calls})
        else:
            return_ns = self._processes.monotonic_ns()
            self._write(returned_record(operation._replace(return_ns=return_ns, value=value, error=error)))
        self._mind_silence(error)
        return error

    def _mind_silence(self, error: str) -> None:
        """Without an answer wait a little, and go on at another address, as far as there is one."""
        if error != Unreachable.code:
            self._silent = 0
            return
        self._processes.sleep(_PAUSES[min(self._silent, len(_PAUSES) - 1)])
        self._silent += 1
        others = [store for store in self._stores if store is not self._store]
        self._store = self._random.choice(others or [self._store])

    def _write(self, record: Mapping[str, Any]) -> None:
        self._log.append(json.dumps(record, separators=(",", ":")))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


def answer(store: Store, asked: Asked, workload: Workload) -> tuple[Any, str]:
    """What ``store`` answers, and the code of its refusal; ``workload`` learns from it."""
    try:
        if isinstance(asked, Read):
            return _READERS[asked.kind](store, asked, workload), ""
        return _commit(store, asked, workload), ""
    except Conflict as error:
        if not isinstance(error.current, Plan):
            return None, error.code
        workload.saw_plan(error.current)
        return encode_plan(error.current), error.code
    except KasError as error:
        for name in named_plans(asked)[:1]:
            workload.was_refused(name, error)
        return None, error.code
    except Exception as error:  # a store under test may do anything; it is reported
        return None, f"{type(error).__name__}: {error}"


def _commit(store: Store, asked: Write, workload: Workload) -> object:
    outcome = store.commit(asked.mutation, asked.request)
    workload.saw_change(outcome.change)
    if outcome.plan is not None:
        workload.saw_plan(outcome.plan)
    if outcome.run is not None and isinstance(asked.mutation, ClaimRun):
        workload.saw_fence(asked.mutation.filename, outcome.run.fence)
    return outcome_document(outcome)


# -- readings, and what the client learns from them ----------------------------------------------------------


def _get(store: Store, asked: Read, workload: Workload) -> object:
    plan = store.get_plan(_plan_of(asked))
    workload.saw_plan(plan)
    return encode_plan(plan)


def _content(store: Store, asked: Read, workload: Workload) -> object:
    del workload
    content = store.get_content(_plan_of(asked))
    return sha256(content).hexdigest() if content is not None else None


def _run(store: Store, asked: Read, workload: Workload) -> object:
    run = store.get_run(_plan_of(asked))
    workload.saw_fence(_plan_of(asked), run.fence if run is not None else 0)
    return encode_run(run) if run is not None else None


def _list(store: Store, asked: Read, workload: Workload) -> object:
    plans = store.list_plans(asked.statuses, asked.topic)
    for plan in plans:
        workload.saw_plan(plan)
    return [plan_stamp(plan) for plan in plans]


def _topics(store: Store, asked: Read, workload: Workload) -> object:
    del asked, workload
    return topic_stamps(store.list_topics())


def _history(store: Store, asked: Read, workload: Workload) -> object:
    entries = store.history(asked.plan, asked.since)
    workload.saw_change(max((entry.change for entry in entries), default=0))
    return [entry_stamp(entry) for entry in entries]


def _changes(store: Store, asked: Read, workload: Workload) -> object:
    change = store.changes(asked.since, _WAIT if asked.since else 0.0)
    workload.saw_change(change)
    return change


def _plan_of(asked: Read) -> PlanName:
    return cast("PlanName", asked.plan)


_READERS: Final[Mapping[ReadKind, Callable[[Store, Read, Workload], object]]] = {
    ReadKind.GET: _get,
    ReadKind.CONTENT: _content,
    ReadKind.RUN: _run,
    ReadKind.LIST: _list,
    ReadKind.TOPICS: _topics,
    ReadKind.HISTORY: _history,
    ReadKind.CHANGES: _changes,
}
