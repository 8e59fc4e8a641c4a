"""The port ``Store``: topics keep plans from being implemented at the same time, unless a user allows it."""

from __future__ import annotations

import pytest

from contract import stores
from contract.stores import AGENT, OTHER, PLAN, SYSTEM, THIRD, USER, commit, last_entry, refused
from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import Create, Request, SetStatus, Transition, Update
from git_kas.domain.names import PlanName
from git_kas.errors import InvalidTransition, NotAllowed, TopicCollision
from git_kas.ports.store import Store

place, store = stores.place, stores.store

START = Transition(PLAN, (Event.IMPLEMENT_START,))
ALLOWED = START._replace(allow_collision=True)


def put(store: Store, name: PlanName, status: Status, topic: str = "api") -> None:
    commit(store, Create(name, topic=topic))
    if status is not Status.READY:
        commit(store, SetStatus(name, status))


@pytest.mark.parametrize("request_", [USER, AGENT, SYSTEM], ids=["user", "agent", "system"])
def test_two_plans_of_a_topic_are_not_implemented_at_once(store: Store, request_: Request) -> None:
    put(store, PLAN, Status.READY)
    put(store, OTHER, Status.IMPLEMENTING)
    error = refused(store, START, TopicCollision, request_, says="--allow-collision")
    assert OTHER in error.message
    assert "'api'" in error.message
    commit(store, SetStatus(OTHER, Status.REVIEWING))
    assert commit(store, START, request_).status is Status.IMPLEMENTING
    assert "collides_with" not in last_entry(store).detail


def test_a_user_may_allow_it_and_the_history_says_with_what(store: Store) -> None:
    put(store, PLAN, Status.READY)
    put(store, OTHER, Status.IMPLEMENTING)
    put(store, THIRD, Status.IMPLEMENTING)
    assert commit(store, ALLOWED).status is Status.IMPLEMENTING
    assert list(last_entry(store).detail["collides_with"]) == [OTHER, THIRD]  # type: ignore[call-overload]


def test_what_is_allowed_in_vain_is_not_recorded(store: Store) -> None:
    put(store, PLAN, Status.READY)
    commit(store, ALLOWED)
    assert "collides_with" not in last_entry(store).detail


@pytest.mark.parametrize("others", [[], [OTHER]], ids=["alone", "colliding"])
def test_an_agent_may_not_allow_it(store: Store, others: list[PlanName]) -> None:
    put(store, PLAN, Status.READY)
    for other in others:
        put(store, other, Status.IMPLEMENTING)
    refused(store, ALLOWED, NotAllowed, AGENT)


@pytest.mark.parametrize(
    ("topic", "other_topic"), [("api", "web"), ("api", ""), ("", "api"), ("", ""), ("api", "API")]
)
def test_other_topics_and_none_keep_nobody_apart(store: Store, topic: str, other_topic: str) -> None:
    put(store, PLAN, Status.READY, topic)
    put(store, OTHER, Status.IMPLEMENTING, other_topic)
    assert commit(store, START).status is Status.IMPLEMENTING


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.IMPLEMENTING])
def test_plans_in_other_statuses_keep_nobody_off(store: Store, status: Status) -> None:
    put(store, PLAN, Status.READY)
    put(store, OTHER, status)
    assert commit(store, START).status is Status.IMPLEMENTING


def test_a_plan_does_not_collide_with_itself(store: Store) -> None:
    put(store, PLAN, Status.IMPLEMENTING)
    refused(store, START, InvalidTransition)
    back_and_forth = (Event.IMPLEMENT_FINISHED, Event.REVIEW_APPROVED, Event.REIMPLEMENT)
    assert commit(store, Transition(PLAN, back_and_forth)).status is Status.IMPLEMENTING


def test_implementing_again_collides_as_well_and_feedback_never_does(store: Store) -> None:
    put(store, PLAN, Status.REVIEWING)
    put(store, OTHER, Status.IMPLEMENTING)
    assert commit(store, Transition(PLAN, (Event.REVIEW_CHANGES_REQUESTED,))).status is Status.IMPLEMENTING
    commit(store, SetStatus(PLAN, Status.DONE))
    refused(store, Transition(PLAN, (Event.REIMPLEMENT,)), TopicCollision)


def test_a_topic_that_is_given_later_counts(store: Store) -> None:
    put(store, PLAN, Status.READY, "")
    put(store, OTHER, Status.IMPLEMENTING)
    commit(store, Update(PLAN, topic="api"))
    refused(store, START, TopicCollision)


def test_of_two_that_are_asked_for_together_the_first_wins(store: Store) -> None:
    for name in (PLAN, OTHER, THIRD):
        put(store, name, Status.READY, "other" if name == THIRD else "api")
    events = (Event.IMPLEMENT_START,)
    asked = [(Transition(name, events), USER) for name in (PLAN, OTHER, THIRD)]
    first, second, third = store.commit_all(asked)
    assert isinstance(first, Outcome)
    assert isinstance(second, TopicCollision)
    assert isinstance(third, Outcome)
    done = Transition(PLAN, (Event.IMPLEMENT_FINISHED,))
    assert all(isinstance(one, Outcome) for one in store.commit_all([(done, USER), asked[1]]))
