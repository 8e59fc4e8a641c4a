"""What ``git kas prime`` says, as data and as text of less than sixty lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.signal_view import signal_data
from git_kas.cli.style import printable
from git_kas.domain.lifecycle import USER_ONLY, Event
from git_kas.usecases.signals import SignalState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.plan import Plan
    from git_kas.usecases.prime import Briefing, Feedback

MOST_LINES: Final = 59
_FEEDBACK_LINES: Final = 15
_SIGNAL_LINES: Final = 4
_WIDTH: Final = 240

_NEVER: Final = (
    "edit plan-state.json or signal files, or force a status; the commands above are the only way to report",
    f"apply {', '.join(event for event in Event if event in USER_ONLY)}: these are for a user to decide",
    "stage everything at once, reset, stash, rebase, or format files that you do not work on",
    "bypass a hook, push by force, switch this worktree's branch, remove a branch or a worktree",
)


def prime_data(briefing: Briefing, places: Mapping[str, str | None]) -> dict[str, Any]:
    """For ``--json``."""
    plan, desk = briefing.plan, briefing.desk
    return {
        **places,
        "worktree": desk.worktree,
        "branch": desk.branch,
        "role": desk.role or None,
        "wave": desk.wave or None,
        "task": desk.task or None,
        "plan": plan and _plan_data(plan),
        "events": [str(event) for event in briefing.events],
        "reports": [
            {"signal": report.form.word, "meaning": report.form.meaning, "command": shlex.join(report.command)}
            for report in briefing.reports
        ],
        "feedback": briefing.feedback
        and {
            "time": briefing.feedback.time,
            "round": briefing.feedback.round,
            "by": briefing.feedback.by,
            "text": briefing.feedback.text,
        },
        "signals": signal_data(briefing.signals),
        "never": list(_NEVER),
        "problem": briefing.problem,
        "store_problem": briefing.store_problem,
    }


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {
        "filename": plan.filename,
        "status": str(plan.status),
        "description": plan.description,
        "branch": plan.branch_name() or plan.filename.default_branch,
        "topic": plan.topic,
        "round": plan.round,
        "revision": plan.revision,
    }


def prime_text(briefing: Briefing, places: Mapping[str, str | None]) -> str:
    """For the agent."""
    return "".join(f"{_short(line)}\n" for line in _lines(briefing, places))


def _lines(briefing: Briefing, places: Mapping[str, str | None]) -> Iterator[str]:
    desk, plan = briefing.desk, briefing.plan
    yield "# This worktree"
    yield f"worktree: {desk.worktree}, branch: {desk.branch or 'none'}, base: {places['base'] or 'none'}"
    yield f"project: {places['project']}, plans: {desk.plans_folder}/, store: {places['store']}"
    if briefing.store_problem:
        yield f"The plan store cannot be read: {briefing.store_problem}"
        yield "Reporting works all the same, if you name the plan; the signal waits."
    if plan is None:
        yield from _without_plan(briefing)
    else:
        yield from _about_plan(briefing, plan)
    yield ""
    yield "# In a worktree that others share"
    yield "Stage and commit by explicit paths. What is neither committed nor yours is others' work: leave it."
    yield "A command that ends with a status other than 0 has failed; it says what to do next."
    yield ""
    yield "# Never"
    yield from (f"- {line}" for line in _NEVER)


def _without_plan(briefing: Briefing) -> Iterator[str]:
    yield ""
    yield "# No plan"
    yield briefing.problem
    yield "git kas prime PLAN           about that plan"
    yield "git kas plan list            which plans there are"
    yield "git kas triage               where every plan, branch and worktree stands"
    yield "git kas signal EVENT PLAN    report that something is done; 'git kas signal -h' names the events"


def _about_plan(briefing: Briefing, plan: Plan) -> Iterator[str]:
    yield ""
    yield f"# Plan {plan.filename.key}"
    yield plan.description or "(no description)"
    task = f", task: {briefing.desk.task} of wave {briefing.desk.wave}" if briefing.desk.task else ""
    role = f", you are: {briefing.desk.role}" if briefing.desk.role else ""
    yield f"status: {plan.status}, round: {plan.round}, revision: {plan.revision}{role}{task}"
    own = plan.branch_name() or plan.filename.default_branch
    if own != briefing.desk.branch:
        yield f"Its branch is {own}, which is not checked out here."
    yield f"text: git kas plan show {shlex.quote(plan.filename.key)} --text"
    if briefing.feedback:
        yield from _about_feedback(briefing.feedback, plan)
    yield ""
    yield "# Report, once, when it is true"
    for report in briefing.reports:
        yield shlex.join(report.command)
        yield f"    {report.form.meaning}"
    if not briefing.reports:
        yield f"Nothing is to be reported while the plan is {plan.status}."
    yield f"Events an agent may bring about now: {', '.join(briefing.events) or 'none'}."
    yield from _about_signals(briefing)


def _about_feedback(feedback: Feedback, plan: Plan) -> Iterator[str]:
    yield ""
    yield f"# Changes that the last review asks for ({feedback.time[:16].replace('T', ' ')} UTC)"
    lines = [line for line in feedback.text.splitlines() if line.strip()] or ["(it gave no text)"]
    yield from lines[:_FEEDBACK_LINES]
    if len(lines) > _FEEDBACK_LINES or any(len(line) > _WIDTH for line in lines):
        yield f"Shortened; all of it: git kas plan history {shlex.quote(plan.filename.key)}"


def _about_signals(briefing: Briefing) -> Iterator[str]:
    if not briefing.signals:
        return
    yield ""
    yield "# Signals about it that were not applied"
    for row in briefing.signals[:_SIGNAL_LINES]:
        rejected = row.state is SignalState.REJECTED
        yield f"{row.event or row.name}: {row.state}" + (f", {row.reason}" if rejected and row.reason else "")
    yield from _rest(briefing.signals[_SIGNAL_LINES:])


def _rest(rows: Sequence[object]) -> Iterator[str]:
    if rows:
        yield f"and {len(rows)} more: git kas signals list"


def _short(line: str) -> str:
    shown = printable(line)
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 1] + "…"
