"""How far a plan is driven: what its run document holds, and how that is written (DESIGN 10).

A *stage* lasts from one change of the plan's status to the next. It is made of *jobs*; each *attempt* of a job
is one run of an agent.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from git_kas.domain.agents import MODES, Mode
from git_kas.domain.codec import decoding
from git_kas.errors import StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = 1


class JobState(StrEnum):
    """Where a job stands."""

    PENDING = "pending"
    STARTING = "starting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    STOPPED = "stopped"


JOB_MEANINGS: Final[Mapping[JobState, str]] = {
    JobState.PENDING: "it has not begun, or is to be tried again",
    JobState.STARTING: "its agent is about to be started",
    JobState.RUNNING: "its agent is at work",
    JobState.COMPLETE: "its agent said so by a signal, or ended with status 0 where that is enough",
    JobState.FAILED: "its agent ended otherwise, or is gone without a word",
    JobState.UNKNOWN: "its agent has been at work for too long, or is on another machine; it may still finish",
    JobState.SKIPPED: "it was passed over",
    JobState.STOPPED: "its agent was stopped with the stage",
}

PASSED: Final = frozenset({JobState.COMPLETE, JobState.SKIPPED})
"""Jobs that the next wave does not wait for."""

AT_WORK: Final = frozenset({JobState.STARTING, JobState.RUNNING})
"""Jobs that take one of the places for agents."""

UNDECIDED: Final = frozenset({JobState.FAILED, JobState.UNKNOWN, JobState.STOPPED})
"""Jobs about which somebody has to decide: try again, pass over, or give up."""


class Condition(StrEnum):
    """What a stage waits for."""

    WORKING = "working"
    UNDECIDED = "undecided"
    DONE = "done"
    ABORTED = "aborted"
    ENDED = "ended"


CONDITION_MEANINGS: Final[Mapping[Condition, str]] = {
    Condition.WORKING: "agents are at work, or are about to be started",
    Condition.UNDECIDED: "a job did not go well, and nobody is at work on the rest of its wave: people decide",
    Condition.DONE: "all jobs are complete or were passed over",
    Condition.ABORTED: "it was aborted; nothing is started",
    Condition.ENDED: "the plan has moved on",
}


class Attempt(NamedTuple):
    """A run of an agent. Times are RFC 3339 in UTC with microseconds, empty where there is none yet.

    ``status`` is the agent's exit status, below zero for a signal; None while it is not known. ``owner`` is who
    has started it: only there can be seen what becomes of it. ``branch`` is the task's own, empty where it
    works on the plan's; ``merged``: that it is in the plan's branch.
    """

    run_id: str
    folder: str
    began: str = ""
    ended: str = ""
    status: int | None = None
    reason: str = ""
    owner: str = ""
    branch: str = ""
    merged: bool = False


class Job(NamedTuple):
    """What one agent is given. ``id`` is its own in the stage; ``wave`` and ``task`` are as they were written.

    ``place`` is the position of its wave in the plan, from 0. ``reason`` says why it is in its state.
    """

    id: str
    title: str = ""
    place: int = 0
    wave: int = 0
    task: str = ""
    state: JobState = JobState.PENDING
    attempts: tuple[Attempt, ...] = ()
    reason: str = ""

    @property
    def last(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None


class Stage(NamedTuple):
    """What happens, or happened, while the plan is in one status.

    ``entered`` is when the plan came into it; ``content_id`` is the text that the jobs were taken from.
    ``feedback`` are the change numbers of the verdicts whose texts are handed to the coder. ``waves`` counts
    the waves of the plan. ``aborted``: nothing more is started.
    """

    mode: Mode
    round: int
    entered: str
    began: str
    content_id: str = ""
    jobs: tuple[Job, ...] = ()
    waves: int = 0
    feedback: tuple[int, ...] = ()
    aborted: bool = False
    ended: str = ""

    def job(self, id_: str) -> Job | None:
        """The job of that id."""
        return next((job for job in self.jobs if job.id == id_), None)

    def with_job(self, changed: Job) -> Stage:
        """The stage with ``changed`` in place of the job of its id."""
        return self._replace(jobs=tuple(changed if job.id == changed.id else job for job in self.jobs))


class RunDocument(NamedTuple):
    """All that is known of how a plan was driven: the present stage, and earlier ones.

    ``given`` is the change number of the newest verdict whose text was handed on. ``notice`` says why nothing
    is started although something could be; empty if nothing keeps it. ``allowed`` is how many rounds of review
    a user has allowed beyond the limit.
    """

    stage: Stage | None = None
    past: tuple[Stage, ...] = ()
    given: int = 0
    notice: str = ""
    allowed: int = 0


def encode_run(document: RunDocument) -> dict[str, object]:
    """As it is stored."""
    return {
        "version": VERSION,
        "stage": _encode_stage(document.stage) if document.stage else None,
        "past": [_encode_stage(stage) for stage in document.past],
        "given": document.given,
        "notice": document.notice,
        "allowed": document.allowed,
    }


def decode_run(stored: Mapping[str, Any]) -> RunDocument:
    """What is stored; an empty document is one of which nothing is known.

    Raises:
        StoreCorrupt: somebody else has written it, or a later version.
    """
    if not stored:
        return RunDocument()
    if stored.get("version") != VERSION:
        raise StoreCorrupt(
            f"The progress of a plan is stored in version {stored.get('version')!r}, and this is {VERSION}.",
            next_step="Use the git-kas that wrote it.",
        )
    try:
        with decoding("the progress of a plan"):
            stage = stored["stage"]
            return RunDocument(
                _decode_stage(stage) if stage is not None else None,
                tuple(_decode_stage(one) for one in stored["past"]),
                int(stored["given"]),
                str(stored["notice"]),
                int(stored["allowed"]),
            )
    except ValueError as error:
        raise StoreCorrupt(
            f"The stored progress of a plan cannot be understood: {error}.",
            next_step="'git kas export' saves what there is.",
        ) from error


def _encode_stage(stage: Stage) -> dict[str, object]:
    jobs = [
        {**job._asdict(), "state": str(job.state), "attempts": [one._asdict() for one in job.attempts]}
        for job in stage.jobs
    ]
    return {**stage._asdict(), "mode": str(stage.mode), "jobs": jobs, "feedback": list(stage.feedback)}


def _decode_stage(stored: Mapping[str, Any]) -> Stage:
    return Stage(
        **{
            **stored,
            "mode": Mode(stored["mode"]),
            "jobs": tuple(_decode_job(job) for job in stored["jobs"]),
            "feedback": tuple(stored["feedback"]),
        }
    )


def _decode_job(stored: Mapping[str, Any]) -> Job:
    return Job(
        **{
            **stored,
            "state": JobState(stored["state"]),
            "attempts": tuple(Attempt(**attempt) for attempt in stored["attempts"]),
        }
    )


def role_of(stage: Stage) -> str:
    """The role of the stage's agents."""
    return MODES[stage.mode].role
