"""Mutations go over the wire and come back as they were, and nothing else does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.checks import check_mutation
from git_kas.domain.codec import encode_outcome, encode_project
from git_kas.domain.decide import decide
from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Actor, Event, Status, UnknownStatus
from git_kas.domain.mutation import (
    AdoptEdit,
    Author,
    ClaimRun,
    Create,
    Import,
    Mutation,
    PutRun,
    Request,
    SetContent,
    Transition,
    Update,
    fingerprint,
)
from git_kas.domain.mutation_codec import (
    KINDS,
    Asked,
    decode_answer,
    decode_asked,
    decode_error,
    decode_mutation,
    encode_answer,
    encode_asked,
    encode_error,
    encode_mutation,
)
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.project import Project
from git_kas.errors import Conflict, InvalidName, InvalidStatus, KasError, UnknownEvent, UsageError, error_types
from random_mutations import asked, mutations, requests, texts

A = PlanName("a.md")
NOW = "2026-01-01T00:00:00.000000Z"
USER = Request(Author(Actor.USER, "Ada"))


def over_the_wire(document: object) -> Any:
    return json.loads(json.dumps(document, allow_nan=False))


def project_of(asked: list[tuple[Mutation, Request]]) -> Project:
    project = Project()
    for mutation, request in asked:
        try:
            decision = decide(project, mutation, request, NOW)
        except KasError:
            continue
        if decision.commit is not None:
            project.apply(decision.commit)
    return project


projects = st.lists(st.tuples(mutations, requests), max_size=8).map(project_of)
imports = asked(
    Import,
    project=projects,
    source=texts,
    update=st.booleans(),
    source_id=texts,
    source_bytes=st.sampled_from([b"", b"\xff{}"]),
)


def could_be_kept(mutation: Mutation) -> bool:
    try:
        check_mutation(mutation)
    except UsageError:
        return False
    return True


everything = (mutations | imports).filter(could_be_kept)


@given(mutation=everything, note=texts)
def test_a_mutation_comes_back_as_it_was(mutation: Mutation, note: str) -> None:
    document = over_the_wire(encode_mutation(mutation))
    again = decode_mutation(document)
    assert type(again) is type(mutation)
    assert fingerprint(again, note) == fingerprint(mutation, note)
    assert over_the_wire(encode_mutation(again)) == document
    if isinstance(mutation, Import) and isinstance(again, Import):
        assert encode_project(again.project) == encode_project(mutation.project)
        again = again._replace(project=mutation.project)
    assert again == mutation
    assert [type(value) for value in again if not isinstance(value, Mapping)] == [
        type(value) for value in mutation if not isinstance(value, Mapping)
    ]


@given(mutation=everything, request=requests)
def test_what_goes_with_it_comes_back_too(mutation: Mutation, request: Request) -> None:
    again = decode_asked(over_the_wire(encode_asked(mutation, request)))
    assert again.request == request
    assert fingerprint(again.mutation, request.note) == fingerprint(mutation, request.note)


@given(given_=st.lists(st.tuples(mutations, requests), max_size=8))
def test_outcomes_and_refusals_come_back(given_: list[tuple[Mutation, Request]]) -> None:
    project = Project()
    for mutation, request in given_:
        said: Outcome | KasError
        try:
            decision = decide(project, mutation, request, NOW)
        except KasError as error:
            said = error
        else:
            said = decision.outcome
            if decision.commit is not None:
                project.apply(decision.commit)
        again = decode_answer(over_the_wire(encode_answer(said)))
        if isinstance(said, KasError):
            assert isinstance(again, KasError)
            assert (type(again), again.message, again.next_step) == (type(said), said.message, said.next_step)
            assert getattr(again, "current", None) == getattr(said, "current", None)
        else:
            assert isinstance(again, Outcome)
            assert again.replayed == said.replayed
            assert encode_outcome(again) == encode_outcome(said)


def test_every_mutation_but_one_is_sent() -> None:
    assert {*KINDS.values(), AdoptEdit} == set(get_args(Mutation))
    assert KINDS["create_topic"].__name__ == "CreateTopic"
    with pytest.raises(UsageError):
        encode_mutation(AdoptEdit({}, (), "x"))
    with pytest.raises(UsageError):
        decode_mutation({"kind": "adopt_edit", "plans": {}, "topics": [], "source": "x"})


def test_every_field_of_every_mutation_can_be_read() -> None:
    """A field that somebody adds needs a reader."""
    from git_kas.domain.mutation_codec import _READERS

    fields = {name for kind in KINDS.values() for name in kind._fields}
    assert fields == set(_READERS)


def test_the_form() -> None:
    asked = Transition(A, (Event.PLAN_START,), content=b"x\xff", if_revision=3)
    assert encode_mutation(asked) == {
        "kind": "transition",
        "filename": "a.md",
        "events": ["plan_start"],
        "content": "eP8=",
        "if_revision": 3,
    }
    assert encode_mutation(Create(A)) == {"kind": "create", "filename": "a.md"}


@pytest.mark.parametrize(
    "mutation",
    [
        Update(A, description="", extra={}),
        Create(A, UnknownStatus("in_progress")),
        Create(A, UnknownStatus("a\nb"), content=b""),
        SetContent(A, b""),
        PutRun(A, {"a": (1, {"b": 10**30})}, 0),
        ClaimRun(A, "x", 60),
        ClaimRun(A, "x", 60.0),
    ],
)
def test_what_is_easily_lost_is_kept(mutation: Mutation) -> None:
    again = decode_mutation(over_the_wire(encode_mutation(mutation)))
    assert fingerprint(again, "") == fingerprint(mutation, "")


@pytest.mark.parametrize(
    "mutation",
    [
        Create(A, extra={"x": float("nan")}),
        Create(A, extra={"x": {1, 2}}),
        Create(A, description="\ud800"),
        Create(A, created_at="yesterday"),
        Create(A, topic="\n"),
        SetContent(A, b"x" * (16 * 1024 * 1024 + 1)),
    ],
)
def test_what_no_store_could_keep_is_not_sent(mutation: Mutation) -> None:
    with pytest.raises(UsageError):
        encode_mutation(mutation)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "create",
        {},
        {"kind": None},
        {"kind": ["create"]},
        {"kind": "Create", "filename": "a.md"},
        {"kind": "create"},
        {"kind": "create", "filename": 1},
        {"kind": "create", "filename": "a.md", "revision": 1},
        {"kind": "create", "filename": "a.md", "description": None},
        {"kind": "create", "filename": "a.md", "content": "?"},
        {"kind": "create", "filename": "a.md", "content": [1]},
        {"kind": "create", "filename": "a.md", "extra": []},
        {"kind": "create", "filename": "a.md", "extra": None},
        {"kind": "update", "filename": "a.md", "if_revision": "1"},
        {"kind": "update", "filename": "a.md", "if_revision": True},
        {"kind": "update", "filename": "a.md", "if_revision": 1.0},
        {"kind": "rename", "filename": "a.md", "new_filename": None},
        {"kind": "set_content", "filename": "a.md", "content": None},
        {"kind": "transition", "filename": "a.md", "events": "plan_start"},
        {"kind": "transition", "filename": "a.md", "events": [1]},
        {"kind": "claim_run", "filename": "a.md", "owner": "x", "ttl": True},
        {"kind": "put_run", "filename": "a.md", "document": [], "fence": 1},
        {"kind": "import", "project": {}, "source": "x"},
        {"kind": "import", "project": [], "source": "x"},
        {"kind": "import", "project": encode_project(Project()) | {"plans": [1]}, "source": "x"},
        {"kind": "import", "project": encode_project(Project()), "source": "x", "update": 1},
    ],
)
def test_anything_else_is_refused(document: object) -> None:
    with pytest.raises(UsageError) as caught:
        decode_mutation(document)
    assert type(caught.value) is UsageError
    assert caught.value.message.startswith("invalid request body: ")


def test_words_that_are_none_have_their_own_errors() -> None:
    with pytest.raises(InvalidName):
        decode_mutation({"kind": "remove", "filename": "../a.md"})
    with pytest.raises(InvalidStatus):
        decode_mutation({"kind": "set_status", "filename": "a.md", "status": "in_progress"})
    with pytest.raises(UnknownEvent):
        decode_mutation({"kind": "transition", "filename": "a.md", "events": ["plan-start"]})


CREATE = {"kind": "create", "filename": "a.md"}


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"mutation": CREATE, "actor": "root"},
        {"mutation": CREATE, "actor": None},
        {"mutation": CREATE, "key": 1},
        {"mutation": CREATE, "if_revision": 1},
    ],
)
def test_a_commit_of_another_form_is_refused(document: object) -> None:
    with pytest.raises(UsageError):
        decode_asked(document)


def test_a_commit_needs_nothing_but_the_mutation() -> None:
    assert decode_asked({"mutation": CREATE}) == Asked(Create(A), Request(Author(Actor.USER)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(mutation=everything, value=json_values, data=st.data())
def test_no_document_does_harm(mutation: Mutation, value: object, data: st.DataObject) -> None:
    """With any value in any place: a mutation, or one of the errors that are promised."""
    document = encode_asked(mutation, USER)
    place = data.draw(st.sampled_from([document, document["mutation"]]))
    place[data.draw(st.sampled_from([*place, "more"]))] = value
    with suppress(UsageError):
        assert isinstance(decode_asked(document), Asked)


@pytest.mark.parametrize("type_", list(error_types()), ids=lambda type_: type_.__name__)
def test_every_error_comes_back(type_: type[KasError]) -> None:
    again = decode_error(over_the_wire(encode_error(type_("It <is> so.", next_step="Do \u2028 that."))))
    assert type(again) is type_
    assert (again.message, again.next_step) == ("It <is> so.", "Do \u2028 that.")


def test_a_conflict_names_the_current_plan() -> None:
    current = Plan(A, Status.DONE, extra={"a": 1}, revision=7)
    again = decode_error(over_the_wire(encode_error(Conflict("x", next_step="y", current=current))))
    assert isinstance(again, Conflict)
    assert again.current == current


def test_an_error_that_is_not_known_is_one_all_the_same() -> None:
    assert type(decode_error({"code": "on_fire", "message": "x", "next": "y"})) is KasError


@pytest.mark.parametrize("document", [{}, {"outcome": None}, {"error": {}}, {"error": "x"}, {"outcome": {}}])
def test_an_answer_of_another_form_is_told(document: Any) -> None:
    with pytest.raises(ValueError, match="not of the known form"):
        decode_answer(document)
