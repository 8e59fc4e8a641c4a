"""Leaves a signal in the worktree an agent works in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from git_kas.domain.lifecycle import Event
from git_kas.domain.names import plan_name_from_argument
from git_kas.domain.signal_text import LARGEST_SIGNAL, write_signal_text
from git_kas.domain.signals import signal_name
from git_kas.errors import NotFound, Unreachable, UsageError
from git_kas.usecases.find_plan import plan_of_branch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.names import BranchName, ObjectId, PlanName
    from git_kas.domain.signals import SignalForm
    from git_kas.ports.signals import SignalBox, SignalPlace
    from git_kas.ports.store import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an agent works: its worktree, what is checked out there, and the commit it is at."""

    place: SignalPlace
    branch: BranchName | None
    head: ObjectId | None


@dataclass(frozen=True, slots=True)
class Report:
    """What an agent has to say. ``plan`` may be empty: then it is that of the branch."""

    form: SignalForm
    plan: str = ""
    body: str = ""
    wave: int = 0
    task: int = 0


@dataclass(frozen=True, slots=True)
class SentSignal:
    """A signal that was left: for which plan, in which round, in which file; and what to warn of."""

    plan: PlanName
    round: int | None
    path: str
    warnings: Sequence[str]


def send_signal(box: SignalBox, store: Store, desk: Desk, report: Report) -> SentSignal:
    """Write the signal. An unreachable store does not keep an agent from reporting: the round is left out.

    Raises:
        NotFound: there is no such plan, or none belongs to the branch.
        UsageError: the branch belongs to several plans, or the text or a number is out of range.
        AlreadyExists: another signal of that name is still waiting.
    """
    signal_name(report.form, plan_name_from_argument("x"), report.wave, report.task)
    plan, round_, warnings = _about(store, desk, report)
    content = write_signal_text(report.body, round_, desk.head)
    if len(content) > LARGEST_SIGNAL:
        raise UsageError("The text is too large.", next_step=f"Use less than {LARGEST_SIGNAL} bytes.")
    path = box.write(desk.place, signal_name(report.form, plan, report.wave, report.task), content)
    return SentSignal(plan, round_, path, warnings)


def _about(store: Store, desk: Desk, report: Report) -> tuple[PlanName, int | None, Sequence[str]]:
    if not report.plan:
        plan = plan_of_branch(store.list_plans(), desk.branch, "Name the plan behind the event.")
        return plan.filename, plan.round, ()
    name = plan_name_from_argument(report.plan)
    try:
        return name, store.get_plan(name).round, ()
    except NotFound:
        if report.form.event is not Event.PLANNER_FINISHED:
            raise
        return name, None, [f"The plan {name} is not registered yet; this signal will register it."]
    except Unreachable as error:
        return name, None, [f"{error.message} The signal waits until it can be reached."]
