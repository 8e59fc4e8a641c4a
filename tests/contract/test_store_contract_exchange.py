"""The port ``Store``: what is exported from one kind of store is imported into any other without a loss."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.stores import (
    MEMORY,
    OTHER,
    PLAN,
    STORE_PLUGINS,
    SYSTEM,
    THIRD,
    USER,
    Place,
    by,
    commit,
    created,
    everything,
    exactly,
    exported,
    names,
    record_of,
    refused,
)
from git_kas.domain.codec import decode_project, encode_project
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status, UnknownStatus
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
from git_kas.domain.names import PlanName
from git_kas.domain.project import Project
from git_kas.errors import Busy, Conflict, InvalidTransition, KeyReused
from git_kas.ports.store import Store
from support import EPOCH

KINDS = [MEMORY, *STORE_PLUGINS]
PAIRS = list(itertools.product(KINDS, KINDS))
KEYED = by(Actor.AGENT, key="signal 1", note="<all> & \u2028 done 🙂")

LIFE: list[Mutation] = [
    CreateTopic("web", created_at="2026-02-22T18:00:00.123456789+01:00"),
    Create(
        PLAN, topic="api", branch="plan/x", content=b"# x\n\xff", extra={"n": 10**30, "f": 1.0, "é": [None]}
    ),
    Create(OTHER, UnknownStatus("blocked"), created_at="2026-02-28T17:16:33.100-07:00", content=b""),
    Create(THIRD, description="'\"\\\n\u2028<&>"),
    Transition(PLAN, (Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED), content=b"# y\n"),
    SetContent(PLAN, b"# z\n"),
    ClaimRun(PLAN, "runner", 600),
    PutRun(PLAN, {"wave": 2, "tasks": {"1": {"state": "done"}}}, 1),
    SetStatus(PLAN, Status.DONE),
    Rename(PLAN, PlanName("renamed ü.md")),
    Create(PLAN, description="another of that name"),
    Remove(THIRD),
    Update(OTHER, implemented="2026-03-01"),
]


def live(store: Store) -> Store:
    """The store after some life."""
    for mutation in LIFE:
        store.commit(mutation, USER)
    store.commit(Update(PLAN, description="keyed"), KEYED)
    return store


@pytest.fixture(params=PAIRS, ids=["-to-".join(pair) for pair in PAIRS])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    """Two places, for each ordered pair of kinds."""
    pair = tuple(Place(kind, tmp_path / f"{number}") for number, kind in enumerate(request.param))
    yield (pair[0], pair[1])
    for place in pair:
        place.close()


@pytest.fixture
def source(places: tuple[Place, Place]) -> Store:
    """A store that has been used."""
    return live(places[0].open())


@pytest.fixture
def target(places: tuple[Place, Place]) -> Store:
    """An empty store, on a later day."""
    places[1].clock.time = EPOCH + 300
    return places[1].open()


# -- into an empty project -------------------------------------------------------------------------------


def test_a_project_goes_over_as_it_is(source: Store, target: Store, places: tuple[Place, Place]) -> None:
    target.commit(Import(source.export(), "there"), USER)
    assert exported(target) == exported(source)
    assert everything(target) == everything(source)
    assert everything(places[1].open()) == everything(source)


def test_life_goes_on_after_an_import(source: Store, target: Store) -> None:
    target.commit(Import(source.export(), "there"), USER)
    for mutation in (
        Transition(PLAN, (Event.PLAN_START,)),
        Create(PlanName("new.md")),
        Restore(THIRD),
        Rename(OTHER, PlanName("fresh.md")),
        Update(PlanName("renamed ü.md"), description="x"),
    ):
        assert commit(target, mutation).revision == commit(source, mutation).revision
    assert [entry[2:] for entry in target.history()] == [entry[2:] for entry in source.history()]
    refused(target, ClaimRun(PlanName("renamed ü.md"), "another", 60), Busy)
    refused(target, PutRun(PlanName("renamed ü.md"), {}, 9), Conflict)
    refused(target, Transition(PlanName("fresh.md"), (Event.PLAN_START,)), InvalidTransition)


def test_keys_go_over(source: Store, target: Store) -> None:
    target.commit(Import(source.export(), "there"), USER)
    again = target.commit(Update(PLAN, description="keyed"), KEYED)
    assert again.replayed
    assert exactly(again) == exactly(source.commit(Update(PLAN, description="keyed"), KEYED))
    refused(target, Update(PLAN, description="other"), KeyReused, KEYED)


def test_there_and_back_again(source: Store, target: Store, tmp_path: Path) -> None:
    target.commit(Import(source.export(), "there"), USER)
    back = Place(MEMORY, tmp_path / "back").open()
    back.commit(Import(target.export(), "back"), USER)
    assert exported(back) == exported(source)


def test_an_export_can_be_decoded(source: Store) -> None:
    document = encode_project(source.export())
    assert exactly(encode_project(decode_project(document))) == exactly(document)


def test_an_empty_project_is_imported(target: Store) -> None:
    target.commit(Import(Project(), "nowhere"), USER)
    assert names(target) == []
    created(target)


def test_from_hand_to_hand_through_every_kind(tmp_path: Path) -> None:
    """All that a store can hold, on through one of each kind after the other, twice, and to where it began."""
    first = Place(MEMORY, tmp_path / "first")
    source = live(first.open())
    project = source.export()
    project.passengers = {"unread": {"notes": [1, {"a": None}], "": {"status": "x"}}, "extra": {"v": "\u2028<"}}
    begin = Place(MEMORY, tmp_path / "begin").open()
    begin.commit(Import(project, "made"), USER)
    expected, now = exported(begin), begin.export()
    made = [Place(kind, tmp_path / f"{number}-{kind}") for number, kind in enumerate([*STORE_PLUGINS] * 2)]
    try:
        for number, place in enumerate(made):
            place.clock.time = EPOCH + 1000 + number
            store = place.open()
            store.commit(Import(now, f"turn {number}"), USER)
            assert exported(store) == expected, place.kind
            assert exported(place.open()) == expected, place.kind
            now = store.export()
        assert made[-1].open().commit(Update(PLAN, description="keyed"), KEYED).replayed
        assert made[-1].open().changes(0, 0) == project.change
    finally:
        for place in made:
            place.close()


@pytest.mark.parametrize("flaw", ["changed", "named otherwise"])
def test_a_text_that_is_not_what_its_hash_says_is_refused(flaw: str) -> None:
    document = encode_project(live(Place(MEMORY, Path()).open()).export())
    id_ = next(iter(document["contents"]))
    if flaw == "changed":
        document["contents"][id_] = "another text"
    else:
        document["contents"]["0" * 64] = document["contents"].pop(id_)
    with pytest.raises(ValueError, match="was changed"):
        decode_project(document)


# -- into a project that has plans -----------------------------------------------------------------------


def incoming() -> Project:
    """A project of another store: its plan, one of a name that is known here, and one that is new."""
    project = Project()
    store = Place(MEMORY, Path()).open()
    commit(store, Create(PLAN, description="theirs", branch="theirs", topic="their topic", content=b"theirs"))
    commit(store, Create(OTHER, Status.PLANNING, extra={"a": 1}, content=b"new"))
    project = store.export()
    project.topics["their own"] = project.topics["their topic"]._replace(name="their own")
    return project


def test_an_import_leaves_existing_plans_alone(target: Store) -> None:
    commit(target, Create(PLAN, description="ours", content=b"ours"))
    before = target.get_plan(PLAN)
    outcome = target.commit(Import(incoming(), "their store"), USER)
    assert target.get_plan(PLAN) == before
    assert (target.get_content(PLAN), target.get_content(OTHER)) == (b"ours", b"new")
    imported = target.get_plan(OTHER)
    assert (imported.status, imported.extra) == (Status.PLANNING, {"a": 1})
    assert {topic.name for topic in target.list_topics()} >= {"their topic", "their own"}
    entries = [entry for entry in outcome.entries if entry.action is Action.IMPORTED]
    assert OTHER in {entry.plan for entry in entries}
    assert "their store" in str(entries)
    assert outcome.change == 2 == target.changes(0, 0)


def test_an_import_updates_existing_plans_when_asked(target: Store) -> None:
    commit(target, Create(PLAN, description="ours", implemented="ours", content=b"ours"))
    commit(target, Update(PLAN, description="ours 2"))
    target.commit(Import(incoming(), "their store", update=True), USER)
    plan = target.get_plan(PLAN)
    assert (plan.description, plan.branch, plan.topic) == ("theirs", "theirs", "their topic")
    assert plan.revision > 2
    assert target.get_content(PLAN) == b"theirs"
    assert names(target) == [PLAN, OTHER]
    assert target.history(PLAN)[-1].action is Action.IMPORTED
    assert [entry.action for entry in target.history(PLAN)][:2] == [Action.CREATED, Action.UPDATED]


def test_a_second_import_of_the_same_changes_no_plan(target: Store) -> None:
    created(target, THIRD)
    for _ in range(2):
        target.commit(Import(incoming(), "their store"), USER)
    before = (target.list_plans(), target.get_content(OTHER), list(target.history(OTHER)))
    target.commit(Import(incoming(), "their store"), USER)
    assert (target.list_plans(), target.get_content(OTHER), list(target.history(OTHER))) == before


def test_revisions_of_a_name_rise_through_an_import(target: Store) -> None:
    created(target)
    for number in range(6):
        commit(target, Update(PLAN, description=str(number)))
    commit(target, Rename(PLAN, THIRD))
    target.commit(Import(incoming(), "their store"), USER)
    assert target.get_plan(PLAN).description == "theirs"
    assert target.get_plan(PLAN).revision > 7
    assert target.get_plan(THIRD).description == "5"
    identities = {target.history(name)[-1].identity for name in (PLAN, OTHER, THIRD)}
    assert len(identities) == 3


def test_a_status_that_changes_with_an_import_is_told(target: Store) -> None:
    created(target, OTHER)
    target.commit(Import(incoming(), "their store", update=True), USER)
    entry = target.history(OTHER)[-1]
    assert (entry.from_status, entry.to_status) == ("ready", "planning")


def test_an_import_of_plans_without_history(target: Store) -> None:
    created(target, THIRD)
    project = Project()
    project.records[PLAN] = record_of(created(Place(MEMORY, Path()).open())._replace(round=2))
    target.commit(Import(project, "a state file"), SYSTEM)
    assert target.get_plan(PLAN).round == 2
    assert target.history(PLAN)[-1].action is Action.IMPORTED
    assert commit(target, Transition(PLAN, (Event.PLAN_START,))).status is Status.PLANNING
