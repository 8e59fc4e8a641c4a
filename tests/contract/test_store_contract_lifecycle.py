"""The port ``Store``: the lifecycle is enforced inside each store, as DESIGN 3 tables it."""

from __future__ import annotations

import itertools

import pytest

from contract import stores
from contract.stores import AGENT, OTHER, PLAN, SYSTEM, USER, commit, created, last_entry, refused
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status, UnknownStatus
from git_kas.domain.mutation import Create, Request, SetStatus, Transition, Update
from git_kas.domain.plan import Move, Plan
from git_kas.errors import Conflict, InvalidTransition, KasError, NotAllowed
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store
from support import EPOCH

place, store, clock = stores.place, stores.store, stores.clock

# DESIGN 3, copied by hand: from → event → to.
TABLE = {
    "ready": {"plan_start": "planning", "implement_start": "implementing", "cancel": "cancelled"},
    "planning": {"planner_finished": "ready", "plan_start": "planning", "cancel": "cancelled"},
    "implementing": {"implement_finished": "reviewing", "cancel": "cancelled"},
    "reviewing": {
        "review_approved": "done",
        "review_changes_requested": "implementing",
        "cancel": "cancelled",
    },
    "done": {
        "start_over": "planning",
        "reimplement": "implementing",
        "request_review": "reviewing",
        "cancel": "cancelled",
    },
    "cancelled": {"reopen": "planning"},
}
USER_ONLY = {"start_over", "reimplement", "request_review", "cancel", "reopen"}
VALID = [(start, event, target) for start, moves in TABLE.items() for event, target in moves.items()]
CHANGES = [(start, target) for start, target in itertools.product(TABLE, TABLE) if start != target]
BLOCKED = UnknownStatus("blocked")
ROBOTS = pytest.mark.parametrize("robot", [AGENT, SYSTEM], ids=["agent", "system"])


def moved(store: Store, *events: Event, request: Request = USER) -> Plan:
    return commit(store, Transition(PLAN, events), request)


# -- transition ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "event", "target"), VALID, ids=str)
def test_a_valid_event_moves_the_plan(store: Store, start: str, event: str, target: str) -> None:
    before = created(store, status=Status(start))
    plan = moved(store, Event(event))
    assert plan.status == target
    assert plan.revision == before.revision + 1
    assert plan.round == before.round + (event == "implement_finished")
    assert store.get_plan(PLAN) == plan
    entry = last_entry(store)
    assert (entry.action, entry.event) == (Action.TRANSITION, event)
    assert (entry.from_status, entry.to_status, entry.revision) == (start, target, plan.revision)


@pytest.mark.parametrize("start", TABLE)
def test_any_other_event_is_refused_and_changes_nothing(store: Store, start: str) -> None:
    created(store, status=Status(start))
    for event in Event:
        if event not in TABLE[start]:
            error = refused(store, Transition(PLAN, (event,)), InvalidTransition, says=start)
            assert ", ".join(sorted(TABLE[start])) in f"{error.message} {error.next_step}"
    assert store.get_plan(PLAN).status == start


@ROBOTS
@pytest.mark.parametrize(("start", "event", "target"), VALID, ids=str)
def test_robots_may_not_apply_events_for_users(
    store: Store, robot: Request, start: str, event: str, target: str
) -> None:
    created(store, status=Status(start))
    if event in USER_ONLY:
        refused(store, Transition(PLAN, (Event(event),)), NotAllowed, robot)
    else:
        assert moved(store, Event(event), request=robot).status == target
        assert last_entry(store).actor is robot.by.actor


def test_every_move_says_how_the_plan_came_into_its_status(store: Store, clock: FakeClock) -> None:
    created(store)
    clock.time = EPOCH + 61
    expected = Move("2026-01-01T00:01:01.000000Z", Event.PLAN_START, "ready", Actor.AGENT, "some agent")
    assert moved(store, Event.PLAN_START, request=AGENT).moved == expected
    assert commit(store, Update(PLAN, description="later")).moved == expected
    forced = commit(store, SetStatus(PLAN, Status.DONE)).moved
    assert forced == expected._replace(event=None, from_status="planning", actor=Actor.USER, by="some user")
    assert store.get_plan(PLAN).moved == forced


def test_the_round_counts_finished_implementations(store: Store) -> None:
    created(store)
    assert moved(store, Event.IMPLEMENT_START).round == 0
    for number in (1, 2, 3):
        assert moved(store, Event.IMPLEMENT_FINISHED).round == number
        assert moved(store, Event.REVIEW_CHANGES_REQUESTED).round == number
    assert store.get_plan(PLAN).round == 3


def test_a_restart_of_planning_is_recorded_each_time(store: Store) -> None:
    created(store)
    assert [moved(store, Event.PLAN_START).revision for _ in range(3)] == [2, 3, 4]
    assert [entry.from_status for entry in store.history(PLAN)[1:]] == ["ready", "planning", "planning"]


# -- several events as one step --------------------------------------------------------------------------


def test_several_events_are_one_step(store: Store) -> None:
    created(store, status=Status.IMPLEMENTING)
    before = store.get_plan(PLAN)
    plan = moved(store, Event.IMPLEMENT_FINISHED, Event.REVIEW_APPROVED)
    assert (plan.status, plan.revision, plan.round) == (Status.DONE, before.revision + 2, 1)
    first, second = store.history(PLAN)[-2:]
    assert (first.event, first.from_status, first.to_status) == (
        "implement_finished",
        "implementing",
        "reviewing",
    )
    assert (second.event, second.from_status, second.to_status) == ("review_approved", "reviewing", "done")
    assert first.change == second.change == store.changes(0, 0)
    assert (first.revision, second.revision) == (plan.revision - 1, plan.revision)


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ((Event.PLAN_START, Event.PLANNER_FINISHED, Event.REVIEW_APPROVED), InvalidTransition),
        ((Event.REVIEW_APPROVED, Event.PLAN_START), InvalidTransition),
        ((Event.IMPLEMENT_START, Event.IMPLEMENT_START), InvalidTransition),
        ((Event.IMPLEMENT_START, Event.CANCEL), NotAllowed),
    ],
)
def test_several_events_are_all_or_nothing(
    store: Store, events: tuple[Event, ...], error: type[KasError]
) -> None:
    created(store)
    refused(store, Transition(PLAN, events, content=b"new"), error, AGENT)


def test_a_step_with_a_text_is_one_commit(store: Store) -> None:
    commit(store, Create(PLAN, status=Status.PLANNING, content=b"old"))
    plan = commit(store, Transition(PLAN, (Event.PLANNER_FINISHED,), content=b"new"))
    assert (plan.status, store.get_content(PLAN)) == (Status.READY, b"new")
    assert [entry.change for entry in store.history(PLAN)][1:] == [2] * (plan.revision - 1)
    refused(store, Transition(PLAN, (Event.PLANNER_FINISHED,), content=b"newer"), InvalidTransition)
    refused(store, Transition(PLAN, (Event.PLAN_START,), content=b"newer", if_revision=1), Conflict)
    assert store.get_content(PLAN) == b"new"


def test_other_plans_do_not_move(store: Store) -> None:
    created(store, OTHER)
    other = store.get_plan(OTHER)
    created(store)
    moved(store, Event.PLAN_START)
    assert store.get_plan(OTHER) == other
    assert len(store.history(OTHER)) == 1


# -- set_status ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "target"), CHANGES)
def test_a_user_may_force_any_status(store: Store, start: str, target: str) -> None:
    before = created(store, status=Status(start))
    plan = commit(store, SetStatus(PLAN, Status(target)))
    assert (plan.status, plan.revision) == (target, before.revision + 1)
    entry = last_entry(store)
    assert (entry.action, entry.event) == (Action.FORCED, None)
    assert (entry.from_status, entry.to_status) == (start, target)


@ROBOTS
def test_robots_may_not_force_a_status(store: Store, robot: Request) -> None:
    created(store)
    refused(store, SetStatus(PLAN, Status.PLANNING), NotAllowed, robot)
    refused(store, SetStatus(PLAN, Status.DONE), NotAllowed, robot)


# -- status in an update ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "target"), CHANGES)
def test_a_status_in_an_update_is_recorded_as_the_event_or_as_forced(
    store: Store, start: str, target: str
) -> None:
    before = created(store, status=Status(start))
    plan = commit(store, Update(PLAN, status=Status(target), description="replaced"))
    assert (plan.status, plan.description) == (target, "replaced")
    entries = [entry for entry in store.history(PLAN) if entry.revision > before.revision]
    assert plan.revision == before.revision + len(entries)
    events: list[str | None] = [event for event, end in TABLE[start].items() if end == target]
    moves = [entry for entry in entries if entry.action is not Action.UPDATED]
    assert [entry.event for entry in moves] == (events or [None])
    assert [entry.action for entry in moves] == [Action.TRANSITION if events else Action.FORCED]
    assert (moves[0].from_status, moves[0].to_status) == (start, target)


@ROBOTS
@pytest.mark.parametrize(("start", "target"), CHANGES)
def test_a_status_in_an_update_by_a_robot(store: Store, robot: Request, start: str, target: str) -> None:
    created(store, status=Status(start))
    update = Update(PLAN, status=Status(target), description="replaced")
    if any(end == target and event not in USER_ONLY for event, end in TABLE[start].items()):
        assert commit(store, update, robot).status == target
    else:
        refused(store, update, NotAllowed, robot)


def test_the_status_that_it_has_is_no_move(store: Store) -> None:
    created(store, status=Status.IMPLEMENTING)
    before = store.get_plan(PLAN)
    plan = commit(store, Update(PLAN, status=Status.IMPLEMENTING, description="x"), AGENT)
    assert plan == before._replace(description="x", revision=before.revision + 1)
    assert last_entry(store).action is Action.UPDATED


def test_a_finished_implementation_in_an_update_counts(store: Store) -> None:
    created(store, status=Status.IMPLEMENTING)
    assert commit(store, Update(PLAN, status=Status.REVIEWING)).round == 1


# -- words that the lifecycle does not know --------------------------------------------------------------


def test_an_unknown_status_is_kept_and_refuses_events(store: Store) -> None:
    commit(store, Create(PLAN, status=BLOCKED))
    assert store.get_plan(PLAN).status == "blocked"
    assert not isinstance(store.get_plan(PLAN).status, Status)
    for event in Event:
        refused(store, Transition(PLAN, (event,)), InvalidTransition, says="blocked")
    assert commit(store, Update(PLAN, description="x")).status == "blocked"


def test_an_unknown_status_is_left_by_force(store: Store) -> None:
    commit(store, Create(PLAN, status=BLOCKED))
    refused(store, SetStatus(PLAN, Status.READY), NotAllowed, AGENT)
    refused(store, Update(PLAN, status=Status.READY), NotAllowed, AGENT)
    assert commit(store, SetStatus(PLAN, Status.READY)).status is Status.READY
    assert (last_entry(store).from_status, last_entry(store).to_status) == ("blocked", "ready")
    assert moved(store, Event.PLAN_START).status is Status.PLANNING
