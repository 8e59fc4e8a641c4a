"""The rules of runs: who drives a plan's waves, and how the progress is written (DESIGN 10)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from git_kas.domain.ledger import Action, PlanRecord, Run
from git_kas.domain.project import live_record
from git_kas.domain.timestamps import later
from git_kas.errors import Busy, Conflict, UsageError

if TYPE_CHECKING:
    from git_kas.domain.draft import Draft
    from git_kas.domain.mutation import ClaimRun, PutRun

LONGEST_CLAIM: Final = 7 * 86_400


def decide_claim_run(draft: Draft, asked: ClaimRun) -> None:
    """Take, renew or give back the right to drive a plan.

    Raises:
        Busy: somebody else holds it, and its time is not over.
        UsageError: the time is not one, or nobody is named.
    """
    if not (math.isfinite(asked.ttl) and 0 <= asked.ttl <= LONGEST_CLAIM) or not asked.owner:
        raise UsageError(
            "The run cannot be claimed like that.",
            next_step=f"Name an owner, and 0 to {LONGEST_CLAIM} seconds.",
        )
    record = live_record(asked.filename, draft.view.record(asked.filename))
    run = record.run or Run()
    if run.owner not in {"", asked.owner} and run.expires > draft.time:
        raise Busy(
            f"{asked.filename} is driven by {run.owner} until {run.expires}.",
            next_step="Wait until it is finished, or stop that process.",
        )
    if not asked.ttl:
        if run.owner == asked.owner:
            _put(draft, record, run._replace(owner="", expires=""), Action.RUN_RELEASED)
        else:
            _put(draft, record, run, Action.RUN_RELEASED)
        return
    fresh = run.owner != asked.owner or run.expires <= draft.time
    claimed = run._replace(owner=asked.owner, fence=run.fence + fresh, expires=later(draft.time, asked.ttl))
    _put(draft, record, claimed, Action.RUN_CLAIMED)


def decide_put_run(draft: Draft, asked: PutRun) -> None:
    """Write the progress of a plan.

    Raises:
        Conflict: the writer's fence is not the newest, or the run is at another revision.
    """
    record = live_record(asked.filename, draft.view.record(asked.filename))
    run = record.run or Run()
    if asked.fence != run.fence or not run.owner:
        raise Conflict(
            f"The run of {asked.filename} is not claimed under fence {asked.fence}, but under {run.fence} by "
            f"{run.owner or 'nobody'}.",
            next_step="Stop, and claim the run before you write.",
            current=record.plan,
        )
    if asked.if_revision is not None and asked.if_revision != run.revision:
        raise Conflict(
            f"The run of {asked.filename} is at revision {run.revision}, not {asked.if_revision}.",
            next_step="Read the run again and decide anew.",
            current=record.plan,
        )
    _put(draft, record, run._replace(document=asked.document), Action.RUN_WRITTEN)


def _put(draft: Draft, record: PlanRecord, run: Run, action: Action) -> None:
    """Store the run under its next revision; the plan's own revision stays."""
    changed = record._replace(run=run._replace(revision=run.revision + 1))
    draft.put(changed)
    draft.note(action, changed, {}, {"fence": run.fence, "owner": run.owner, "run_revision": run.revision + 1})
