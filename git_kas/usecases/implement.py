"""Has a plan implemented: says so in the store, and leaves the signal that the watcher begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from git_kas.domain import schedule
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Transition
from git_kas.domain.plan_document import decode_plan, parse_plan
from git_kas.domain.signal_text import write_signal_text
from git_kas.domain.signals import form_of_word, is_signal_number, signal_name
from git_kas.domain.stage import decode_run
from git_kas.errors import AlreadyExists, Conflict, NotAllowed, UsageError
from git_kas.usecases.signals import signal_items

if TYPE_CHECKING:
    from git_kas.domain.ledger import Outcome
    from git_kas.domain.mutation import Author, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.plan_document import PlanDocument
    from git_kas.ports.signals import SignalBox, SignalPlace
    from git_kas.ports.store import Store

_SIGNAL: Final = "implement_wave"


@dataclass(frozen=True, slots=True)
class ImplementAsked:
    """Which plan, from which wave on (None: the first), and whether plans of its topic may collide with it."""

    plan: PlanName
    wave: int | None = None
    allow_collision: bool = False


@dataclass(frozen=True, slots=True)
class Implemented:
    """What was said: the plan's move (None where it is being implemented already), and the waiting signal."""

    plan: PlanName
    wave: int
    waves: int
    outcome: Outcome | None
    path: str


def implement(
    store: Store, box: SignalBox, place: SignalPlace, asked: ImplementAsked, request: Request
) -> Implemented:
    """Move the plan to implementing, and leave the signal. Everything is checked before anything is said.

    If it is interrupted in between, the same command goes on.

    Raises:
        NotFound: there is no such plan.
        UsageError: its store holds no text of it, or it has no such wave.
        Conflict: agents are at work on it.
        InvalidTransition, TopicCollision, NotAllowed: it cannot be begun now.
        AlreadyExists: another signal about its waves is waiting.
    """
    plan = store.get_plan(asked.plan)
    content = store.get_content(asked.plan)
    if content is None or not content.strip():
        raise UsageError(
            f"The store holds no text of {asked.plan}.",
            next_step="Write it, then 'git kas plan register --update'.",
        )
    document = parse_plan(decode_plan(content)[0])
    wave = _first_wave(document, asked)
    name = signal_name(form_of_word(_SIGNAL), plan.filename, wave)
    _expect_no_other(box, place, plan.filename, name)
    outcome = None
    if plan.status is Status.IMPLEMENTING:
        _expect_idle(store, plan, request.by)
    else:
        mutation = Transition(
            plan.filename, (Event.IMPLEMENT_START,), None, plan.revision, allow_collision=asked.allow_collision
        )
        outcome = store.commit(mutation, request)
        plan = outcome.plan or plan
    text = write_signal_text("", plan.round, None)
    path = box.write(place, name, text)
    return Implemented(plan.filename, wave, len(document.waves), outcome, path)


def _first_wave(document: PlanDocument, asked: ImplementAsked) -> int:
    """The number of the wave to begin with.

    Raises:
        UsageError: the plan has no such wave, or no signal can name it.
    """
    wave = asked.wave if asked.wave is not None else next((one.number for one in document.waves), 1)
    schedule.place_of_wave(document, wave)
    if not is_signal_number(wave):
        raise UsageError(
            f"The waves of {asked.plan} cannot be begun with wave {wave}: waves are counted from 1.",
            next_step="Number them so, then 'git kas plan register --update'.",
        )
    return wave


def _expect_no_other(box: SignalBox, place: SignalPlace, plan: PlanName, name: str) -> None:
    """Go on only if the watcher has not been told to begin with another wave: the first one would count.

    Raises:
        AlreadyExists: it has.
    """
    for item in signal_items(box.find([place])):
        signal = item.signal
        if signal is None or (signal.plan, signal.form.word) != (plan, _SIGNAL) or item.source.name == name:
            continue
        raise AlreadyExists(
            f"{plan} is to be begun with wave {signal.wave}, as soon as somebody watches this repository.",
            next_step="Start 'git kas watch'.",
        )


def _expect_idle(store: Store, plan: Plan, by: Author) -> None:
    """Go on only if nobody is at work on a plan that is being implemented, and people have not stopped it.

    Raises:
        Conflict: somebody is.
        NotAllowed: it was aborted, and no user asks.
    """
    run = store.get_run(plan.filename)
    stage = decode_run(run.document).stage if run else None
    if stage is not None and schedule.is_driven(plan, stage):
        wave = schedule.current_wave(stage)
        where = f", in wave {wave} of {stage.waves}" if wave is not None else ""
        raise Conflict(
            f"{plan.filename} is being driven already{where}.",
            next_step="See 'git kas waves status'.",
            current=plan,
        )
    if stage is not None and stage.aborted and schedule.is_current(plan, stage) and by.actor is not Actor.USER:
        raise NotAllowed(
            f"The waves of {plan.filename} were aborted, and only a user may have them go on.",
            next_step="Ask the person in charge to decide.",
        )
