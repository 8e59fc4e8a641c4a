"""The port ``Store``: renaming, removing and restoring plans, in every kind of store."""

from __future__ import annotations

import pytest

from contract import stores
from contract.stores import OTHER, PLAN, THIRD, USER, commit, created, last_entry, names, refused
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import (
    ClaimRun,
    Create,
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
from git_kas.domain.plan import Plan
from git_kas.errors import AlreadyExists, NotFound
from git_kas.ports.store import Store

place, store = stores.place, stores.store


@pytest.fixture
def plan(store: Store) -> Plan:
    """A plan that has been through something, at revision 4."""
    commit(store, Create(PLAN, branch="plan/rate-limit", topic="api", content=b"# text", extra={"size": 1}))
    commit(store, Transition(PLAN, (Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)))
    store.commit(ClaimRun(PLAN, "runner", 600), USER)
    return commit(store, Update(PLAN, description="d"))


def is_gone(store: Store, name: PlanName, *, says: str) -> None:
    assert name not in names(store)
    for read in (store.get_plan, store.get_content, store.get_run):
        with pytest.raises(NotFound, match="not found") as caught:
            read(name)
        assert says in f"{caught.value.message} {caught.value.next_step}"
    for mutation in (
        Update(name, description="x"),
        Transition(name, (Event.CANCEL,)),
        SetStatus(name, Status.DONE),
        Rename(name, THIRD),
        Remove(name),
        SetContent(name, b"x"),
        PutRun(name, {}, 1),
        ClaimRun(name, "me", 60),
    ):
        refused(store, mutation, NotFound, says=says)


# -- rename ----------------------------------------------------------------------------------------------


def test_everything_follows_a_rename(store: Store, plan: Plan) -> None:
    before, run = list(store.history(PLAN)), store.get_run(PLAN)
    renamed = commit(store, Rename(PLAN, OTHER))
    assert renamed == plan._replace(filename=OTHER, revision=5)
    assert store.get_plan(OTHER) == renamed
    assert store.get_content(OTHER) == b"# text"
    assert store.get_run(OTHER) == run
    history = list(store.history(OTHER))
    assert history[:-1] == before
    assert history[-1].action is Action.RENAMED
    assert history[-1].revision == 5
    assert {entry.identity for entry in history} == {before[0].identity}


def test_the_history_keeps_the_name_of_its_time(store: Store, plan: Plan) -> None:
    commit(store, Rename(PLAN, OTHER))
    commit(store, Update(OTHER, description="x"))
    told = [entry.plan for entry in store.history(OTHER)]
    assert set(told[:-2]) == {PLAN}
    assert told[-1] == OTHER
    assert PLAN in str(last_entry(store, OTHER)) or PLAN in str(store.history(OTHER)[-2])
    assert OTHER in str(store.history(OTHER)[-2])


def test_the_old_name_leads_to_the_new_one(store: Store, plan: Plan) -> None:
    commit(store, Rename(PLAN, OTHER))
    is_gone(store, PLAN, says=OTHER)
    assert names(store) == [OTHER]
    assert store.history(PLAN)


def test_a_rename_onto_a_plan_is_refused(store: Store, plan: Plan) -> None:
    created(store, OTHER)
    refused(store, Rename(PLAN, OTHER), AlreadyExists, says="already exists")
    refused(store, Rename(PLAN, PLAN), AlreadyExists)
    refused(store, Rename(THIRD, PLAN), NotFound, says="not found")


def test_renamed_there_and_back(store: Store, plan: Plan) -> None:
    commit(store, Rename(PLAN, OTHER))
    back = commit(store, Rename(OTHER, PLAN))
    assert back == plan._replace(revision=6)
    is_gone(store, OTHER, says=PLAN)
    assert [entry.revision for entry in store.history(PLAN) if entry.revision > 4] == [5, 6]


def test_names_are_swapped_through_a_third(store: Store, plan: Plan) -> None:
    commit(store, Create(OTHER, content=b"other"))
    for old, new in ((PLAN, THIRD), (OTHER, PLAN), (THIRD, OTHER)):
        commit(store, Rename(old, new))
    assert (store.get_content(PLAN), store.get_content(OTHER)) == (b"other", b"# text")
    assert store.get_plan(OTHER).branch == plan.branch
    assert len(store.history(OTHER)) > len(store.history(PLAN))
    is_gone(store, THIRD, says=OTHER)


def test_an_old_name_names_the_newest(store: Store, plan: Plan) -> None:
    commit(store, Rename(PLAN, OTHER))
    created(store)
    assert [entry.action for entry in store.history(PLAN)] == [Action.CREATED]
    assert store.get_content(PLAN) is None
    assert store.get_run(PLAN) is None
    assert store.get_content(OTHER) == b"# text"
    assert len(store.history(OTHER)) == 6


# -- remove and restore ----------------------------------------------------------------------------------


def test_a_removed_plan_is_off_the_list(store: Store, plan: Plan) -> None:
    before = list(store.history(PLAN))
    assert commit(store, Remove(PLAN)).revision == 5
    is_gone(store, PLAN, says="removed")
    history = list(store.history(PLAN))
    assert history[:-1] == before
    assert (history[-1].action, history[-1].revision) == (Action.REMOVED, 5)
    assert store.list_plans(topic="api") == []


def test_a_removed_plan_comes_back_as_it_was(store: Store, plan: Plan) -> None:
    run = store.get_run(PLAN)
    commit(store, Remove(PLAN))
    restored = commit(store, Restore(PLAN))
    assert restored == plan._replace(revision=6)
    assert names(store) == [PLAN]
    assert (store.get_content(PLAN), store.get_run(PLAN)) == (b"# text", run)
    assert [entry.action for entry in store.history(PLAN)][-2:] == [Action.REMOVED, Action.RESTORED]
    assert commit(store, Update(PLAN, description="on")).revision == 7


def test_a_removed_plan_comes_back_under_another_name(store: Store, plan: Plan) -> None:
    commit(store, Remove(PLAN))
    restored = commit(store, Restore(PLAN, OTHER))
    assert restored == plan._replace(filename=OTHER, revision=6)
    assert names(store) == [OTHER]
    assert store.get_content(OTHER) == b"# text"
    assert [entry.revision for entry in store.history(OTHER)][-2:] == [5, 6]
    is_gone(store, PLAN, says="not found")


def test_restores_that_are_refused(store: Store, plan: Plan) -> None:
    refused(store, Restore(PLAN), AlreadyExists, says="already exists")
    refused(store, Restore(OTHER), NotFound, says="not found")
    created(store, OTHER)
    commit(store, Remove(PLAN))
    refused(store, Restore(PLAN, OTHER), AlreadyExists, says="already exists")
    commit(store, Rename(OTHER, THIRD))
    refused(store, Restore(OTHER), NotFound, says=THIRD)


@pytest.mark.parametrize("taking", [Create(PLAN), Rename(THIRD, PLAN)], ids=["create", "rename"])
def test_nothing_removed_is_lost_when_its_name_is_used_again(
    store: Store, plan: Plan, taking: Create | Rename
) -> None:
    """Docstring of Remove: everything is kept for Restore. So the name is refused, or there is a way back."""
    created(store, THIRD)
    commit(store, Remove(PLAN))
    try:
        store.commit(taking, USER)
    except AlreadyExists:
        return
    restored = commit(store, Restore(PLAN, OTHER))
    assert restored == plan._replace(filename=OTHER, revision=restored.revision)


# -- revisions -------------------------------------------------------------------------------------------


def revisions_of(store: Store, name: PlanName) -> list[int]:
    """Every revision that any plan ever had under ``name``, in the order of time."""
    told = [
        (entry.change, entry.revision) for entry in store.history() if entry.plan == name and entry.revision
    ]
    return [revision for _, revision in told]


def test_no_revision_is_used_twice_for_a_name(store: Store) -> None:
    for round_ in range(3):
        created(store)
        commit(store, Update(PLAN, description=f"in round {round_}"))
        commit(store, Rename(PLAN, PlanName(f"{round_}.md")))
        revision = store.get_plan(PlanName(f"{round_}.md")).revision
        assert commit(store, Create(PLAN)).revision > revision - 1
        commit(store, Remove(PLAN))
        commit(store, Restore(PLAN))
        commit(store, Rename(PLAN, PlanName(f"{round_}-again.md")))
    revisions = revisions_of(store, PLAN)
    assert revisions == sorted(revisions)
    assert len(set(revisions)) == len(revisions)


def test_a_name_that_is_taken_over_goes_on_rising(store: Store) -> None:
    created(store)
    for number in range(5):
        commit(store, Update(PLAN, description=str(number)))
    commit(store, Rename(PLAN, OTHER))
    created(store, THIRD)
    assert commit(store, Rename(THIRD, PLAN)).revision > 6
    assert commit(store, Rename(PLAN, THIRD)).revision > 7
