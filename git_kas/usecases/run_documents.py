"""Run documents in the store: read, and written under a claim that keeps other machines off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.ledger import Run
from git_kas.domain.mutation import ClaimRun, PutRun, Request
from git_kas.domain.stage import RunDocument, decode_run, encode_run
from git_kas.domain.timestamps import later, timestamp
from git_kas.errors import Busy, Conflict
from git_kas.usecases.drive_ports import LEASE, RENEWAL, SYSTEM

if TYPE_CHECKING:
    from git_kas.domain.ledger import Outcome
    from git_kas.domain.mutation import Author
    from git_kas.domain.plan import Plan
    from git_kas.ports.clock import Clock
    from git_kas.ports.store import Store


class Progress:
    """The run document of a plan as it was read, and as it is written.

    Every writing names the revision that was read, so of several who decide at the same time one wins.
    """

    def __init__(self, store: Store, clock: Clock, plan: Plan, owner: str, by: Author = SYSTEM) -> None:
        self._store = store
        self._clock = clock
        self._plan = plan
        self._owner = owner
        self._by = by
        self._run = store.get_run(plan.filename) or Run()
        self.document: RunDocument = decode_run(self._run.document)

    @property
    def run(self) -> Run:
        """Who drives the plan, as it is stored."""
        return self._run

    def save(self, document: RunDocument, key: str = "", note: str = "") -> None:
        """Write ``document``, durably; under ``key`` once.

        Raises:
            Busy: another machine drives the plan.
            Conflict: somebody else has written since.
        """
        self._claim()
        mutation = PutRun(self._plan.filename, encode_run(document), self._run.fence, self._run.revision)
        self._take(self._store.commit(mutation, Request(self._by, key, note)))
        self.document = document

    def renew(self) -> None:
        """Keep the claim that we have from ending.

        Raises:
            Conflict: somebody else has written since.
        """
        if self.is_ours:
            self._claim()

    def expect_not_elsewhere(self) -> None:
        """Go on only if no other machine drives the plan.

        Raises:
            Busy: one does.
        """
        run = self._run
        if run.owner not in {"", self._owner} and run.expires > timestamp(self._clock.now_ns()):
            raise Busy(
                f"{self._plan.filename} is driven by {run.owner}.",
                next_step=f"Wait until that has finished; its claim ends at {run.expires}.",
            )

    def take_over(self) -> None:
        """Drive the plan from now on.

        Raises:
            Busy: another machine drives the plan.
            Conflict: somebody else has written since.
        """
        self.expect_not_elsewhere()
        self._claim()

    def release(self) -> None:
        """Let anybody drive the plan."""
        if self.is_ours:
            self._take(self._store.commit(ClaimRun(self._plan.filename, self._owner, 0), Request(self._by)))

    def renewal(self) -> str:
        """When :meth:`renew` has something to do; empty if never."""
        return later(self._run.expires, -RENEWAL) if self.is_ours else ""

    @property
    def is_ours(self) -> bool:
        """Whether we were the last to drive the plan."""
        return self._run.owner == self._owner and bool(self._run.expires)

    def _claim(self) -> None:
        if self.is_ours and later(self._run.expires, -RENEWAL) > timestamp(self._clock.now_ns()):
            return
        claim = ClaimRun(self._plan.filename, self._owner, LEASE)
        self._take(self._store.commit(claim, Request(self._by)))

    def _take(self, outcome: Outcome) -> None:
        """What is stored now; a claim names no revision, so whether it is what we knew is found out here."""
        if outcome.run is None:
            return
        if outcome.run.revision != self._run.revision + 1:
            raise Conflict(
                f"The run of {self._plan.filename} was written by somebody else meanwhile.",
                next_step="Read the run again and decide anew.",
                current=self._plan,
            )
        self._run = outcome.run
