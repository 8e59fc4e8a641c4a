"""The lifecycle, against the table of DESIGN 3 as it is written there."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.lifecycle import (
    FINISHED,
    IN_WORK,
    Actor,
    Event,
    Status,
    UnknownStatus,
    next_status,
    parse_event,
    parse_status,
    read_status,
    valid_events,
)
from git_kas.errors import InvalidStatus, InvalidTransition, NotAllowed, UnknownEvent

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
EVENTS = sorted({event for moves in TABLE.values() for event in moves})
STATUSES = list(TABLE)

statuses = st.sampled_from(STATUSES).map(parse_status)
events = st.sampled_from(EVENTS).map(parse_event)
actors = st.sampled_from(list(Actor))


def text_of(error: InvalidTransition) -> str:
    return f"{error.message} {error.next_step}"


def test_the_words_are_those_of_the_design() -> None:
    assert [str(status) for status in Status] == STATUSES
    assert sorted(str(event) for event in Event) == EVENTS
    assert {str(actor) for actor in Actor} == {"user", "agent", "system"}
    assert {str(status) for status in FINISHED} == {"done", "cancelled"}
    assert {str(status) for status in IN_WORK} == {"planning", "implementing", "reviewing"}


@pytest.mark.parametrize(("status", "event"), list(itertools.product(STATUSES, EVENTS)))
@pytest.mark.parametrize("actor", list(Actor))
def test_every_status_event_and_actor(status: str, event: str, actor: Actor) -> None:
    current, asked = parse_status(status), parse_event(event)
    if event in USER_ONLY and actor is not Actor.USER:
        with pytest.raises(NotAllowed) as refused:
            next_status(current, asked, actor)
        assert event in refused.value.message
        assert actor in refused.value.message
    elif event in TABLE[status]:
        assert next_status(current, asked, actor) == TABLE[status][event]
    else:
        with pytest.raises(InvalidTransition):
            next_status(current, asked, actor)


@pytest.mark.parametrize("event", sorted(USER_ONLY))
@pytest.mark.parametrize("actor", [Actor.AGENT, Actor.SYSTEM])
@pytest.mark.parametrize("status", [*Status, UnknownStatus("bogus")])
def test_only_a_user_decides(event: str, actor: Actor, status: Status | UnknownStatus) -> None:
    with pytest.raises(NotAllowed):
        next_status(status, parse_event(event), actor)


@given(status=statuses, event=events, actor=actors)
def test_valid_events_are_exactly_those_that_succeed(status: Status, event: Event, actor: Actor) -> None:
    try:
        next_status(status, event, actor)
    except (InvalidTransition, NotAllowed):
        assert event not in valid_events(status, actor)
    else:
        assert event in valid_events(status, actor)
    assert list(valid_events(status, actor)) == sorted(valid_events(status, actor))


@given(start=statuses, steps=st.lists(st.tuples(events, actors), max_size=40))
def test_no_sequence_reaches_an_unknown_status(start: Status, steps: list[tuple[Event, Actor]]) -> None:
    status, expected = start, str(start)
    for event, actor in steps:
        try:
            status = next_status(status, event, actor)
        except (InvalidTransition, NotAllowed):
            assert event not in TABLE[expected] or (event in USER_ONLY and actor is not Actor.USER)
        else:
            expected = TABLE[expected][event]
        assert isinstance(status, Status)
        assert status == expected


@given(steps=st.lists(events, max_size=40), actor=st.sampled_from([Actor.AGENT, Actor.SYSTEM]))
def test_without_a_user_a_finished_plan_stays_finished(steps: list[Event], actor: Actor) -> None:
    for finished in FINISHED:
        for event in steps:
            with pytest.raises((InvalidTransition, NotAllowed)):
                next_status(finished, event, actor)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("event", EVENTS)
def test_an_invalid_event_is_answered_with_status_and_choices(status: str, event: str) -> None:
    if event in TABLE[status]:
        return
    with pytest.raises(InvalidTransition) as refused:
        next_status(parse_status(status), parse_event(event), Actor.USER)
    said = text_of(refused.value)
    assert f"'{status}'" in said
    assert f"'{event}'" in said
    assert ", ".join(sorted(TABLE[status])) in said


@given(word=st.text(max_size=30).filter(lambda word: read_status(word) not in set(Status)), event=events)
def test_an_unknown_status_is_kept_and_has_no_transitions(word: str, event: Event) -> None:
    status = read_status(word)
    assert isinstance(status, UnknownStatus)
    assert status == word
    assert valid_events(status) == ()
    with pytest.raises(InvalidTransition) as refused:
        next_status(status, event, Actor.USER)
    assert word in text_of(refused.value)


@pytest.mark.parametrize(
    ("word", "status"), [("in_progress", "implementing"), ("completed", "done"), ("finished", "done")]
)
def test_legacy_words_are_read_but_not_accepted_as_input(word: str, status: str) -> None:
    assert read_status(word) is parse_status(status)
    with pytest.raises(InvalidStatus) as refused:
        parse_status(word)
    said = f"{refused.value.message} {refused.value.next_step}"
    assert word in said
    assert all(known in said for known in STATUSES)


@pytest.mark.parametrize("word", ["", "Ready", "READY", " ready", "ready\n", "elaborating", "open"])
def test_other_words_are_no_status(word: str) -> None:
    assert isinstance(read_status(word), UnknownStatus)
    with pytest.raises(InvalidStatus):
        parse_status(word)


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_accepted_with_hyphens(event: str) -> None:
    assert parse_event(event) is parse_event(event.replace("_", "-"))
    assert parse_event(event) == event


@pytest.mark.parametrize("alias", ["review_changes", "review-changes"])
def test_the_alias_of_review_changes_requested(alias: str) -> None:
    assert parse_event(alias) is Event.REVIEW_CHANGES_REQUESTED


@given(word=st.text(max_size=30))
def test_any_other_word_is_no_event(word: str) -> None:
    if word.replace("-", "_") in {*EVENTS, "review_changes"}:
        return
    with pytest.raises(UnknownEvent) as refused:
        parse_event(word)
    said = f"{refused.value.message} {refused.value.next_step}"
    assert word in said
    assert ", ".join(EVENTS) in said
