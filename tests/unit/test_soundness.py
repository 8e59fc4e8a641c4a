"""What agrees with itself is sound, whatever happened to it; anything that is taken away or changed is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Author, Create, Import, Mutation, Remove, Rename, Request, Transition
from git_kas.domain.names import PlanName
from git_kas.domain.project import Project
from git_kas.domain.soundness import contradictions
from git_kas.errors import KasError
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from random_mutations import mutations
from support import EPOCH

USER = Request(Author(Actor.USER, "Ada"))
A, B, C, D = (PlanName(f"2026-01-0{number}-x.md") for number in (1, 2, 3, 4))


def written(*asked: Mutation) -> MemoryStore:
    store = MemoryStore(FakeClock(EPOCH))
    for mutation in asked:
        try:
            store.commit(mutation, USER)
        except KasError:
            continue
    return store


@given(st.lists(mutations, max_size=20), st.lists(mutations, max_size=8), st.booleans())
def test_whatever_happened_is_sound(asked: list[Mutation], others: list[Mutation], update: bool) -> None:  # noqa: FBT001
    other, store = written(*others), written(*asked)
    store.commit(Import(other.export(), "elsewhere", update=update), USER)
    for mutation in others:
        try:
            store.commit(mutation, USER)
        except KasError:
            continue
    assert contradictions(store.export()) == contradictions(other.export()) == []


def sound() -> Project:
    return written(
        Create(A, content=b"# A\n"),
        Create(B),
        Transition(A, (Event.IMPLEMENT_START,)),
        Create(C),
        Remove(C),
        Rename(B, D),
    ).export()


def lose_a_plan(project: Project) -> None:
    del project.records[A]


def lose_the_end_of_the_history(project: Project) -> None:
    project.entries.pop()


def lose_an_entry(project: Project) -> None:
    del project.entries[2]


def add_an_entry(project: Project) -> None:
    project.entries.append(project.entries[-1]._replace(change=99, identity="", revision=0))


def shuffle_the_history(project: Project) -> None:
    project.entries.reverse()


def change_a_status(project: Project) -> None:
    record = project.records[A]
    project.records[A] = record._replace(plan=record.plan._replace(status=Status.DONE))


def change_a_revision(project: Project) -> None:
    record = project.records[A]
    project.records[A] = record._replace(plan=record.plan._replace(revision=7))


def take_a_plan_off_the_list(project: Project) -> None:
    project.records[A] = project.records[A]._replace(gone="removed")


def put_a_removed_one_back(project: Project) -> None:
    project.entries[-2] = project.entries[-2]._replace(action=Action.UPDATED)


def lose_a_text(project: Project) -> None:
    project.contents.clear()


def change_a_text(project: Project) -> None:
    project.contents = dict.fromkeys(project.contents, b"another\n")


def lose_the_new_name(project: Project) -> None:
    del project.records[D]


def have_no_history(project: Project) -> None:
    project.entries.clear()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lose_a_plan, "which is not there"),
        (lose_the_end_of_the_history, "nothing about change 6 of 6"),
        (lose_an_entry, "nothing about change 3"),
        (add_an_entry, "goes on to change 99"),
        (shuffle_the_history, "not in the order"),
        (change_a_status, "the history left it 'implementing'"),
        (change_a_revision, "at revision 7"),
        (take_a_plan_off_the_list, "is removed, but"),
        (put_a_removed_one_back, "is removed, but"),
        (lose_a_text, "is missing"),
        (change_a_text, "was changed"),
        (lose_the_new_name, "was renamed to 2026-01-04-x.md, which is not there"),
        (have_no_history, "nothing about change 1, 2, 3, 4, 5, … of 6"),
    ],
)
def test_what_was_done_to_it_is_told(harm: Callable[[Project], None], says: str) -> None:
    project = sound()
    assert contradictions(project) == []
    harm(project)
    assert says in " ".join(contradictions(project))
