"""Group commit: what many requests ask at once is written in one durable step (DESIGN 5)."""

from __future__ import annotations

from collections import deque
from threading import Condition, Lock
from typing import TYPE_CHECKING, Final

from git_kas.domain.ledger import Outcome
from git_kas.errors import Busy, KasError, StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from git_kas.ports.store_host import Asked

    Answers = Sequence[Outcome | KasError]

_MOST_TOGETHER: Final = 256


class _Job:
    """What one thread asks for; ``turn`` is free once there is an answer, or once it is to write."""

    def __init__(self, asked: Sequence[Asked]) -> None:
        self.asked = asked
        self.turn = Lock()
        self.turn.acquire()
        self.is_done = False
        self._answers: Answers = ()
        self._error: Exception | None = None

    def answer(self, answers: Answers) -> None:
        """It is committed."""
        self._answers, self.is_done = answers, True
        self.turn.release()

    def fail(self, error: Exception) -> None:
        """Nothing was committed."""
        self._error, self.is_done = error, True
        self.turn.release()

    def result(self) -> Answers:
        """What came of it."""
        if self._error is not None:
            raise self._error
        return self._answers


class GroupWriter:
    """Of all threads that commit, one does so for all; whoever comes meanwhile goes with the next commit.

    The first of those who wait writes that: so a thread that finds nobody writing hands nothing over.

    ``commit_all`` is the host's; ``tell`` learns of each project's new change number, ``count`` of the size of
    each group and of the commits that came of it. Whoever holds ``committing`` keeps it from writing.
    """

    def __init__(
        self,
        commit_all: Callable[[Sequence[Asked]], Answers],
        tell: Callable[[str, int], None],
        count: Callable[[int, int], None] = lambda _group, _commits: None,
    ) -> None:
        self._commit_all = commit_all
        self._tell = tell
        self._count = count
        self._waiting: deque[_Job] = deque()
        self._lock = Lock()
        self._rests = Condition(self._lock)
        self._is_writing = False
        self._closed = False
        self.committing = Lock()

    def commit_all(self, asked: Sequence[Asked]) -> Answers:
        """Commit in order, and wait until that is durable.

        Raises:
            KasError: as :meth:`git_kas.ports.store_host.StoreHost.commit_all` says; Busy at the server's end.
        """
        job = _Job(asked)
        with self._lock:
            if self._closed:
                raise Busy("The server is about to stop.", next_step="Try again.")
            self._waiting.append(job)
            another_writes, self._is_writing = self._is_writing, True
        if another_writes:
            job.turn.acquire()
        if not job.is_done:
            self._write()
        return job.result()

    @property
    def waiting(self) -> int:
        """How many threads wait for others to have written."""
        return len(self._waiting)

    def close(self) -> None:
        """Let what was asked for be committed, and nothing more."""
        with self._lock:
            self._closed = True
            self._rests.wait_for(lambda: not self._is_writing)

    def _write(self) -> None:
        """Commit what is asked for by whoever waits, then have the next one do so."""
        batch = self._waiting_together()
        try:
            self._commit(batch)
        finally:
            with self._lock:
                if self._waiting:
                    self._waiting[0].turn.release()
                else:
                    self._is_writing = False
                    self._rests.notify_all()

    def _waiting_together(self) -> list[_Job]:
        batch: list[_Job] = []
        count = 0
        with self._lock:
            while self._waiting and count < _MOST_TOGETHER:
                batch.append(self._waiting.popleft())
                count += len(batch[-1].asked)
        return batch

    def _commit(self, batch: Sequence[_Job]) -> None:
        try:
            with self.committing:
                answers = self._commit_all([one for job in batch for one in job.asked])
        except Exception as error:
            if len(batch) > 1 and (isinstance(error, StoreCorrupt) or not isinstance(error, KasError)):
                for job in batch:  # nothing was committed; one damaged project must not stop the others
                    self._commit([job])
                return
            for job in batch:
                job.fail(error)
            return
        fresh = sum(isinstance(answer, Outcome) and not answer.replayed for answer in answers)
        self._count(len(answers), fresh)
        start = 0
        for job in batch:
            mine = answers[start : start + len(job.asked)]
            start += len(job.asked)
            job.answer(mine)
        for one, answer in zip((one for job in batch for one in job.asked), answers, strict=True):
            if isinstance(answer, Outcome) and not answer.replayed:
                self._tell(one.project, answer.change)
