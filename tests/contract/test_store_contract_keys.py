"""The port ``Store``: a mutation with an idempotency key happens once, in every kind of store."""

from __future__ import annotations

import pytest

from contract import stores
from contract.stores import MEMORY, OTHER, PLAN, THIRD, USER, Place, by, commit, created, everything, refused
from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import (
    ClaimRun,
    Create,
    CreateTopic,
    Import,
    Mutation,
    PutRun,
    Remove,
    Rename,
    Restore,
    SetContent,
    SetStatus,
    Transition,
    Update,
)
from git_kas.errors import AlreadyExists, Conflict, InvalidTransition, KeyReused
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store
from support import DAY

place, store, clock = stores.place, stores.store, stores.clock

KEYED = by(Actor.USER, key="the key", note="the note")
STEPS: list[Mutation] = [
    Create(PLAN, topic="api", content=b"x\xff", extra={"a": [1, {"b": 2.0}]}),
    Update(PLAN, description="d", extra={"c": 3}),
    Transition(PLAN, (Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED), content=b"y"),
    SetStatus(PLAN, Status.DONE),
    SetContent(PLAN, b"z"),
    CreateTopic("web"),
    ClaimRun(PLAN, "me", 60),
    PutRun(PLAN, {"wave": 1}, 1),
    Rename(PLAN, OTHER),
    Remove(OTHER),
    Restore(OTHER),
]


def replayed(store: Store, mutation: Mutation, first: Outcome) -> None:
    """The same request again: the first outcome comes back, and nothing is written."""
    before = everything(store)
    again = store.commit(mutation, KEYED)
    assert again == first._replace(replayed=True)
    assert stores.exactly(again._replace(replayed=False)) == stores.exactly(first)
    assert everything(store) == before


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[type(step).__name__ for step in STEPS])
def test_a_repetition_does_nothing(store: Store, number: int) -> None:
    for mutation in STEPS[:number]:
        store.commit(mutation, USER)
    first = store.commit(STEPS[number], KEYED)
    assert not first.replayed
    replayed(store, STEPS[number], first)
    for mutation in STEPS[number + 1 :]:
        store.commit(mutation, USER)
    replayed(store, STEPS[number], first)


def test_a_repetition_is_known_by_every_instance(place: Place, clock: FakeClock) -> None:
    first = place.open().commit(STEPS[0], KEYED)
    second = place.open()
    replayed(second, STEPS[0], first)
    if place.kind != MEMORY:
        place.close()
    clock.time += 7 * DAY
    for _ in range(2):
        replayed(place.open(), STEPS[0], first)
    assert len(place.open().history(PLAN)) == 1


def test_a_repetition_does_not_ask_the_state(store: Store) -> None:
    """A client that lost the answer repeats the request although the plan has moved on."""
    created(store)
    start = Transition(PLAN, (Event.PLAN_START,), if_revision=1)
    first = store.commit(start, KEYED)
    commit(store, Transition(PLAN, (Event.PLANNER_FINISHED, Event.IMPLEMENT_START)))
    replayed(store, start, first)
    commit(store, Remove(PLAN))
    replayed(store, start, first)


def test_a_precondition_is_no_argument(store: Store) -> None:
    created(store)
    first = store.commit(Update(PLAN, description="x", if_revision=1), KEYED)
    for revision in (None, 1, 2, 99):
        replayed(store, Update(PLAN, description="x", if_revision=revision), first)


OTHER_REQUESTS: dict[str, Mutation] = {
    "other plan": Update(OTHER, description="x"),
    "other value": Update(PLAN, description="y"),
    "other field": Update(PLAN, branch="x"),
    "empty for none": Update(PLAN, description="x", branch=""),
    "more": Update(PLAN, description="x", extra={}),
    "status": Update(PLAN, description="x", status=Status.PLANNING),
    "other operation": SetContent(PLAN, b"x"),
    "event": Transition(PLAN, (Event.PLAN_START,)),
    "topic": CreateTopic("x"),
    "gone plan": Update(THIRD, description="x"),
}


@pytest.mark.parametrize("mutation", OTHER_REQUESTS.values(), ids=OTHER_REQUESTS)
def test_a_key_stands_for_one_request(store: Store, mutation: Mutation) -> None:
    created(store)
    created(store, OTHER)
    store.commit(Update(PLAN, description="x"), KEYED)
    refused(store, mutation, KeyReused, KEYED)


def test_a_key_stands_for_one_note(store: Store) -> None:
    created(store)
    store.commit(Update(PLAN, description="x"), KEYED)
    for note in ("", "the note ", "another"):
        refused(store, Update(PLAN, description="x"), KeyReused, KEYED._replace(note=note))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Create(PLAN), Create(PLAN, content=b"")),
        (Create(PLAN, content=b"a"), Create(PLAN, content=b"b")),
        (Create(PLAN, extra={"a": 1}), Create(PLAN, extra={"a": 2})),
        (Create(PLAN, extra={"a": 1}), Create(PLAN, extra={"a": "1"})),
        (Create(PLAN, extra={"a": 1}), Create(PLAN, extra={"a": True})),
        (Create(PLAN, extra={"a": {"b": []}}), Create(PLAN, extra={"a": {"b": {}}})),
        (Create(PLAN, extra={"a": None}), Create(PLAN)),
    ],
)
def test_arguments_differ_by_value(store: Store, first: Create, second: Create) -> None:
    store.commit(first, KEYED)
    refused(store, second, KeyReused, KEYED)


def test_equal_arguments_may_be_written_differently(store: Store) -> None:
    first = store.commit(Create(PLAN, extra={"a": 1, "b": {"c": 1, "d": 2}}), KEYED)
    replayed(store, Create(PLAN, extra={"b": {"d": 2, "c": 1}, "a": 1}), first)


def test_failures_are_not_remembered(store: Store) -> None:
    created(store)
    refused(store, Create(PLAN), AlreadyExists, KEYED)
    refused(store, Transition(PLAN, (Event.REOPEN,)), InvalidTransition, KEYED)
    stale = Update(PLAN, description="x", if_revision=9)
    refused(store, stale, Conflict, KEYED)
    first = store.commit(stale._replace(if_revision=1), KEYED)
    assert not first.replayed
    replayed(store, stale, first)


def test_keys_are_apart(store: Store) -> None:
    created(store)
    for number, key in enumerate(["a", "A", "a ", "ä", "🙂", "' OR 1=1 --", "a/b\\c", "x" * 300]):
        request = by(Actor.USER, key=key)
        first = store.commit(Update(PLAN, description=str(number)), request)
        assert first.entries[0].key == key
        assert store.commit(Update(PLAN, description=str(number)), request).replayed
    assert store.get_plan(PLAN).revision == 9


def test_without_a_key_everything_happens_again(store: Store) -> None:
    created(store)
    for revision in (2, 3, 4):
        assert commit(store, Transition(PLAN, (Event.PLAN_START,))).revision == revision


def test_an_import_happens_once(store: Store) -> None:
    created(store)
    incoming = store.export()
    commit(store, Rename(PLAN, OTHER))
    first = store.commit(Import(incoming, "backup"), KEYED)
    replayed(store, Import(incoming, "backup"), first)
    refused(store, Import(incoming, "another"), KeyReused, KEYED)


def test_one_of_two_mutations_with_the_same_key_wins_whatever_the_plan(store: Store) -> None:
    created(store)
    created(store, OTHER)
    first = store.commit(SetStatus(PLAN, Status.DONE), KEYED)
    refused(store, SetStatus(OTHER, Status.DONE), KeyReused, KEYED)
    refused(store, SetStatus(PLAN, Status.CANCELLED), KeyReused, KEYED)
    replayed(store, SetStatus(PLAN, Status.DONE), first)
