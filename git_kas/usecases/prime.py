"""What an agent must know before it begins, from live state. Writes nothing, and works without a store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from git_kas.domain.lifecycle import Actor, Event, Status, valid_events
from git_kas.domain.signals import SIGNAL_FORMS
from git_kas.errors import KasError, NotFound, UsageError
from git_kas.usecases.find_plan import find_plan, plan_of_branch
from git_kas.usecases.signals import SignalState, list_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.names import BranchName
    from git_kas.domain.plan import Plan
    from git_kas.domain.signals import SignalForm
    from git_kas.ports.signals import SignalBox, SignalPlace
    from git_kas.ports.store import Store
    from git_kas.usecases.signals import SignalRow

_OPEN_SIGNALS: Final = frozenset(
    {SignalState.WAITING, SignalState.PROCESSING, SignalState.FOR_WATCHER, SignalState.REJECTED}
)
_TASK_SIGNAL: Final = "implement_task_finished"


_UNASKED: Final = "The store could not be asked which plan this is."


class _NoPlan(Exception):
    """The text says why no plan belongs to the place."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the agent is, and what its environment says: all but the folders may be empty or None.

    ``wave`` and ``task`` are the numbers of the task it works on, 0 without one.
    """

    worktree: str
    branch: BranchName | None
    plans_folder: str
    named: str = ""
    role: str = ""
    wave: int = 0
    task: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A signal that is right now, and the exact command line by which it is sent."""

    form: SignalForm
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the review that sent the plan back has found: when, in which round, by whom, and its text."""

    time: str
    round: int
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """All of it. Without a ``plan`` ``problem`` says why; ``store_problem`` is about the store."""

    desk: Desk
    plan: Plan | None = None
    events: Sequence[Event] = ()
    reports: Sequence[Report] = ()
    feedback: Feedback | None = None
    signals: Sequence[SignalRow] = ()
    problem: str = ""
    store_problem: str = ""


def desk_of(
    worktree: str, branch: BranchName | None, plans_folder: str, named: str, environment: Mapping[str, str]
) -> Desk:
    """The desk, with what the watcher has told the agent in its ``environment``.

    The plan in the environment counts only where it was not ``named`` otherwise.
    """
    wave, task = (_number(environment.get(name, "")) for name in ("KAS_WAVE", "KAS_TASK"))
    return Desk(
        worktree,
        branch,
        plans_folder,
        named or environment.get("KAS_PLAN", ""),
        environment.get("KAS_ROLE", ""),
        wave if task else 0,
        task if wave else 0,
    )


def briefing(
    open_store: Callable[[], Store],
    box: SignalBox,
    places: Callable[[], Sequence[SignalPlace]],
    desk: Desk,
) -> Briefing:
    """Gather what is known about the plan that ``desk`` names, or whose branch is checked out there.

    Raises:
        NotFound, UsageError: a plan was named, and that is none, or several; or the store is misconfigured.
    """
    try:
        store = open_store()
        plan = _plan(store, desk)
        feedback = _feedback(store, plan)
    except _NoPlan as error:
        return Briefing(desk, problem=str(error))
    except (NotFound, UsageError):
        raise
    except KasError as error:
        return Briefing(desk, store_problem=error.message, problem=_UNASKED)
    rows, _ = list_signals(box, places())
    about = [row for row in rows if row.plan == plan.filename and row.state in _OPEN_SIGNALS]
    events = valid_events(plan.status, Actor.AGENT)
    return Briefing(desk, plan, events, _reports(plan, events, desk), feedback, about)


def _plan(store: Store, desk: Desk) -> Plan:
    if desk.named:
        return store.get_plan(find_plan(store, desk.named))
    plans = store.list_plans()
    try:
        return plan_of_branch(plans, desk.branch, "")
    except KasError as error:
        raise _NoPlan(error.message) from error


def _feedback(store: Store, plan: Plan) -> Feedback | None:
    """What the last review said, while somebody is to act on it."""
    sent_back = plan.moved is not None and plan.moved.event is Event.REVIEW_CHANGES_REQUESTED
    if plan.status is not Status.IMPLEMENTING or not sent_back:
        return None
    entries = [entry for entry in store.history(plan.filename) if entry.event is Event.REVIEW_CHANGES_REQUESTED]
    last = entries[-1] if entries else None
    return Feedback(last.time, plan.round, last.by, last.note) if last else None


def _reports(plan: Plan, events: Sequence[Event], desk: Desk) -> list[Report]:
    """The signals that fit the plan's status; for a task of a wave the one about the task."""
    if desk.task and plan.status is Status.IMPLEMENTING:
        numbers = ("--wave", str(desk.wave), "--task", str(desk.task))
        return [
            Report(form, _command(form, plan, numbers)) for form in SIGNAL_FORMS if form.word == _TASK_SIGNAL
        ]
    return [Report(form, _command(form, plan)) for form in SIGNAL_FORMS if form.event in events]


def _command(form: SignalForm, plan: Plan, more: Sequence[str] = ()) -> tuple[str, ...]:
    text = {
        Event.REVIEW_APPROVED: ("-m", "SUMMARY"),
        Event.REVIEW_CHANGES_REQUESTED: ("-F", "FINDINGS-FILE"),
    }
    given = text.get(form.event, ()) if form.event else ()
    return ("git", "kas", "signal", form.word, plan.filename.key, *more, *given)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
