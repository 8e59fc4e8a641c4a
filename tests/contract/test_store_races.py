"""Of racing processes one wins, the others are told the state, and nothing acknowledged is lost (DESIGN 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from contract.racing import Racers, Result, words
from contract.stores import OTHER, PLAN, STORE_PLUGINS, USER, by, created, everything, open_plugin
from git_kas.domain.ledger import HistoryEntry
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import (
    ClaimRun,
    Create,
    CreateTopic,
    Mutation,
    PutRun,
    Rename,
    Request,
    SetContent,
    Transition,
    Update,
)
from git_kas.domain.names import PlanName
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store
from support import EPOCH

RACERS = 16
Asked = Sequence[Sequence[tuple[Mutation, Request]]]
Race = Callable[[Asked], list[list[Result]]]


@pytest.fixture(scope="module")
def racers() -> Iterator[Racers]:
    """Processes, started once."""
    started = Racers(RACERS)
    yield started
    started.close()


@pytest.fixture(params=STORE_PLUGINS)
def plugin(request: pytest.FixtureRequest) -> str:
    """The name of a store plugin."""
    return str(request.param)


@pytest.fixture
def store(plugin: str, tmp_path: Path) -> Iterator[Store]:
    """The store that is raced for."""
    opened = open_plugin(plugin, tmp_path / "repository", FakeClock(EPOCH))
    yield opened
    opened.close()


@pytest.fixture
def race(racers: Racers, plugin: str, tmp_path: Path, store: Store) -> Race:
    """Run a race; afterwards the history tells exactly the commits that were acknowledged."""

    def run(asked: Asked) -> list[list[Result]]:
        before = store.changes(0, 0)
        results = racers.run(plugin, tmp_path / "repository", asked)
        won = sorted(result.change for racer in results for result in racer if result.word == "won")
        assert won == list(range(before + 1, before + 1 + len(won)))
        assert store.changes(0, 0) == before + len(won)
        assert [entry.change for entry in store.history(since=before)] == [
            result.change
            for result in sorted((result for racer in results for result in racer), key=lambda r: r.change)
            for _ in range(result.entries if result.word == "won" else 0)
        ]
        second = open_plugin(plugin, tmp_path / "repository", FakeClock(EPOCH))
        assert everything(second) == everything(store)
        second.close()
        return results

    return run


def everybody(mutation: Mutation, request: Request = USER) -> Asked:
    return [[(mutation, request)]] * RACERS


def each(make: Callable[[int], Any], request: Request = USER) -> Asked:
    return [[(make(number), request)] for number in range(RACERS)]


def plan(number: int) -> PlanName:
    return PlanName(f"{number:02}.md")


def new(name: PlanName, **fields: Any) -> Create:
    """A new plan; the default of ``extra`` cannot be sent to another process."""
    return Create(name, extra={}, **fields)


def revisions(entries: Sequence[HistoryEntry]) -> list[int]:
    return [entry.revision for entry in entries]


# -- one winner ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("if_revision", [None, 1])
def test_of_racing_transitions_one_wins(store: Store, race: Race, if_revision: int | None) -> None:
    created(store)
    results = race(everybody(Transition(PLAN, (Event.IMPLEMENT_START,), if_revision=if_revision)))
    loser = "conflict" if if_revision else "invalid_transition"
    assert words(results) == {"won": 1, loser: RACERS - 1}
    if if_revision:
        assert {result.current_revision for [result] in results if result.word != "won"} == {2}
    assert (store.get_plan(PLAN).status, store.get_plan(PLAN).revision) == (Status.IMPLEMENTING, 2)


def test_of_racing_plans_of_one_topic_one_is_implemented(store: Store, race: Race) -> None:
    for number in range(RACERS):
        store.commit(new(plan(number), topic="api"), USER)
    results = race(each(lambda number: Transition(plan(number), (Event.IMPLEMENT_START,))))
    assert words(results) == {"won": 1, "topic_collision": RACERS - 1}
    [winner] = [number for number, [result] in enumerate(results) if result.word == "won"]
    assert [one.filename for one in store.list_plans([Status.IMPLEMENTING])] == [plan(winner)]


def test_of_an_approval_and_a_rejection_one_wins(store: Store, race: Race) -> None:
    created(store, status=Status.REVIEWING)
    verdicts = (Event.REVIEW_APPROVED, Event.REVIEW_CHANGES_REQUESTED)
    results = race(each(lambda number: Transition(PLAN, (verdicts[number % 2],))))
    assert words(results) == {"won": 1, "invalid_transition": RACERS - 1}
    assert store.history(PLAN)[-1].to_status == store.get_plan(PLAN).status


def test_of_racing_creations_one_wins(store: Store, race: Race) -> None:
    """In a place where there was no store before."""
    results = race(each(lambda number: new(PLAN, description=str(number), content=b"%d" % number)))
    assert words(results) == {"won": 1, "already_exists": RACERS - 1}
    [winner] = [number for number, [result] in enumerate(results) if result.word == "won"]
    assert store.get_plan(PLAN).description == str(winner)
    assert store.get_content(PLAN) == b"%d" % winner


def test_of_racing_renames_one_wins(store: Store, race: Race) -> None:
    for number in range(RACERS):
        created(store, plan(number))
    results = race(each(lambda number: Rename(plan(number), PLAN)))
    assert words(results) == {"won": 1, "already_exists": RACERS - 1}
    assert len(store.list_plans()) == RACERS


def test_of_racing_claims_one_wins(store: Store, race: Race) -> None:
    created(store)
    results = race(each(lambda number: ClaimRun(PLAN, f"runner {number}", 600)))
    assert words(results) == {"won": 1, "busy": RACERS - 1}
    [winner] = [number for number, [result] in enumerate(results) if result.word == "won"]
    run = store.get_run(PLAN)
    assert run is not None
    assert run.owner == f"runner {winner}"


def test_of_racing_writers_of_progress_one_wins(store: Store, race: Race) -> None:
    created(store)
    run = store.commit(ClaimRun(PLAN, "runner", 600), USER).run
    assert run is not None
    results = race(each(lambda number: PutRun(PLAN, {"by": number}, run.fence, if_revision=run.revision)))
    assert words(results) == {"won": 1, "conflict": RACERS - 1}


# -- everybody wins --------------------------------------------------------------------------------------


def test_transitions_of_different_plans_all_succeed(store: Store, race: Race) -> None:
    for number in range(RACERS):
        created(store, plan(number))
    steps = (Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED, Event.REVIEW_APPROVED)
    asked = [[(Transition(plan(number), (event,)), USER) for event in steps] for number in range(RACERS)]
    results = race(asked)
    assert words(results) == {"won": RACERS * len(steps)}
    assert {(found.status, found.revision, found.round) for found in store.list_plans()} == {
        (Status.DONE, 4, 1)
    }


def test_blind_updates_all_succeed_and_none_is_lost(store: Store, race: Race) -> None:
    created(store)
    fields = ("description", "branch", "implemented")
    asked: list[dict[str, Any]] = [{fields[number % 3]: str(number)} for number in range(RACERS)]
    results = race(each(lambda number: Update(PLAN, **asked[number])))
    assert words(results) == {"won": RACERS}
    assert sorted(result.revision for [result] in results) == list(range(2, RACERS + 2))
    final = store.get_plan(PLAN)
    for field in fields:
        last = max(
            (result.revision, number) for number, [result] in enumerate(results) if fields[number % 3] == field
        )
        assert getattr(final, field) == str(last[1])


def test_creations_of_different_plans_all_succeed(store: Store, race: Race) -> None:
    results = race(each(lambda number: new(plan(number), topic="api", content=b"%d" % number)))
    assert words(results) == {"won": RACERS}
    assert [store.get_content(plan(number)) for number in range(RACERS)] == [b"%d" % n for n in range(RACERS)]
    assert [topic.name for topic in store.list_topics()] == ["api"]


# -- compare and swap ------------------------------------------------------------------------------------


def test_each_successful_swap_is_the_next_revision(store: Store, race: Race) -> None:
    created(store)
    rounds = 8
    asked = [
        [(Update(PLAN, description=f"{racer}/{n}", if_revision=n), USER) for n in range(1, rounds + 1)]
        for racer in range(RACERS)
    ]
    results = race(asked)
    winners = [
        (result.revision, racer) for racer, told in enumerate(results) for result in told if result.change
    ]
    assert sorted(revision for revision, _ in winners) == list(range(2, len(winners) + 2))
    assert words(results) == {"won": len(winners), "conflict": RACERS * rounds - len(winners)}
    last, racer = max(winners)
    assert store.get_plan(PLAN).description == f"{racer}/{last - 1}"
    assert revisions(store.history(PLAN)) == list(range(1, last + 1))


def test_different_mutations_of_one_revision(store: Store, race: Race) -> None:
    created(store)
    kinds: list[Mutation] = [
        Update(PLAN, description="x", if_revision=1),
        Transition(PLAN, (Event.PLAN_START,), if_revision=1),
        SetContent(PLAN, b"text", if_revision=1),
        Rename(PLAN, OTHER, if_revision=1),
    ]
    results = race(each(lambda number: kinds[number % len(kinds)]))
    told = words(results)
    assert told["won"] == 1
    assert set(told) <= {"won", "conflict", "not_found"}
    assert store.list_plans()[0].revision == 2


# -- keys ------------------------------------------------------------------------------------------------


def test_a_key_of_several_processes_is_one_commit(store: Store, race: Race) -> None:
    created(store)
    request = by(Actor.AGENT, key="signal", note="done")
    results = race(everybody(Transition(PLAN, (Event.PLAN_START,), if_revision=1), request))
    assert words(results) == {"won": 1, "replayed": RACERS - 1}
    assert {(result.change, result.revision) for [result] in results} == {(2, 2)}
    assert len(store.history(PLAN)) == 2


def test_a_key_of_different_requests_is_one_commit(store: Store, race: Race) -> None:
    created(store)
    results = race(each(lambda number: CreateTopic(f"topic {number}"), by(Actor.USER, key="k")))
    assert words(results) == {"won": 1, "key_reused": RACERS - 1}
    assert len(store.list_topics()) == 1
