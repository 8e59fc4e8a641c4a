"""How driven plans are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.style import printable, render_table
from git_kas.domain import schedule
from git_kas.domain.stage import AT_WORK, JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from git_kas.cli.style import Style
    from git_kas.domain.stage import Attempt, Job, Stage
    from git_kas.usecases.drive import Look
    from git_kas.usecases.waves import Driven


def look_data(look: Look) -> dict[str, Any]:
    """What was done."""
    return {
        "happened": [
            {"step": one.step, "plan": one.plan, "job": one.job, "detail": one.detail} for one in look.happened
        ]
    }


def look_lines(look: Look) -> str:
    """What was done, a line each."""
    lines = (
        " ".join(word for word in (printable(one.plan or ""), one.job, one.step) if word)
        + (f": {printable(one.detail)}" if one.detail else "")
        for one in look.happened
    )
    return "".join(f"{line}\n" for line in lines)


def driven_data(driven: Driven) -> dict[str, Any]:
    """A plan, and how far it is driven."""
    document = driven.document
    return {
        "filename": driven.plan.filename,
        "status": str(driven.plan.status),
        "round": driven.plan.round,
        "driven_by": driven.run.owner or None,
        "driven_until": driven.run.expires or None,
        "notice": document.notice,
        "stage": _stage_data(document.stage) if document.stage else None,
        "past": [_stage_data(stage) for stage in document.past],
    }


def driven_text(driven: Driven, hint: Callable[[str], str], style: Style) -> str:
    """The same for people; ``hint`` is how to look at a run."""
    plan, document = driven.plan, driven.document
    head = f"{printable(plan.filename)}  {plan.status}, round {plan.round}"
    if document.stage is None:
        return f"{head}\n  {document.notice or 'nobody works on it'}\n"
    return f"{head}, {_stage_words(document.stage)}\n" + "".join(_job_lines(document.stage, hint, style))


def _stage_words(stage: Stage) -> str:
    wave = schedule.current_wave(stage)
    where = f", wave {wave} of {stage.waves}" if wave is not None else ""
    return f"{stage.mode}{where}: {schedule.condition(stage)}"


def _job_lines(stage: Stage, hint: Callable[[str], str], style: Style) -> Iterator[str]:
    rows = [(job.id, job.state, str(len(job.attempts)), job.title, job.reason) for job in stage.jobs]
    yield render_table(("job", "state", "tries", "title", "reason"), rows, style)
    for job in stage.jobs:
        if job.last and job.state in {*AT_WORK, JobState.UNKNOWN} and (command := hint(job.last.run_id)):
            yield f"  {job.id}: {printable(command)}\n"


def _stage_data(stage: Stage) -> dict[str, Any]:
    return {
        "mode": stage.mode,
        "round": stage.round,
        "condition": schedule.condition(stage),
        "wave": schedule.current_wave(stage),
        "waves": stage.waves,
        "began": stage.began,
        "ended": stage.ended or None,
        "feedback": list(stage.feedback),
        "jobs": [_job_data(job) for job in stage.jobs],
    }


def _job_data(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "title": job.title,
        "wave": job.wave or None,
        "task": job.task or None,
        "state": job.state,
        "reason": job.reason,
        "attempts": [_attempt_data(attempt) for attempt in job.attempts],
    }


def _attempt_data(attempt: Attempt) -> dict[str, Any]:
    return {
        "run": attempt.run_id,
        "worktree": attempt.folder,
        "branch": attempt.branch or None,
        "began": attempt.began or None,
        "ended": attempt.ended or None,
        "exit_status": attempt.status,
        "reason": attempt.reason,
    }
