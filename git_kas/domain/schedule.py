"""When which job of a plan is started, and what is made of what its agents do: the rules of waves (DESIGN 10).

Every function takes a stage and gives the next one; nothing here knows of processes, files or stores. A job is
complete only by an explicit signal or, where that is enough, by exit status 0; time alone completes nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from git_kas.domain.agents import MODES, Mode
from git_kas.domain.lifecycle import Event
from git_kas.domain.signal_rules import Cause, Rejection
from git_kas.domain.signals import is_signal_number
from git_kas.domain.stage import (
    AT_WORK,
    PASSED,
    UNDECIDED,
    Attempt,
    Condition,
    Job,
    JobState,
    RunDocument,
    Stage,
)
from git_kas.domain.timestamps import later
from git_kas.errors import InvalidTransition, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from git_kas.domain.plan import Plan
    from git_kas.domain.plan_document import PlanDocument, Task

STOP_BEFORE_RETRY: Final = frozenset({JobState.UNKNOWN})
"""Jobs whose agent may be at work still when somebody wants another attempt."""

PASSED_OVER: Final = "it is before the wave that was asked for"
_GOING_ON: Final = frozenset(
    {Event.IMPLEMENT_START, *(event for form in MODES.values() for event in form.ends_by)}
)
"""Events of a plan that gets on."""

_NO_WORD: Final = "its agent ended without a word about the result"


# -- stages begin ----------------------------------------------------------------------------------------


def begin_waves(plan: Plan, now: str, document: PlanDocument, first_wave: int) -> Stage:
    """A coder for each task from the wave numbered ``first_wave`` on; one for all where there are no tasks.

    Raises:
        UsageError: the plan has no such wave.
    """
    first = place_of_wave(document, first_wave)
    jobs = _wave_jobs(document)
    if not jobs:
        return begin_single(plan, now, Mode.WHOLE)
    passed = {"state": JobState.SKIPPED, "reason": PASSED_OVER}
    jobs = [job._replace(**passed) if job.place < first else job for job in jobs]  # type: ignore[arg-type]  # fields by name
    stage = begin_single(plan, now, Mode.WAVES)
    return stage._replace(jobs=tuple(jobs), waves=len(document.waves))


def begin_single(plan: Plan, now: str, mode: Mode, feedback: Sequence[int] = ()) -> Stage:
    """One agent; ``feedback`` are the change numbers of the verdicts that it is told of."""
    job = Job(f"R{plan.round}-{MODES[mode].role}", MODES[mode].meaning)
    return Stage(mode, plan.round, entered(plan), now, plan.content_id, (job,), feedback=tuple(feedback))


def entered(plan: Plan) -> str:
    """When the plan came into its status, as a history has it; empty where nobody has seen that."""
    return plan.moved.time if plan.moved else ""


def is_current(plan: Plan, stage: Stage) -> bool:
    """Whether the plan is still where it was when the stage began; times alone may be equal."""
    belongs = MODES[stage.mode].status is plan.status and stage.round == plan.round
    return belongs and stage.entered == entered(plan)


def place_of_wave(document: PlanDocument, number: int) -> int:
    """The position of the first wave of that number; a plan without waves counts as having wave 1.

    Raises:
        UsageError: there is none.
    """
    numbers = [wave.number for wave in document.waves] or [1]
    if number in numbers:
        return numbers.index(number)
    known = ", ".join(map(str, dict.fromkeys(numbers)))
    raise UsageError(f"The plan has no wave {number}.", next_step=f"Its waves: {known}.")


def tasks_by_job(document: PlanDocument) -> Mapping[str, tuple[int, Task]]:
    """The place of its wave and the task for each job; ids are unique whatever the numbers are."""
    tasks: dict[str, tuple[int, Task]] = {}
    used: Counter[str] = Counter()
    for place, wave in enumerate(document.waves):
        for task in wave.tasks:
            id_ = f"W{wave.number}-T{task.label}"
            used[id_] += 1
            tasks[id_ if used[id_] == 1 else f"{id_}x{used[id_]}"] = place, task
    return tasks


def _wave_jobs(document: PlanDocument) -> list[Job]:
    """A job for each task, in the order of the text."""
    return [
        Job(id_, task.title, place, document.waves[place].number, task.label)
        for id_, (place, task) in tasks_by_job(document).items()
    ]


def refreshed(stage: Stage, document: PlanDocument, content_id: str) -> Stage:
    """The stage after the plan's text was changed while it runs.

    What has begun stays as it is; what has not is as the new text says. A text that leaves nothing to do is not
    followed: that must not pass for having done it.
    """
    if stage.mode is not Mode.WAVES or stage.content_id == content_id:
        return stage
    begun = {job.id: job for job in stage.jobs if job.attempts or job.state is not JobState.PENDING}
    wanted = _wave_jobs(document)
    known = {job.id for job in wanted}
    if not wanted:
        return stage._replace(content_id=content_id)
    current = min(
        (job.place for job in stage.jobs if job.state not in PASSED),
        default=max((job.place for job in begun.values()), default=0),
    )
    jobs = [job for id_, job in begun.items() if id_ not in known]
    for job in wanted:
        old = begun.get(job.id)
        if old is not None:
            jobs.append(old._replace(place=job.place))
        elif job.place >= current:
            jobs.append(job)
    jobs.sort(key=lambda job: job.place)
    if not any(job.attempts or job.state is JobState.PENDING for job in jobs):
        return stage._replace(content_id=content_id)
    return stage._replace(jobs=tuple(jobs), waves=len(document.waves), content_id=content_id)


# -- what is to be done ----------------------------------------------------------------------------------


def condition(stage: Stage) -> Condition:
    """What the stage waits for."""
    if stage.ended:
        return Condition.ENDED
    if stage.aborted:
        return Condition.ABORTED
    states = {job.state for job in _current_jobs(stage)}
    if not states:
        return Condition.DONE
    if states & AT_WORK or JobState.PENDING in states:
        return Condition.WORKING
    return Condition.UNDECIDED


def is_driven(plan: Plan, stage: Stage) -> bool:
    """Whether there is something to do or to decide in the stage, so that no other may begin."""
    return is_current(plan, stage) and condition(stage) in {Condition.WORKING, Condition.UNDECIDED}


def startable(stage: Stage) -> list[Job]:
    """Jobs of the current wave that nobody works on yet, in the order of the text."""
    if condition(stage) is not Condition.WORKING:
        return []
    return [job for job in _current_jobs(stage) if job.state is JobState.PENDING]


def at_work(stage: Stage) -> list[Job]:
    """Jobs whose agents were started, or are about to be."""
    return [job for job in stage.jobs if job.state in AT_WORK]


def with_agents(stage: Stage) -> list[Job]:
    """Jobs whose agent may be there still: of those that have ended by a signal or by time, too."""
    return [
        job for job in stage.jobs if job.last is not None and job.last.status is None and not job.last.ended
    ]


def current_wave(stage: Stage) -> int | None:
    """The number of the wave that the stage is in, None outside of waves and behind the last one."""
    jobs = _current_jobs(stage)
    return jobs[0].wave if jobs and stage.mode is Mode.WAVES else None


def _current_jobs(stage: Stage) -> list[Job]:
    """The jobs of the first wave that is not passed; waves without tasks are none."""
    waiting = [job.place for job in stage.jobs if job.state not in PASSED]
    return [job for job in stage.jobs if job.place == min(waiting)] if waiting else []


def deadline(stage: Stage, seconds: float) -> str:
    """When the first of the running jobs has run for that long; empty if none runs or there is no limit."""
    running = (job.last for job in stage.jobs if job.state is JobState.RUNNING and job.last)
    began = [attempt.began for attempt in running if attempt.began]
    return later(min(began), seconds) if began and seconds else ""


def unfinished(plan: Plan, stage: Stage | None) -> Rejection | None:
    """Why the plan is not implemented yet, whatever one of its agents says; None if nothing is open."""
    if stage is None or stage.mode is not Mode.WAVES or not is_current(plan, stage):
        return None
    open_jobs = [job for job in stage.jobs if job.state not in PASSED]
    if stage.aborted or not open_jobs:
        return None
    word = f"{open_jobs[0].id} is {open_jobs[0].state}"
    return Rejection(Cause.UNFINISHED, f"The waves of the plan are not done: {word}.")


# -- what happens to a job -------------------------------------------------------------------------------


def started(stage: Stage, job: Job, attempt: Attempt) -> Stage:
    """An attempt is written down before its agent is started."""
    return stage.with_job(job._replace(state=JobState.STARTING, attempts=(*job.attempts, attempt), reason=""))


def seen_running(stage: Stage, job: Job, began: str) -> Stage:
    """The agent is at work."""
    if job.state is not JobState.STARTING:
        return stage
    return stage.with_job(_with_attempt(job, began=began)._replace(state=JobState.RUNNING))


def seen_ended(stage: Stage, job: Job, status: int, ended: str, retries: int) -> Stage:
    """The agent has ended with an exit status (below zero: by a signal)."""
    known = _with_attempt(job, status=status, ended=ended)
    if job.state not in {*AT_WORK, JobState.UNKNOWN}:
        return stage.with_job(known)
    if status == 0 and MODES[stage.mode].exit_counts:
        return stage.with_job(known._replace(state=JobState.COMPLETE, reason=""))
    reason = _NO_WORD if status == 0 else _how_it_ended(status)
    return stage.with_job(_failed(known, reason, retries))


def seen_lost(stage: Stage, job: Job, ended: str, retries: int) -> Stage:
    """The agent is gone, and nobody knows how it ended."""
    known = _with_attempt(job, ended=ended)
    if job.state not in {*AT_WORK, JobState.UNKNOWN}:
        return stage.with_job(known)
    reason = "its agent is gone, and its exit status with it"
    return stage.with_job(_failed(known, reason, retries))


def failed_to_start(stage: Stage, job: Job, reason: str, now: str, retries: int) -> Stage:
    """The agent could not be started."""
    return stage.with_job(_failed(_with_attempt(job, ended=now), reason, retries))


def timed_out(stage: Stage, now: str, seconds: float) -> Stage:
    """Jobs that have run for longer than that are unknown: never complete, never tried again by themselves."""
    for job in stage.jobs:
        began = job.last.began if job.last else ""
        if job.state is JobState.RUNNING and began and seconds and later(began, seconds) <= now:
            reason = f"its agent has been at work for more than {seconds / 60:g} minutes"
            stage = stage.with_job(job._replace(state=JobState.UNKNOWN, reason=reason))
    return stage


def can_be_signalled(stage: Stage, job: Job) -> bool:
    """Whether a signal can say that the job is done: it names its wave and task by numbers, and no other."""
    if not job.task.isdecimal() or not (is_signal_number(job.wave) and is_signal_number(int(job.task))):
        return False
    return sum((other.wave, other.task) == (job.wave, job.task) for other in stage.jobs) == 1


def signalled(stage: Stage, wave: int, task: int) -> tuple[Stage, Job]:
    """An agent says that its task is done; once said, it stays so.

    Raises:
        NotFound: the stage has no such task.
        InvalidTransition: nobody was given that task.
    """
    named = [job for job in stage.jobs if job.wave == wave and job.task == str(task)]
    if not named or stage.mode is not Mode.WAVES:
        raise NotFound(f"There is no task {task} in wave {wave}.", next_step="See 'git kas waves status'.")
    job = next((one for one in named if one.state not in PASSED), named[-1])
    if not job.attempts:
        raise InvalidTransition(
            f"Task {task} of wave {wave} was given to nobody; it is {job.state}.",
            next_step="Report the task that you were given.",
        )
    if job.state is JobState.COMPLETE:
        return stage, job
    done = job._replace(state=JobState.COMPLETE, reason="")
    return stage.with_job(done), done


# -- what people decide ----------------------------------------------------------------------------------


def retried(stage: Stage, ids: Collection[str]) -> Stage:
    """Failed, unknown and stopped jobs are to be tried again, of the current wave all or those named.

    Raises:
        NotFound: there is no such job.
        InvalidTransition: there is nothing to decide about.
    """
    for job in _chosen(stage, ids, UNDECIDED, "tried again"):
        stage = stage.with_job(job._replace(state=JobState.PENDING, reason="it is to be tried again"))
    return stage._replace(aborted=False)


def skipped(stage: Stage, ids: Collection[str]) -> Stage:
    """Failed, unknown and stopped jobs are passed over, of the current wave all or those named.

    One that has not begun is passed over only if it is named.

    Raises:
        NotFound: there is no such job.
        InvalidTransition: there is nothing to pass over.
    """
    allowed = UNDECIDED | ({JobState.PENDING} if ids else frozenset())
    for job in _chosen(stage, ids, allowed, "passed over"):
        stage = stage.with_job(job._replace(state=JobState.SKIPPED, reason="it was passed over by a user"))
    return stage._replace(aborted=False)


def aborted(stage: Stage) -> Stage:
    """Nothing more is started; what is at work is to be stopped."""
    for job in stage.jobs:
        if job.state in AT_WORK or job.state is JobState.UNKNOWN:
            stage = stage.with_job(job._replace(state=JobState.STOPPED, reason="the waves were aborted"))
    return stage._replace(aborted=True)


def ended(stage: Stage, now: str, *, reported: bool) -> Stage:
    """The plan has moved on; ``reported``: because an agent of the stage said that it was done."""
    for job in stage.jobs:
        if job.state in {*AT_WORK, JobState.UNKNOWN, JobState.FAILED} and reported and job.attempts:
            stage = stage.with_job(job._replace(state=JobState.COMPLETE, reason=""))
        elif job.state in AT_WORK or job.state is JobState.UNKNOWN:
            stage = stage.with_job(job._replace(state=JobState.STOPPED, reason="the plan has moved on"))
    return stage._replace(ended=now)


def archived(document: RunDocument, now: str, plan: Plan) -> RunDocument:
    """The document after its stage is over, because the plan has moved on or another stage is to begin.

    What reviews have found counts as given only if an agent has begun that was told of it.
    """
    stage = document.stage
    if stage is None:
        return document
    over = ended(stage, now, reported=_is_reported(plan, stage))
    may_have_begun = any(one.began or not one.ended for job in stage.jobs for one in job.attempts)
    given = document.given if may_have_begun else min([document.given, *(one - 1 for one in stage.feedback)])
    return document._replace(stage=None, past=(*document.past, over), notice="", given=given)


def _is_reported(plan: Plan, stage: Stage) -> bool:
    """Whether the plan has moved on because an agent of the stage said that it was done.

    What agents of waves say is said of their tasks, and not by events. A plan may have moved by more than one
    event since.
    """
    moves = plan.moved is not None and plan.moved.event in _GOING_ON and not is_current(plan, stage)
    return moves and bool(MODES[stage.mode].ends_by)


def _chosen(stage: Stage, ids: Collection[str], states: Collection[JobState], what: str) -> Iterable[Job]:
    for id_ in ids:
        if stage.job(id_) is None:
            known = ", ".join(job.id for job in stage.jobs)
            raise NotFound(f"There is no job '{id_}'.", next_step=f"Its jobs: {known}.")
    among = [job for job in stage.jobs if job.id in ids] if ids else _current_jobs(stage)
    found = [job for job in among if job.state in states]
    if not found or (ids and len(found) < len(set(ids))):
        shown = ", ".join(f"{job.id} is {job.state}" for job in among) or "all are done"
        raise InvalidTransition(
            f"Nothing of this can be {what}: {shown}.", next_step="See 'git kas waves status'."
        )
    return found


def _with_attempt(job: Job, **values: object) -> Job:
    last = job.attempts[-1]._replace(**values)  # type: ignore[arg-type]  # fields by name
    return job._replace(attempts=(*job.attempts[:-1], last))


def _failed(job: Job, reason: str, retries: int) -> Job:
    again = len(job.attempts) <= retries
    known = _with_attempt(job, reason=reason)
    if again:
        return known._replace(state=JobState.PENDING, reason=f"{reason}; it is tried again")
    return known._replace(state=JobState.FAILED, reason=reason)


def _how_it_ended(status: int) -> str:
    return f"its agent ended with status {status}" if status > 0 else f"its agent was ended by signal {-status}"
