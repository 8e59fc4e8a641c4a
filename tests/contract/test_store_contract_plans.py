"""The port ``Store``: creating, reading, listing and updating plans, in every kind of store."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from contract import stores
from contract.stores import AGENT, MEMORY, OTHER, PLAN, SYSTEM, USER, Place, commit, created, names, refused
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Event, Status, UnknownStatus
from git_kas.domain.mutation import Create, Remove, Rename, Request, SetContent, SetStatus, Transition, Update
from git_kas.domain.names import PlanName
from git_kas.errors import AlreadyExists, Conflict, NotFound
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store import Store
from support import DAY, EPOCH

place, store, clock = stores.place, stores.store, stores.clock

FIELDS: dict[str, Any] = {
    "description": "throttle anonymous clients",
    "branch": "plan/rate-limit",
    "topic": "api",
    "created_at": "2026-02-28T17:16:33.633408661Z",
    "implemented": "2026-03-01",
    "extra": {"size": "medium"},
}
OTHER_VALUES: dict[str, Any] = {
    "description": "another description",
    "branch": "elsewhere",
    "topic": "web",
    "created_at": "2026-01-01T01:02:03+05:30",
    "implemented": "tomorrow",
    "extra": {"priority": 1},
}
UNUSUAL_NAMES = [
    "Z.md",
    "a-b.md",
    "a.md",
    "A.md",
    "a b.md",
    " .md",
    "..md",
    "a.md.md",
    "plan-state.json.md",
    "__proto__.md",
    "'\"`$(x);.md",
    "%2e%2e%2f.md",
    "<b>&amp;.md",
    "ä.md",
    "a\u0308.md",
    "日本語.md",
    "\ufffd.md",
    "🙂.md",
    "n" * 197 + ".md",
]


def files_below(folder: Path) -> dict[str, bytes | None]:
    paths = sorted(folder.rglob("*"))
    return {str(path): path.read_bytes() if path.is_file() else None for path in paths}


# -- an empty store --------------------------------------------------------------------------------------


def test_the_built_in_store_is_installed() -> None:
    assert "json" in stores.STORE_PLUGINS


def test_an_empty_store_is_empty(store: Store) -> None:
    store.ping()
    for read in (store.list_plans, store.list_topics, store.history, store.remarks):
        assert list(read()) == []
    assert store.changes(0, 0) == 0
    export = store.export()
    assert (export.change, export.records, export.entries, export.keys) == (0, {}, [], {})


def test_a_store_says_which_it_is(store: Store, place: Place) -> None:
    kind, where = store.describe()
    assert kind == place.kind.removesuffix(stores.REOPENED).partition("-over-")[0]
    assert where


def test_reading_writes_nothing(store: Store, place: Place) -> None:
    for name in (PLAN, OTHER, stores.THIRD):
        before = files_below(place.folder)
        stores.everything(place.open())
        assert files_below(place.folder) == before
        created(store, name)


# -- create and get --------------------------------------------------------------------------------------


def test_a_created_plan_is_read_as_it_was_sent(store: Store) -> None:
    plan = commit(store, Create(PLAN, status=Status.PLANNING, content=b"# text\n", **FIELDS))
    assert store.get_plan(PLAN) == plan
    assert (plan.filename, plan.status, plan.revision) == (PLAN, Status.PLANNING, 1)
    assert {field: getattr(plan, field) for field in FIELDS} == FIELDS
    assert (plan.round, plan.moved) == (0, None)
    assert store.get_content(PLAN) == b"# text\n"


def test_defaults_of_a_created_plan(store: Store) -> None:
    plan = commit(store, Create(PLAN))
    assert (plan.status, plan.revision, plan.extra, plan.content_id) == (Status.READY, 1, {}, "")
    assert (plan.description, plan.branch, plan.topic, plan.implemented) == ("", "", "", "")
    assert datetime.fromisoformat(plan.created_at).timestamp() == EPOCH
    assert store.get_content(PLAN) is None
    assert store.get_run(PLAN) is None


def test_without_created_at_it_is_now(store: Store, clock: FakeClock) -> None:
    clock.time = EPOCH + DAY
    plan = commit(store, Create(PLAN))
    assert datetime.fromisoformat(plan.created_at).timestamp() == EPOCH + DAY


def test_a_plan_is_created_once(store: Store) -> None:
    commit(store, Create(PLAN, description="first", content=b"text"))
    refused(store, Create(PLAN, description="second", content=b"other"), AlreadyExists, says="already exists")
    refused(store, Create(PLAN, description="first", content=b"text"), AlreadyExists, says=PLAN)


@pytest.mark.parametrize("request_", [AGENT, SYSTEM], ids=["agent", "system"])
def test_anybody_may_create_a_plan(store: Store, request_: Request) -> None:
    assert commit(store, Create(PLAN), request_).status is Status.READY


@pytest.mark.parametrize("name", UNUSUAL_NAMES)
def test_unusual_names(store: Store, name: str) -> None:
    commit(store, Create(PlanName(name), content=name.encode()))
    assert names(store) == [name]
    assert store.get_plan(PlanName(name)).filename == name
    assert store.get_content(PlanName(name)) == name.encode()
    assert store.history()[-1].plan == name


def test_what_does_not_exist_is_not_found(store: Store) -> None:
    created(store, OTHER)
    for read in (store.get_plan, store.get_content, store.get_run, store.history):
        with pytest.raises(NotFound, match="not found") as caught:
            read(PLAN)
        assert PLAN in str(caught.value)
    refused(store, Update(PLAN, description="x"), NotFound, says="not found")
    refused(store, Transition(PLAN, (Event.PLAN_START,)), NotFound, says="not found")


# -- list ------------------------------------------------------------------------------------------------


def test_lists_are_in_bytewise_order(store: Store) -> None:
    for name in UNUSUAL_NAMES[::2] + UNUSUAL_NAMES[1::2]:
        store.commit(Create(PlanName(name)), USER)
    assert names(store) == sorted(UNUSUAL_NAMES, key=str.encode)


@pytest.fixture
def many(store: Store) -> Store:
    """A plan for each status and topic."""
    for topic in ("api", "web", ""):
        for status in (*Status, UnknownStatus("blocked")):
            store.commit(Create(PlanName(f"{topic}{status}.md"), status=status, topic=topic), USER)
    return store


def listed(many: Store, *statuses: Status | UnknownStatus, topic: str | None = None) -> list[str]:
    return [str(plan.filename.key) for plan in many.list_plans(statuses, topic)]


def test_lists_by_status_and_topic(many: Store) -> None:
    assert len(listed(many)) == 21
    assert listed(many, Status.DONE) == ["apidone", "done", "webdone"]
    assert listed(many, Status.DONE, Status.READY, topic="api") == ["apidone", "apiready"]
    assert listed(many, UnknownStatus("blocked"), topic="web") == ["webblocked"]
    assert listed(many, topic="") == sorted([*Status, "blocked"])
    assert len(listed(many, topic="api")) == 7
    assert listed(many, topic="API") == listed(many, UnknownStatus("nonsense")) == []
    assert listed(many, Status.DONE, topic="nonsense") == []


def test_statuses_may_come_as_any_collection(many: Store) -> None:
    wanted = {Status.DONE, Status.CANCELLED}
    assert many.list_plans(wanted) == many.list_plans(sorted(wanted)) == many.list_plans(frozenset(wanted))


def test_a_list_is_the_callers_own(many: Store) -> None:
    for read in (many.list_plans, many.list_topics, many.history):
        before = list(read())
        held = read()
        if isinstance(held, list):
            held.clear()
        assert list(read()) == before


# -- update ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", FIELDS)
def test_an_update_leaves_other_fields_alone(store: Store, field: str) -> None:
    before = commit(store, Create(PLAN, status=Status.PLANNING, content=b"text", **FIELDS))
    after = commit(store, Update(PLAN, **{field: OTHER_VALUES[field]}))
    assert after == before._replace(**{field: OTHER_VALUES[field]}, revision=2)
    assert store.get_plan(PLAN) == after
    assert store.get_content(PLAN) == b"text"
    entry = stores.last_entry(store)
    assert (entry.action, entry.revision, entry.event) == (Action.UPDATED, 2, None)


def test_an_update_of_all_fields(store: Store) -> None:
    commit(store, Create(PLAN, **FIELDS))
    after = commit(store, Update(PLAN, **OTHER_VALUES))
    assert {field: getattr(after, field) for field in OTHER_VALUES} == OTHER_VALUES
    assert (after.revision, after.status) == (2, Status.READY)


@pytest.mark.parametrize("field", ["description", "branch", "topic", "implemented", "extra"])
def test_a_field_can_be_emptied(store: Store, field: str) -> None:
    commit(store, Create(PLAN, **FIELDS))
    empty: Any = {} if field == "extra" else ""
    assert getattr(commit(store, Update(PLAN, **{field: empty})), field) == empty
    assert getattr(store.get_plan(PLAN), field) == empty


def test_an_update_by_one_instance_is_seen_by_another(place: Place) -> None:
    first, second = place.open(), place.open()
    commit(first, Create(PLAN, **FIELDS))
    assert second.get_plan(PLAN).description == FIELDS["description"]
    commit(second, Update(PLAN, description="by the second"))
    commit(first, Update(PLAN, branch="by-the-first"))
    for instance in (first, second, place.open()):
        plan = instance.get_plan(PLAN)
        assert (plan.description, plan.branch, plan.revision) == ("by the second", "by-the-first", 3)


def test_compare_and_swap(store: Store) -> None:
    created(store)
    assert commit(store, Update(PLAN, description="a", if_revision=1)).revision == 2
    error = refused(store, Update(PLAN, description="b", if_revision=1), Conflict)
    assert error.current == store.get_plan(PLAN)
    refused(store, Update(PLAN, description="b", if_revision=3), Conflict)
    refused(store, Update(PLAN, description="b", if_revision=0), Conflict)
    assert commit(store, Update(PLAN, description="b", if_revision=2)).revision == 3


def test_compare_and_swap_in_every_mutation(store: Store) -> None:
    created(store)
    commit(store, Update(PLAN, description="newer"))
    refused(store, Transition(PLAN, (Event.PLAN_START,), if_revision=1), Conflict, says=Status.READY)
    refused(store, SetContent(PLAN, b"x", if_revision=1), Conflict)
    refused(store, Rename(PLAN, OTHER, if_revision=1), Conflict)
    refused(store, SetStatus(PLAN, Status.DONE, if_revision=1), Conflict)
    refused(store, Remove(PLAN, if_revision=1), Conflict)
    assert commit(store, Transition(PLAN, (Event.PLAN_START,), if_revision=2)).revision == 3


def test_a_description_of_ten_thousand_characters(store: Store) -> None:
    text = "0123456789" * 999 + 'ä\n\t"\\\u2028'[:10]
    commit(store, Create(PLAN, description=text))
    assert store.get_plan(PLAN).description == text


@pytest.mark.skipif(not stores.STORE_PLUGINS, reason="no store plugin is installed")
def test_stores_of_different_places_know_nothing_of_each_other(place: Place, tmp_path: Path) -> None:
    if place.kind == MEMORY:
        return
    elsewhere = Place(place.kind, tmp_path / "elsewhere")
    created(place.open())
    assert names(elsewhere.open()) == []
    elsewhere.close()
