"""Group commit: what many requests ask at once is written in one durable step (DESIGN 5)."""

from __future__ import annotations

from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.ledger import Outcome
from git_kas.errors import Busy, KasError, StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from git_kas.ports.store_host import Asked

    Answers = Sequence[Outcome | KasError]

_MOST_TOGETHER: Final = 256


class _Job(NamedTuple):
    asked: Sequence[Asked]
    done: Future[Answers]


class GroupWriter:
    """One thread that commits for all others; whoever waits meanwhile goes with the next commit.

    ``commit_all`` is the host's; ``tell`` learns of each project's new change number, ``count`` of the size of
    each group and of the commits that came of it. Whoever holds
    ``committing`` keeps it from writing.
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
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closing = Lock()
        self.committing = Lock()
        self._closed = False
        self._thread = Thread(target=self._run, name="kas-writer", daemon=True)
        self._thread.start()

    def commit_all(self, asked: Sequence[Asked]) -> Answers:
        """Commit in order, and wait until that is durable.

        Raises:
            KasError: as :meth:`git_kas.ports.store_host.StoreHost.commit_all` says; Busy at the server's end.
        """
        job = _Job(asked, Future())
        with self._closing:
            if self._closed:
                raise Busy("The server is about to stop.", next_step="Try again.")
            self._jobs.put(job)
        return job.done.result()

    def close(self) -> None:
        """Commit what was asked for, and nothing more."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            batch, ends = self._waiting_with(job)
            self._commit(batch)
            if ends:
                return

    def _waiting_with(self, job: _Job) -> tuple[list[_Job], bool]:
        batch = [job]
        count = len(job.asked)
        while count < _MOST_TOGETHER:
            try:
                more = self._jobs.get_nowait()
            except Empty:
                break
            if more is None:
                return batch, True
            batch.append(more)
            count += len(more.asked)
        return batch, False

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
                job.done.set_exception(error)
            return
        fresh = sum(isinstance(answer, Outcome) and not answer.replayed for answer in answers)
        self._count(len(answers), fresh)
        start = 0
        for job in batch:
            mine = answers[start : start + len(job.asked)]
            start += len(job.asked)
            job.done.set_result(mine)
            for one, answer in zip(job.asked, mine, strict=True):
                if isinstance(answer, Outcome) and not answer.replayed:
                    self._tell(one.project, answer.change)
