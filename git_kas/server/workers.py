"""Threads that answer requests: as many as are needed at once, and none that outlives the process."""

from __future__ import annotations

from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Workers:
    """Up to ``most`` threads; a job that finds none idle waits for the first that is."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = Lock()
        self._idle = 0
        self.count = 0

    def submit(self, job: Callable[[], None]) -> None:
        """Have ``job``, which raises nothing, done by a thread."""
        with self._lock:
            if self._idle:
                self._idle -= 1
            elif self.count < self._most:
                self.count += 1
                Thread(target=self._run, name=f"kas-worker-{self.count}", daemon=True).start()
        self._jobs.put(job)

    def _run(self) -> None:
        while True:
            self._jobs.get()()
            with self._lock:
                self._idle += 1
