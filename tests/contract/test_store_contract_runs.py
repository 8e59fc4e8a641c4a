"""The port ``Store``: topics, and the right to drive a plan with its progress, in every kind of store."""

from __future__ import annotations

import pytest

from contract import stores
from contract.stores import AGENT, OTHER, PLAN, THIRD, USER, Place, commit, created, last_entry, refused
from git_kas.domain.ledger import Action, Run
from git_kas.domain.mutation import ClaimRun, Create, CreateTopic, Import, Mutation, PutRun, Rename, Update
from git_kas.domain.plan import Topic
from git_kas.domain.project import Project
from git_kas.errors import AlreadyExists, Busy, Conflict, KasError, NotFound, UsageError
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store
from support import DAY, EPOCH

place, store, clock = stores.place, stores.store, stores.clock


def topics(store: Store) -> list[str]:
    return [topic.name for topic in store.list_topics()]


def do(store: Store, mutation: Mutation) -> Run:
    """The run after ``mutation``; reading it gives the same."""
    outcome = store.commit(mutation, USER)
    assert outcome.run is not None
    assert outcome.plan is not None
    assert store.get_run(outcome.plan.filename) == outcome.run
    return outcome.run


def claim(store: Store, owner: str = "one", ttl: float = 60) -> Run:
    return do(store, ClaimRun(PLAN, owner, ttl))


# -- topics ----------------------------------------------------------------------------------------------


def test_a_topic_is_created_once(store: Store) -> None:
    time = "2026-02-22T18:00:00.123456789+01:00"
    outcome = store.commit(CreateTopic("api", created_at=time), USER)
    assert outcome.plan is None
    assert [entry.action for entry in outcome.entries] == [Action.TOPIC_CREATED]
    assert list(store.list_topics()) == [Topic("api", time)]
    refused(store, CreateTopic("api"), AlreadyExists, says="already exists")
    refused(store, CreateTopic("api", created_at=time), AlreadyExists, says="api")


def test_without_created_at_a_topic_is_of_now(store: Store) -> None:
    store.commit(CreateTopic("api"), USER)
    assert store.list_topics()[0].created_at.startswith("2026-01-01T00:00:00")


def test_topics_are_in_bytewise_order(store: Store) -> None:
    words = ["web", "API", "api", "a b", "ä", "日本", "\ufffd", "🙂", "'", "a-b"]
    for word in words:
        store.commit(CreateTopic(word), USER)
    assert topics(store) == sorted(words, key=str.encode)


def test_topics_of_plans_are_topics(store: Store) -> None:
    commit(store, Create(PLAN, topic="api"))
    created(store, OTHER)
    assert topics(store) == ["api"]
    commit(store, Update(OTHER, topic="web"))
    assert topics(store) == ["api", "web"]
    commit(store, Create(THIRD, topic="api"))
    assert topics(store) == ["api", "web"]


def test_topics_that_stand_only_in_a_plan_are_topics(store: Store) -> None:
    foreign = Project()
    plan = created(store)._replace(filename=OTHER, topic="orphan")
    foreign.records[OTHER] = stores.record_of(plan)
    store.commit(Import(foreign, "elsewhere"), USER)
    assert topics(store) == ["orphan"]


# -- claims ----------------------------------------------------------------------------------------------


def test_a_plan_without_a_run(store: Store) -> None:
    created(store)
    assert store.get_run(PLAN) is None
    refused(store, ClaimRun(OTHER, "one", 60), NotFound, says="not found")
    refused(store, PutRun(OTHER, {}, 1), NotFound, says="not found")


def test_a_claim(store: Store) -> None:
    plan = created(store)
    run = claim(store, "one", 60)
    assert (run.owner, run.expires, run.document) == ("one", "2026-01-01T00:01:00.000000Z", {})
    assert run.fence >= 1
    entry = last_entry(store)
    assert (entry.action, entry.plan) == (Action.RUN_CLAIMED, PLAN)
    assert store.get_plan(PLAN)._replace(revision=0) == plan._replace(revision=0)


def test_others_are_busy_until_a_claim_ends(store: Store, clock: FakeClock) -> None:
    created(store)
    first = claim(store, "one", 60)
    for seconds in (0, 30, 59):
        clock.time = EPOCH + seconds
        refused(store, ClaimRun(PLAN, "two", 60), Busy, says="one")
        refused(store, ClaimRun(PLAN, "two", 0), Busy)
    clock.time = EPOCH + 61
    second = claim(store, "two", 60)
    assert second.fence > first.fence
    refused(store, ClaimRun(PLAN, "one", 60), Busy, says="two")


def test_the_owner_renews(store: Store, clock: FakeClock) -> None:
    created(store)
    first = claim(store, "one", 60)
    clock.time = EPOCH + 50
    renewed = claim(store, "one", 60)
    assert renewed.fence == first.fence
    assert renewed.expires == "2026-01-01T00:01:50.000000Z"
    clock.time = EPOCH + 100
    refused(store, ClaimRun(PLAN, "two", 60), Busy)
    clock.time = EPOCH + 111
    assert claim(store, "two").fence > first.fence


def test_a_claim_is_given_back(store: Store) -> None:
    created(store)
    first = claim(store, "one", 600)
    given_back = claim(store, "one", 0)
    assert (given_back.owner, given_back.expires) == ("", "")
    assert last_entry(store).action is Action.RUN_RELEASED
    second = claim(store, "two", 600)
    assert second.fence > first.fence
    refused(store, ClaimRun(PLAN, "one", 0), Busy)


def test_the_fence_rises_with_each_owner(store: Store, clock: FakeClock) -> None:
    created(store)
    fences = []
    for number in range(6):
        fences.append(claim(store, f"owner {number % 2}", 60).fence)
        if number % 3:
            claim(store, f"owner {number % 2}", 0)
        else:
            clock.time += 61
    assert fences == sorted(set(fences))


def test_plans_are_claimed_apart(store: Store) -> None:
    created(store)
    created(store, OTHER)
    claim(store, "one", 60)
    assert do(store, ClaimRun(OTHER, "two", 60)).owner == "two"
    run = store.get_run(PLAN)
    assert run is not None
    assert run.owner == "one"


@pytest.mark.parametrize("ttl", [-1.0, float("nan"), float("inf")])
def test_no_durations(store: Store, ttl: float) -> None:
    created(store)
    refused(store, ClaimRun(PLAN, "one", ttl), UsageError)


@pytest.mark.parametrize("step_back", [1, DAY, 1000 * DAY])
def test_leases_are_safe_when_the_clock_is_set_back(store: Store, clock: FakeClock, step_back: int) -> None:
    created(store)
    claim(store, "one", 60)
    clock.time = EPOCH - step_back
    refused(store, ClaimRun(PLAN, "two", 60), Busy)
    claim(store, "one", 60)
    refused(store, ClaimRun(PLAN, "two", 60), Busy)
    claim(store, "one", 0)
    claim(store, "two", 60)
    refused(store, ClaimRun(PLAN, "one", 60), Busy)
    clock.time = EPOCH + 3 * 60
    claim(store, "one", 60)


# -- progress --------------------------------------------------------------------------------------------


def test_progress_is_written_by_the_holder(store: Store) -> None:
    plan = created(store)
    fence = claim(store).fence
    for wave in (1, 2):
        run = do(store, PutRun(PLAN, {"wave": wave, "tasks": {"1": "running"}}, fence))
        assert run.document == {"wave": wave, "tasks": {"1": "running"}}
        assert (run.owner, run.fence) == ("one", fence)
        assert last_entry(store).action is Action.RUN_WRITTEN
    assert claim(store).document == {"wave": 2, "tasks": {"1": "running"}}
    assert store.get_plan(PLAN)._replace(revision=0) == plan._replace(revision=0)


def test_an_old_fence_writes_nothing(store: Store, clock: FakeClock) -> None:
    created(store)
    old = claim(store, "one").fence
    do(store, PutRun(PLAN, {"by": "one"}, old))
    clock.time = EPOCH + 61
    new = claim(store, "two").fence
    refused(store, PutRun(PLAN, {"by": "one again"}, old), Conflict)
    refused(store, PutRun(PLAN, {"by": "nobody"}, new + 1), Conflict)
    assert do(store, PutRun(PLAN, {"by": "two"}, new)).document == {"by": "two"}


def test_without_a_claim_nothing_is_written(store: Store) -> None:
    """Docstring of PutRun: written by the holder of the fence. Nobody holds one."""
    created(store)
    refused(store, PutRun(PLAN, {"a": 1}, 1), Conflict)
    refused(store, PutRun(PLAN, {"a": 1}, 0), KasError)


def test_progress_is_compared_and_swapped(store: Store) -> None:
    created(store)
    run = claim(store)
    first = do(store, PutRun(PLAN, {"a": 1}, run.fence, if_revision=run.revision))
    assert first.revision > run.revision
    refused(store, PutRun(PLAN, {"a": 2}, run.fence, if_revision=run.revision), Conflict)
    refused(store, PutRun(PLAN, {"a": 2}, run.fence, if_revision=first.revision + 1), Conflict)
    second = do(store, PutRun(PLAN, {"a": 2}, run.fence, if_revision=first.revision))
    assert second.revision > first.revision


def test_the_revision_of_a_run_is_not_the_plans(store: Store) -> None:
    created(store)
    run = claim(store)
    for number in range(4):
        commit(store, Update(PLAN, description=str(number)))
    assert do(store, PutRun(PLAN, {"a": 1}, run.fence, if_revision=run.revision)).document == {"a": 1}


def test_a_run_goes_with_its_plan(store: Store) -> None:
    created(store)
    run = claim(store)
    do(store, PutRun(PLAN, {"a": 1}, run.fence))
    commit(store, Rename(PLAN, OTHER))
    refused(store, ClaimRun(OTHER, "two", 60), Busy)
    assert do(store, PutRun(OTHER, {"a": 2}, run.fence)).document == {"a": 2}


def test_agents_may_drive(store: Store) -> None:
    created(store)
    outcome = store.commit(ClaimRun(PLAN, "agent", 60), AGENT)
    assert outcome.run is not None
    assert store.commit(PutRun(PLAN, {"a": 1}, outcome.run.fence), AGENT).run == store.get_run(PLAN)


def test_a_claim_holds_in_every_instance(place: Place) -> None:
    first, second = place.open(), place.open()
    created(first)
    fence = claim(first, "one", 60).fence
    refused(second, ClaimRun(PLAN, "two", 60), Busy)
    do(second, PutRun(PLAN, {"by": "another instance"}, fence))
    place.clock.time += 61
    claim(second, "two", 60)
    refused(first, PutRun(PLAN, {"a": 1}, fence), Conflict)
