"""The port ``Store``: mutations that are committed together, in every kind of store."""

from __future__ import annotations

import pytest

from contract import stores
from contract.stores import OTHER, PLAN, USER, by, everything, last_entry, names
from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Create, Remove, Rename, SetContent, Transition, Update
from git_kas.domain.names import PlanName
from git_kas.errors import (
    AlreadyExists,
    Conflict,
    InvalidTransition,
    KasError,
    KeyReused,
    NotFound,
    TopicCollision,
)
from git_kas.ports.store import Store

place, store = stores.place, stores.store

KEYED = by(Actor.AGENT, key="the key")


def outcome(answer: Outcome | KasError) -> Outcome:
    assert not isinstance(answer, KasError), answer
    return answer


def test_nothing_asked_is_nothing_done(store: Store) -> None:
    before = everything(store)
    assert list(store.commit_all([])) == []
    assert everything(store) == before


def test_each_sees_what_the_one_before_did(store: Store) -> None:
    answers = store.commit_all(
        [
            (Create(PLAN, content=b"text"), USER),
            (Transition(PLAN, (Event.IMPLEMENT_START,), if_revision=1), KEYED),
            (Rename(PLAN, OTHER), USER),
            (SetContent(OTHER, b"new text"), USER),
        ]
    )
    outcomes = [outcome(answer) for answer in answers]
    assert [done.change for done in outcomes] == [1, 2, 3, 4]
    assert outcomes[-1].plan == store.get_plan(OTHER)
    assert [entry for done in outcomes for entry in done.entries] == list(store.history())
    assert store.get_plan(OTHER).status is Status.IMPLEMENTING
    assert store.get_content(OTHER) == b"new text"
    assert names(store) == [OTHER]
    assert last_entry(store, OTHER).change == store.changes(0, 0) == 4


def test_each_sees_which_plans_of_its_topic_are_implemented_by_then(store: Store) -> None:
    start = (Event.IMPLEMENT_START,)
    for name in (PLAN, OTHER, stores.THIRD):
        store.commit(Create(name, topic="api"), USER)
    answers = store.commit_all(
        [
            (Transition(PLAN, start), USER),
            (Transition(OTHER, start), USER),
            (Transition(PLAN, (Event.CANCEL,)), USER),
            (Transition(OTHER, start), USER),
            (Update(OTHER, topic="web"), USER),
            (Transition(stores.THIRD, start), USER),
        ]
    )
    refused = [type(answer) for answer in answers if isinstance(answer, KasError)]
    assert (refused, isinstance(answers[1], TopicCollision)) == ([TopicCollision], True)
    assert [plan.filename for plan in store.list_plans([Status.IMPLEMENTING])] == sorted([OTHER, stores.THIRD])


def test_one_that_is_refused_keeps_none_of_the_others_back(store: Store) -> None:
    stores.created(store)
    answers = store.commit_all(
        [
            (Create(PLAN), USER),
            (Update(PLAN, description="one", if_revision=9), USER),
            (Create(OTHER), USER),
            (Transition(PLAN, (Event.REVIEW_APPROVED,)), USER),
            (Remove(stores.THIRD), USER),
            (Update(PLAN, description="two", if_revision=1), USER),
        ]
    )
    expected = [AlreadyExists, Conflict, Outcome, InvalidTransition, NotFound, Outcome]
    assert [type(answer) for answer in answers] == expected
    assert store.get_plan(PLAN).description == "two"
    assert store.changes(0, 0) == 3


def test_only_refusals_change_nothing(store: Store) -> None:
    stores.created(store)
    before = everything(store)
    answers = store.commit_all([(Create(PLAN), USER), (Remove(OTHER), USER)])
    assert [type(answer) for answer in answers] == [AlreadyExists, NotFound]
    assert everything(store) == before


def test_a_key_counts_within_and_beyond(store: Store) -> None:
    asked = Create(PLAN, content=b"text")
    first, again, misused = store.commit_all([(asked, KEYED), (asked, KEYED), (Create(OTHER), KEYED)])
    assert outcome(again) == outcome(first)._replace(replayed=True)
    assert isinstance(misused, KeyReused)
    (later,) = store.commit_all([(asked, KEYED)])
    assert outcome(later) == outcome(again) == store.commit(asked, KEYED)
    assert store.changes(0, 0) == 1


@pytest.mark.parametrize("count", [1, 5, 300])
def test_many_are_all_there(store: Store, count: int) -> None:
    plans = [PlanName(f"2026-01-01-{number:03}.md") for number in range(count)]
    answers = store.commit_all([(Create(name), by(Actor.USER, key=f"key of {name}")) for name in plans])
    assert [outcome(answer).change for answer in answers] == list(range(1, count + 1))
    assert names(store) == plans
    assert [entry.plan for entry in store.history()] == plans
    assert store.outcome_of(f"key of {plans[-1]}") == outcome(answers[-1])._replace(replayed=True)
