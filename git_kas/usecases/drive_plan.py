"""One plan, driven as far as it goes now: stages begin and end, agents are started, what they did is taken in.

The order of things makes every interruption harmless: what is going to be started is written into the run
document first, under the fence of whoever drives, and a run begins at most once; so after a crash the same run
is started again, or found to have begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.domain import attempts, schedule
from git_kas.domain.agents import MODES, Mode
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import Request, Transition
from git_kas.domain.plan_document import decode_plan, parse_plan
from git_kas.domain.run_ids import RunId
from git_kas.domain.signal_rules import entered_ns
from git_kas.domain.stage import AT_WORK, Condition, JobState, RunDocument
from git_kas.domain.task_merges import merged, not_merged, to_be_merged
from git_kas.domain.timestamps import later, nanoseconds_of, timestamp
from git_kas.errors import Busy, Conflict, InvalidTransition, KasError, ProgramFailed, Unreachable
from git_kas.ports.agent_runs import RunState
from git_kas.usecases.drive_agents import AgentStarter
from git_kas.usecases.drive_merges import TaskMerger
from git_kas.usecases.drive_ports import SYSTEM, Happening, Step
from git_kas.usecases.drive_worktrees import branch_of, expect_branch
from git_kas.usecases.run_documents import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.plan import Plan
    from git_kas.domain.stage import Job, Stage
    from git_kas.ports.agent_runs import RunReport
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope


class Memory:
    """When this process has started which runs, those that it has asked to end, and those it could not ask."""

    def __init__(self) -> None:
        self.started: dict[RunId, tuple[str, ...]] = {}
        self.stopped: set[RunId] = set()
        self.unstopped: set[RunId] = set()


_BEGUN_WITHIN: Final = 60.0
"""Seconds after which a start is taken for lost."""

_OF_WHAT_IS_THERE: Final = frozenset({Mode.REVIEW, Mode.FEEDBACK})
"""Modes whose agents go on with what others have done on the plan's branch."""

_MOST_STARTS: Final = 3
_NEVER_BEGAN: Final = "it was started, and did not begin"
_HOW_TO_BEGIN: Final = "Try its command by hand, then 'git kas waves retry'."

_OF_THE_STORE: Final = (Unreachable, Busy, Conflict)
"""What says nothing about a job; the next look goes on with it."""

_STEPS: Final[Mapping[JobState, Step]] = {
    JobState.COMPLETE: Step.COMPLETE,
    JobState.FAILED: Step.FAILED,
    JobState.UNKNOWN: Step.UNKNOWN,
    JobState.PENDING: Step.RETRIED,
}


class PlanDriver:
    """Drives one plan; ``memory`` is what the process knows of runs that it has started and stopped itself."""

    def __init__(self, ports: DrivePorts, scope: DriveScope, plan: Plan, memory: Memory) -> None:
        self._ports = ports
        self._scope = scope
        self._settings = scope.settings
        self._memory = memory
        self._progress = Progress(ports.store, ports.clock, plan, scope.owner)
        self._plan = plan
        self._starter = AgentStarter(ports, scope, plan)
        self._merger = TaskMerger(ports, scope, plan)
        self._waits = False
        self.name = plan.filename
        self.happened: list[Happening] = []
        self.has_agents_left = False

    @property
    def at_work(self) -> int:
        """How many agents of the plan are at work."""
        stage = self._progress.document.stage
        return len(schedule.at_work(stage)) if stage else 0

    @property
    def needs_another_look(self) -> bool:
        """Whether agents of ours may end without anybody being told."""
        return self._progress.is_ours and (bool(self.at_work) or self._waits)

    @property
    def runs(self) -> list[RunId]:
        """The runs of the plan that may be going on."""
        stage = self._progress.document.stage
        jobs = schedule.with_agents(stage) if stage else []
        return [RunId(job.last.run_id) for job in jobs if job.last]

    @property
    def deadline(self) -> str:
        """When it must be looked after again although nothing happens; empty if never, or by somebody else."""
        stage = self._progress.document.stage
        if stage is None or not self._progress.is_ours:
            return ""
        ends = schedule.deadline(stage, self._settings.longest_work), self._progress.renewal()
        return min((end for end in ends if end), default="")

    def drive(self, places: int) -> bool:
        """Do what there is to do, starting up to ``places`` agents; whether there may be more to do at once.

        Raises:
            Conflict: somebody else has changed the plan or its run meanwhile.
            Busy: another machine drives the plan.
            KasError: the store cannot be used.
        """
        self._leave_old_stage()
        for over in self._progress.document.past[-1:]:
            self._stop_agents(over)
        if self._progress.document.stage is None:
            self._begin_stage()
        stage = self._progress.document.stage
        if stage is None:
            self._forget_notice()
            self._progress.release()
            return False
        if stage.aborted:
            self._stop_agents(stage)
            self._progress.release()
            return False
        if not self._progress.is_ours and not self._command(stage.mode):
            return False
        self._progress.take_over()
        stage = self._merge(self._take_in(stage))
        if schedule.condition(stage) is Condition.DONE and MODES[stage.mode].exit_counts:
            self._finish_implementation()
            return True
        self._start_again(stage)
        self._start(stage, places)
        self._progress.renew()
        return False

    # -- stages ------------------------------------------------------------------------------------------

    def _leave_old_stage(self) -> None:
        """Archive a stage that the plan has left behind, and let its agents end."""
        document, plan = self._progress.document, self._plan
        stage = document.stage
        if stage is None:
            return
        if schedule.is_current(plan, stage):
            return
        self._progress.save(schedule.archived(document, self._now(), plan))
        self._note(Step.ENDED, detail=stage.mode)

    def _begin_stage(self) -> None:
        """Begin what the plan's status asks for, once each time that it comes into it."""
        document, plan = self._progress.document, self._plan
        if any(schedule.is_current(plan, stage) for stage in document.past):
            return
        mode = self._wanted_mode()
        if mode is None or not self._command(mode):
            return
        if mode in _OF_WHAT_IS_THERE:
            expect_branch(self._ports, self._scope, branch_of(plan))
        feedback: list[int] = []
        if mode is Mode.FEEDBACK:
            limit = self._settings.most_rounds
            if limit and plan.round >= max(limit, document.allowed):
                self._hold(f"{plan.round} rounds of review are as many as are allowed")
                return
            feedback = self._unseen_feedback()
        stage = schedule.begin_single(plan, self._now(), mode, feedback)
        given = max([document.given, *feedback])
        self._progress.save(document._replace(stage=stage, given=given, notice=""))
        self._note(Step.BEGUN, detail=mode)

    def _wanted_mode(self) -> Mode | None:
        """What the plan's status is driven by without anybody asking for it."""
        moved = self._plan.moved
        if self._plan.status is Status.PLANNING:
            return Mode.PLANNING
        if self._plan.status is Status.REVIEWING:
            return Mode.REVIEW
        after_review = moved is not None and moved.event is Event.REVIEW_CHANGES_REQUESTED
        return Mode.FEEDBACK if self._plan.status is Status.IMPLEMENTING and after_review else None

    def _unseen_feedback(self) -> list[int]:
        """The change numbers of verdicts that no coder was told of yet."""
        entries = self._ports.store.history(self._plan.filename, self._progress.document.given)
        return [
            entry.change
            for entry in entries
            if entry.action is Action.TRANSITION and entry.event is Event.REVIEW_CHANGES_REQUESTED
        ]

    def _hold(self, why: str) -> None:
        document = self._progress.document
        if document.notice != why:
            self._progress.save(document._replace(notice=why))
            self._note(Step.WAITING, detail=why)

    def _forget_notice(self) -> None:
        """What kept the plan from going on is over where it has gone another way."""
        document = self._progress.document
        if document.notice and self._wanted_mode() is not Mode.FEEDBACK:
            self._progress.save(document._replace(notice=""))

    def _command(self, mode: Mode) -> str:
        return self._settings.commands.get(MODES[mode].role, "")

    def _refreshed(self, stage: Stage) -> Stage:
        """The stage after a change of the plan's text; written down with whatever comes next."""
        if stage.mode is not Mode.WAVES or stage.content_id == self._plan.content_id:
            return stage
        content = self._ports.store.get_content(self._plan.filename) or b""
        return schedule.refreshed(stage, parse_plan(decode_plan(content)[0]), self._plan.content_id)

    def _finish_implementation(self) -> None:
        """Say, on behalf of the coders, that all is done; the key makes a repetition harmless."""
        plan = self._plan
        entered = entered_ns(plan) or 0
        request = Request(SYSTEM, f"drive:{plan.filename}:{entered}:{plan.round}:implemented")
        mutation = Transition(plan.filename, (Event.IMPLEMENT_FINISHED,), if_revision=plan.revision)
        try:
            self._ports.store.commit(mutation, request)
        except InvalidTransition as error:  # somebody was faster
            raise Conflict(error.message, next_step=error.next_step) from error
        self._note(Step.MOVED, detail=f"{plan.status} → {Status.REVIEWING}")

    # -- what agents did ---------------------------------------------------------------------------------

    def _take_in(self, stage: Stage) -> Stage:
        """The stage after what is known of its runs now."""
        before = stage
        stage = attempts.out_of_sight(self._refreshed(stage), self._scope.owner)
        jobs = schedule.with_agents(stage)
        reports = self._ports.runs.reports([RunId(job.last.run_id) for job in jobs if job.last]) if jobs else {}
        for job in jobs:
            if job.last is not None:
                stage = self._with_report(stage, job, reports[RunId(job.last.run_id)])
        stage = schedule.timed_out(stage, self._now(), self._settings.longest_work)
        self._save(stage)
        self._tell(before, stage)
        return stage

    def _merge(self, stage: Stage) -> Stage:
        """The stage after the branches of tasks that are done were taken into the plan's branch."""
        for job in to_be_merged(stage):
            problem = self._merger.merge(job)
            stage = not_merged(stage, job, problem) if problem else merged(stage, job)
            self._save(stage)
            self._note(Step.FAILED if problem else Step.MERGED, job.id, problem)
        return stage

    def _with_report(self, stage: Stage, job: Job, report: RunReport) -> Stage:
        retries = self._settings.retries
        if report.state is RunState.NEVER:  # of one that was at work nothing is left
            is_lost = job.state is JobState.RUNNING
            return schedule.seen_lost(stage, job, self._now(), retries) if is_lost else stage
        if report.began:
            stage = schedule.seen_running(stage, job, _precise(report.began))
            job = stage.job(job.id) or job
        if report.state is RunState.EXITED and report.status is not None:
            return schedule.seen_ended(stage, job, report.status, report.ended, retries)
        return schedule.seen_lost(stage, job, self._now(), retries) if report.state is RunState.LOST else stage

    def _tell(self, before: Stage, after: Stage) -> None:
        for old in before.jobs:
            new = after.job(old.id)
            if new is not None and new.state is not old.state and new.state in _STEPS:
                self._note(_STEPS[new.state], new.id, new.reason)
        if schedule.condition(after) is Condition.UNDECIDED is not schedule.condition(before):
            self._note(Step.WAITING, detail="'git kas waves retry', 'skip' or 'abort' decides how it goes on")

    # -- agents ------------------------------------------------------------------------------------------

    def _start_again(self, stage: Stage) -> None:
        """Start what was about to be started when somebody was interrupted, and what does not begin.

        To start a run again does no harm; one that is given up is kept from beginning afterwards.
        """
        for job in stage.jobs:
            if job.state is not JobState.STARTING or job.last is None:
                continue
            run_id = RunId(job.last.run_id)
            starts = self._memory.started.get(run_id, ())
            if starts and later(starts[-1], _BEGUN_WITHIN) > self._now():
                continue
            if len(starts) < _MOST_STARTS:
                self._launch(stage, job)
            elif not self._ports.runs.stop(run_id):
                self._failed_to_start(job, ProgramFailed(_NEVER_BEGAN, next_step=_HOW_TO_BEGIN))

    def _start(self, stage: Stage, places: int) -> None:
        for job in schedule.startable(stage)[: max(places, 0)]:
            current = self._progress.document.stage
            if current is None:
                return
            if self._is_at_work_still(job):
                self._waits = True
                continue
            try:
                attempt = self._starter.attempt(self._progress.document, current, job)
            except _OF_THE_STORE:
                raise
            except KasError as error:
                self._failed_to_start(job, error)
                continue
            self._save(schedule.started(current, job, attempt))
            ready = self._current_job(job)
            if ready is not None:
                self._launch(stage, ready)

    def _is_at_work_still(self, job: Job) -> bool:
        """Whether an earlier agent of the job has not ended; it is asked to, and another one waits for that."""
        earlier = attempts.newest_attempt(self._progress.document, job)
        if earlier is None:
            return False
        run_id = RunId(earlier.run_id)
        if self._ports.runs.reports([run_id])[run_id].state is not RunState.RUNNING:
            return False
        if run_id not in self._memory.stopped:
            self._ports.runs.stop(run_id)
            self._memory.stopped.add(run_id)
        return True

    def _launch(self, stage: Stage, job: Job) -> None:
        if job.last is None:
            return
        run_id = RunId(job.last.run_id)
        try:
            self._starter.launch(stage, job)
        except _OF_THE_STORE:
            raise
        except KasError as error:
            self._failed_to_start(job, error)
            return
        self._memory.started[run_id] = (*self._memory.started.get(run_id, ()), self._now())
        self._note(Step.STARTED, job.id, run_id)

    def _failed_to_start(self, job: Job, error: KasError) -> None:
        """A job whose agent cannot be started has failed; it is not tried again by itself."""
        stage = self._progress.document.stage
        known = self._current_job(job) or job
        if stage is None:
            return
        if known.last is None or known.state not in AT_WORK:
            stage = stage.with_job(known._replace(state=JobState.FAILED, reason=error.message))
        else:
            stage = schedule.failed_to_start(stage, known, error.message, self._now(), 0)
        self._save(stage)
        self._note(Step.FAILED, job.id, error.message)

    def _stop_agents(self, stage: Stage) -> None:
        """Ask agents to end whose stage is over; those that do not listen are the runner's business."""
        for job in schedule.with_agents(stage):
            run_id = RunId(job.last.run_id) if job.last else None
            if run_id is None or run_id in self._memory.stopped:
                continue
            try:
                stopped = self._ports.runs.stop(run_id)
            except KasError as error:
                self.has_agents_left = True
                if run_id not in self._memory.unstopped:
                    self._memory.unstopped.add(run_id)
                    self._note(Step.FAILED, job.id, error.message)
                continue
            self._memory.stopped.add(run_id)
            if stopped:
                self._note(Step.STOPPED, job.id, run_id)

    def _current_job(self, job: Job) -> Job | None:
        stage = self._progress.document.stage
        return stage.job(job.id) if stage else None

    def _save(self, stage: Stage) -> None:
        document: RunDocument = self._progress.document
        if document.stage != stage:
            self._progress.save(document._replace(stage=stage))

    def _note(self, step: Step, job: str = "", detail: str = "") -> None:
        self.happened.append(Happening(step, self._plan.filename, job, detail))

    def _now(self) -> str:
        return timestamp(self._ports.clock.now_ns())


def _precise(time: str) -> str:
    """A time of a report in the form of histories."""
    return timestamp(nanoseconds_of(time)) if time else ""
