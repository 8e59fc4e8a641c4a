"""How far plans are driven, and what people decide about jobs that did not go well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain import schedule
from git_kas.domain.ledger import Run
from git_kas.domain.lifecycle import IN_WORK, Actor, Status
from git_kas.domain.run_ids import RunId
from git_kas.domain.stage import AT_WORK, UNDECIDED, Condition, JobState, RunDocument, decode_run
from git_kas.errors import InvalidTransition, KasError, NotAllowed
from git_kas.usecases.run_documents import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from git_kas.domain.mutation import Author
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.stage import Stage
    from git_kas.ports.agent_runs import AgentRuns
    from git_kas.ports.clock import Clock
    from git_kas.ports.store import Store


class Decision(NamedTuple):
    """Something that people decide: of jobs in which states, and what comes of it."""

    of: frozenset[JobState]
    meaning: str


DECISIONS: Final[Mapping[str, Decision]] = {
    "retry": Decision(
        UNDECIDED,
        "they are tried again, each by a new agent as soon as the one before has ended; of a plan that is held "
        "after too many reviews, what the last one found goes to a coder",
    ),
    "skip": Decision(
        UNDECIDED,
        "they are passed over; when all of a wave are complete or passed over, the next one begins. With "
        "`--job` also one that has not begun",
    ),
    "abort": Decision(
        AT_WORK | {JobState.UNKNOWN},
        "agents are asked to end, and nothing more is started; the plan stays in its status. `retry`, `skip` "
        "or `git kas implement` goes on",
    ),
}


@dataclass(frozen=True, slots=True)
class Driven:
    """A plan, how far it is driven, and by whom."""

    plan: Plan
    run: Run
    document: RunDocument


@dataclass(frozen=True, slots=True)
class WavesPorts:
    """What decisions go through; ``owner`` is who drives plans of this repository on this machine."""

    store: Store
    runs: AgentRuns
    clock: Clock
    owner: str
    by: Author


def driven_plans(store: Store, name: PlanName | None) -> list[Driven]:
    """The plan ``name``, or every plan in work that is or was driven.

    Raises:
        NotFound: there is no such plan.
    """
    plans = [store.get_plan(name)] if name is not None else store.list_plans(sorted(IN_WORK))
    found = []
    for plan in plans:
        run = store.get_run(plan.filename) or Run()
        document = decode_run(run.document)
        if name is not None or document != RunDocument():
            found.append(Driven(plan, run, document))
    return found


def undecided(plan: Plan, document: RunDocument) -> str:
    """What people have to decide about before the plan goes on; empty if nothing waits for that."""
    stage = document.stage
    if stage is None:
        return document.notice if plan.status is Status.IMPLEMENTING else ""
    if not schedule.is_current(plan, stage) or schedule.condition(stage) is not Condition.UNDECIDED:
        return ""
    return ", ".join(f"{job.id} {job.state}" for job in stage.jobs if job.state in UNDECIDED)


def retry(ports: WavesPorts, name: PlanName, jobs: Collection[str], note: str = "") -> Driven:
    """Have jobs tried again; of a plan that is held after too many reviews, hand on what the last one found.

    Raises:
        NotFound, InvalidTransition, Busy, Conflict: it cannot be done.
        NotAllowed: no user asks.
    """
    _expect_user(ports)
    plan = ports.store.get_plan(name)
    progress = _progress(ports, plan)
    document = progress.document
    if document.stage is None and document.notice and plan.status is Status.IMPLEMENTING:
        progress.save(document._replace(notice="", allowed=plan.round + 1), note=note)
        return Driven(plan, progress.run, progress.document)
    before = _stage_of(plan, document)
    for job in before.jobs:
        if (not jobs or job.id in jobs) and job.state in schedule.STOP_BEFORE_RETRY:
            _stop(ports, job.last.run_id if job.last else "")
    return _decide(plan, progress, lambda stage: schedule.retried(stage, jobs), note)


def skip(ports: WavesPorts, name: PlanName, jobs: Collection[str], note: str = "") -> Driven:
    """Pass jobs over, so that the next wave can begin.

    Raises:
        NotFound, InvalidTransition, Busy, Conflict: it cannot be done.
        NotAllowed: no user asks.
    """
    _expect_user(ports)
    plan = ports.store.get_plan(name)
    return _decide(plan, _progress(ports, plan), lambda stage: schedule.skipped(stage, jobs), note)


def abort(ports: WavesPorts, name: PlanName, note: str = "") -> Driven:
    """Start nothing more, and have agents that are at work end; the plan stays in its status.

    Raises:
        NotFound, InvalidTransition, Busy, Conflict: it cannot be done.
        NotAllowed: no user asks.
    """
    _expect_user(ports)
    plan = ports.store.get_plan(name)
    progress = _progress(ports, plan)
    stage = _stage_of(plan, progress.document)
    done = _decide(plan, progress, schedule.aborted, note)
    for job in schedule.with_agents(stage):
        _stop(ports, job.last.run_id if job.last else "")
    return done


def _expect_user(ports: WavesPorts) -> None:
    """Agents report and the watcher goes by rules; what has gone wrong is for people to decide.

    Raises:
        NotAllowed: no user asks.
    """
    if ports.by.actor is not Actor.USER:
        raise NotAllowed(
            f"Only a user may decide how waves go on; this was asked for by the {ports.by.actor}.",
            next_step="Report your own task by a signal, and leave the rest to the person in charge.",
        )


def _decide(plan: Plan, progress: Progress, change: Callable[[Stage], Stage], note: str) -> Driven:
    document = progress.document
    progress.save(document._replace(stage=change(_stage_of(plan, document)), notice=""), note=note)
    return Driven(plan, progress.run, progress.document)


def _stage_of(plan: Plan, document: RunDocument) -> Stage:
    if document.stage is None or not schedule.is_current(plan, document.stage):
        raise InvalidTransition(
            f"{plan.filename} is not driven at the moment; it is {plan.status}.",
            next_step="'git kas implement' begins with its waves.",
        )
    return document.stage


def _progress(ports: WavesPorts, plan: Plan) -> Progress:
    return Progress(ports.store, ports.clock, plan, ports.owner, ports.by)


def _stop(ports: WavesPorts, run_id: str) -> None:
    """Ask an agent to end; where that is not possible, the watcher does it, or it is another machine's."""
    if run_id:
        try:
            ports.runs.stop(RunId(run_id))
        except KasError:
            return
