"""The port ``Store``: history, change numbers, times and waiting for changes, in every kind of store."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import pytest

from contract import stores
from contract.stores import OTHER, PLAN, THIRD, USER, Place, by, commit, created, last_entry, refused
from git_kas.domain.ledger import Action, HistoryEntry
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import (
    AdoptEdit,
    Author,
    ClaimRun,
    Create,
    CreateTopic,
    Import,
    Mutation,
    PutRun,
    Remove,
    Rename,
    Request,
    Restore,
    SetContent,
    SetStatus,
    Transition,
    Update,
)
from git_kas.domain.names import PlanName
from git_kas.errors import Conflict, InvalidTransition, NotFound, UsageError
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store
from support import DAY, EPOCH

place, store, clock = stores.place, stores.store, stores.clock

LONG = 10  # seconds; a test that waits as long has failed
RUN_ACTIONS = {Action.RUN_CLAIMED, Action.RUN_RELEASED, Action.RUN_WRITTEN}
STEPS: list[tuple[Mutation, Action]] = [
    (Create(PLAN, topic="api"), Action.CREATED),
    (Update(PLAN, description="d"), Action.UPDATED),
    (Transition(PLAN, (Event.PLAN_START,)), Action.TRANSITION),
    (SetStatus(PLAN, Status.IMPLEMENTING), Action.FORCED),
    (SetContent(PLAN, b"text"), Action.CONTENT),
    (CreateTopic("web"), Action.TOPIC_CREATED),
    (ClaimRun(PLAN, "me", 60), Action.RUN_CLAIMED),
    (PutRun(PLAN, {"wave": 1}, 1), Action.RUN_WRITTEN),
    (ClaimRun(PLAN, "me", 0), Action.RUN_RELEASED),
    (Rename(PLAN, OTHER), Action.RENAMED),
    (Remove(OTHER), Action.REMOVED),
    (Restore(OTHER, THIRD), Action.RESTORED),
]


def told(store: Store) -> list[HistoryEntry]:
    """The whole history, in which no change and no revision of a plan is left out."""
    entries = list(store.history())
    assert sorted({entry.change for entry in entries}) == list(range(1, store.changes(0, 0) + 1))
    assert [entry.change for entry in entries] == sorted(entry.change for entry in entries)
    assert [entry.time for entry in entries] == sorted(entry.time for entry in entries)
    for identity in {entry.identity for entry in entries if entry.identity}:
        of_plan = [entry for entry in entries if entry.identity == identity]
        revisions = [entry.revision for entry in of_plan if entry.action not in RUN_ACTIONS]
        assert revisions == sorted(set(revisions))
        if not any(entry.action is Action.IMPORTED for entry in of_plan):
            assert revisions == list(range(revisions[0], revisions[0] + len(revisions)))
    return entries


# -- history ---------------------------------------------------------------------------------------------


def test_each_mutation_adds_its_entry_and_changes_none(store: Store, clock: FakeClock) -> None:
    for mutation, action in STEPS:
        before = told(store)
        clock.time += 1
        outcome = store.commit(mutation, USER)
        after = told(store)
        assert after[: len(before)] == before
        assert after[len(before) :] == list(outcome.entries)
        assert after[len(before)].action is action
        assert outcome.change == after[-1].change == len({entry.change for entry in after})


def test_an_entry_is_complete(store: Store, clock: FakeClock) -> None:
    created(store)
    clock.time = EPOCH + 3661
    request = Request(Author(Actor.AGENT, "coder 7"), key="signal-1", note="tests pass\nall of them")
    plan = commit(store, Transition(PLAN, (Event.IMPLEMENT_START,)), request)
    entry = last_entry(store)
    assert entry == HistoryEntry(
        change=2,
        time="2026-01-01T01:01:01.000000Z",
        actor=Actor.AGENT,
        by="coder 7",
        action=Action.TRANSITION,
        plan=PLAN,
        identity=store.history(PLAN)[0].identity,
        revision=plan.revision,
        event=Event.IMPLEMENT_START,
        from_status="ready",
        to_status="implementing",
        note="tests pass\nall of them",
        key="signal-1",
        detail=entry.detail,
    )
    assert entry.identity


@pytest.mark.parametrize(("number", "step"), list(enumerate(STEPS)), ids=[action for _, action in STEPS])
def test_who_and_why_stand_in_every_kind_of_entry(
    store: Store, number: int, step: tuple[Mutation, Action]
) -> None:
    for mutation, _ in STEPS[:number]:
        store.commit(mutation, USER)
    entry = store.commit(step[0], by(Actor.USER, key="k", note="why")).entries[0]
    assert (entry.actor, entry.by, entry.note, entry.key) == (Actor.USER, "some user", "why", "k")
    assert entry.time == "2026-01-01T00:00:00.000000Z"
    assert (entry.plan is None) == isinstance(step[0], CreateTopic)


def test_history_since_a_change(store: Store) -> None:
    for mutation, _ in STEPS:
        store.commit(mutation, USER)
    entries = told(store)
    for since in range(store.changes(0, 0) + 2):
        assert list(store.history(since=since)) == [entry for entry in entries if entry.change > since]
        of_plan = [entry for entry in entries if entry.change > since and entry.identity]
        assert list(store.history(THIRD, since)) == of_plan


def test_histories_of_plans_are_apart(store: Store) -> None:
    for name in (PLAN, OTHER):
        created(store, name)
    for number in range(3):
        commit(store, Update(PLAN, description=str(number)))
    commit(store, Rename(PLAN, THIRD))
    assert [entry.revision for entry in store.history(THIRD)] == [1, 2, 3, 4, 5]
    assert [entry.revision for entry in store.history(OTHER)] == [1]
    assert store.history(THIRD)[0].identity != store.history(OTHER)[0].identity


def test_an_export_is_of_one_moment(store: Store) -> None:
    created(store)
    held = store.export()
    commit(store, Update(PLAN, description="later", extra={"a": 1}))
    created(store, OTHER)
    assert held.change == 1
    assert [(name, record.plan.description) for name, record in held.records.items()] == [(PLAN, "")]
    assert len(held.entries) == 1


# -- change numbers --------------------------------------------------------------------------------------


def test_a_failure_takes_no_change_number(store: Store) -> None:
    created(store)
    for _ in range(3):
        refused(store, Transition(PLAN, (Event.REOPEN,)), InvalidTransition)
        refused(store, Update(OTHER, description="x"), NotFound)
        refused(store, Update(PLAN, description="x", if_revision=7), Conflict)
    assert store.commit(Create(OTHER), USER).change == 2
    assert [entry.change for entry in told(store)] == [1, 2]


def test_instances_count_together(place: Place) -> None:
    first, second = place.open(), place.open()
    for number in range(1, 9):
        store = (first, second)[number % 2]
        assert store.commit(Create(PlanName(f"{number}.md")), USER).change == number
        assert first.changes(0, 0) == second.changes(0, 0) == number
    assert told(first) == told(second) == told(place.open())


# -- a clock that is set back ----------------------------------------------------------------------------


@pytest.mark.parametrize("step_back", [1, DAY, 20_000 * DAY])
def test_times_never_go_back(store: Store, clock: FakeClock, step_back: int) -> None:
    created(store)
    for seconds in (100, 100 - step_back, 50, 101):
        clock.time = EPOCH + seconds
        commit(store, Update(PLAN, description=str(seconds)))
    times = [entry.time for entry in told(store)]
    assert times[0] == "2026-01-01T00:00:00.000000Z"
    assert times[-1] == "2026-01-01T00:01:41.000000Z"
    assert min(times[1:]) == "2026-01-01T00:01:40.000000Z"
    assert times == sorted(times)


def test_times_never_go_back_after_reopening(place: Place) -> None:
    created(place.open())
    if place.kind != stores.MEMORY:
        place.close()
    place.clock.time = EPOCH - DAY
    store = place.open()
    created(store, OTHER)
    assert [datetime.fromisoformat(entry.time).timestamp() for entry in told(store)] == [EPOCH, EPOCH]


# -- waiting for changes ---------------------------------------------------------------------------------


def test_what_is_newer_comes_at_once(store: Store) -> None:
    created(store)
    created(store, OTHER)
    started = time.monotonic()
    assert store.changes(0, LONG) == store.changes(1, LONG) == 2
    assert store.changes(2, 0) == store.changes(9, 0) == 2
    assert time.monotonic() - started < LONG / 2


def test_nothing_new_takes_the_whole_time(store: Store) -> None:
    created(store)
    started = time.monotonic()
    assert store.changes(1, 0.2) == 1
    assert 0.15 < time.monotonic() - started < LONG / 2


def test_a_failure_or_replay_is_nothing_new(place: Place) -> None:
    waiting, writing = place.open(), place.open()
    commit(writing, Create(PLAN), by(Actor.USER, key="k"))

    def nothing_new() -> None:
        assert writing.commit(Create(PLAN), by(Actor.USER, key="k")).replayed
        with pytest.raises(InvalidTransition):
            writing.commit(Transition(PLAN, (Event.REOPEN,)), USER)

    timer = threading.Timer(0.05, nothing_new)
    timer.start()
    assert waiting.changes(1, 0.3) == 1
    timer.join()


@pytest.mark.parametrize("before", [0, 1], ids=["first commit", "later commit"])
def test_a_commit_wakes_who_waits(place: Place, before: int) -> None:
    waiting, writing = place.open(), place.open()
    for _ in range(before):
        created(writing)
    woken: list[int] = []
    threads = [threading.Thread(target=lambda: woken.append(waiting.changes(before, LONG))) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert woken == []
    started = time.monotonic()
    assert writing.commit(Create(OTHER), USER).change == before + 1
    for thread in threads:
        thread.join(2 * LONG)
    assert woken == [before + 1] * 3
    assert time.monotonic() - started < LONG / 2


def test_no_commit_is_missed_by_who_waits_in_turns(place: Place) -> None:
    waiting, writing = place.open(), place.open()
    seen = [0]

    def follow() -> None:
        while seen[-1] < 12:
            seen.append(waiting.changes(seen[-1], LONG))

    thread = threading.Thread(target=follow)
    started = time.monotonic()
    thread.start()
    for number in range(12):
        writing.commit(Create(PlanName(f"{number}.md")), USER)
    thread.join(2 * LONG)
    assert seen == sorted(set(seen))
    assert seen[-1] == 12
    assert time.monotonic() - started < LONG / 2


# -- an edit behind the store's back ---------------------------------------------------------------------


def test_an_edit_is_taken_over(store: Store, place: Place) -> None:
    commit(store, Create(PLAN, content=b"kept", branch="b"))
    created(store, OTHER)
    edited = Create(PLAN, Status.DONE, "edited", "b", created_at=store.get_plan(PLAN).created_at)
    mutation = AdoptEdit(
        {PLAN: edited, OTHER: None, THIRD: Create(THIRD)}, (CreateTopic("t"),), "a text editor"
    )
    if place.kind.startswith("http"):  # whoever keeps the stored state sees edits of it
        stores.refused(store, mutation, UsageError, stores.SYSTEM, says="not sent")
        return
    store.commit(mutation, stores.SYSTEM)
    plan = store.get_plan(PLAN)
    assert (plan.status, plan.description, plan.branch, plan.revision) == (Status.DONE, "edited", "b", 2)
    assert store.get_content(PLAN) == b"kept"
    assert stores.names(store) == [PLAN, THIRD]
    assert [topic.name for topic in store.list_topics()] == ["t"]
    entry = last_entry(store)
    assert (entry.action, entry.from_status, entry.to_status) == (Action.EDITED, "ready", "done")
    assert "a text editor" in str(entry)
    assert [entry.revision for entry in store.history(OTHER)] == [1, 2]
    told(store)


def test_an_import_adds_entries_that_name_its_source(store: Store, place: Place) -> None:
    created(store)
    incoming = store.export()
    commit(store, Rename(PLAN, OTHER))
    outcome = store.commit(Import(incoming, "a backup"), USER)
    assert [entry.action for entry in outcome.entries if entry.plan == PLAN][-1] is Action.IMPORTED
    assert "a backup" in str(outcome.entries)
    told(store)
