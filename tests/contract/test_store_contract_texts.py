"""The port ``Store``: texts of plans, and values that are hard to keep exactly, in every kind of store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from contract import stores
from contract.stores import OTHER, PLAN, USER, by, commit, created, exactly, last_entry, refused
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import (
    LARGEST_CONTENT,
    LONGEST_KEY,
    LONGEST_NOTE,
    Author,
    ClaimRun,
    Create,
    CreateTopic,
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
from git_kas.domain.plan import ZERO_TIME
from git_kas.errors import Conflict, InvalidName, KasError, NotFound, UsageError
from git_kas.ports.store import Store

place, store = stores.place, stores.store

CONTENTS = {
    "empty": b"",
    "no line end": b"# plan",
    "line ends": b"a\r\nb\rc\n\n\n",
    "not UTF-8": b"\xff\xfe\x00\x80caf\xe9",
    "every byte": bytes(range(256)),
    "byte order mark": b"\xef\xbb\xbf# plan\n",
    "separators": "a\u2028b\u2029c\x85d\x00e".encode(),
    "surrogate as UTF-8": b"\xed\xa0\x80",
    "looks encoded": b'{"base64": "YQ=="}',
    "1 MB": b"0123456789abcde\n" * 65_536,
}
TEXTS = {
    "quotes": '"\'`""" \'\' \\\' \\"',
    "backslashes": "\\ \\\\ \\n \\u0041 \\x00 C:\\temp\\",
    "newlines": "first\nsecond\r\nthird\r\n\n",
    "markup": "<script>&amp;</script> & < > \u003c",
    "separators": "a\u2028b\u2029c\x85d\x0be\x0cf",
    "controls": "a\x00b\x01c\x1b[31md\x7fe\tf",
    "emoji": "🙂 👩\u200d💻 🇳🇱 e\u0301 é \U0010ffff",
    "directions": "\u202eabc\u202c עברית \ufeff\u200b",
    "blanks": "  leading and trailing \t ",
    "SQL": "'; DROP TABLE plans; -- %s %(x)s :name ? $1 {0}",
    "looks like JSON": '{"plans": {}}',
    "10,000 characters": "0123456789" * 1000,
}
EXTRAS: dict[str, Any] = {
    "words": {"size": "medium", "größe": "mittel", "🙂": "\u2028", "": "empty key", 'a.b/c\\d"e': "<&>"},
    "nested": {"a": {"b": [{"c": [[], {}, [None, True, False]]}]}, "list": [1, "1", 1.0, None]},
    "big integers": {"n": 10**40, "negative": -(2**63) - 1, "exact": 9_007_199_254_740_993},
    "floats": {"tenth": 0.1, "one": 1.0, "minus zero": -0.0, "small": 5e-324, "large": 1.7976931348623157e308},
    "names of ours": {
        "revision": 99,
        "round": 7,
        "content": "x",
        "filename": "y",
        "identity": "z",
        "moved": {},
    },
    "deep": {"d": [[[[[[[[[[[[[[[[[[[["bottom"]]]]]]]]]]]]]]]]]]]]},
}
TIMES = [
    ZERO_TIME,
    "2026-02-28T17:16:33.633408661Z",
    "2026-02-28T17:16:33.100000000Z",
    "2026-02-28T17:16:33.5+05:30",
    "2026-02-28T17:16:33-00:00",
    "2026-02-28t17:16:33z",
    "1969-12-31T23:59:59.999999999-12:00",
    "9999-12-31T23:59:59Z",
]
LONE = "a\ud800b"
WITH_LONE_SURROGATE: dict[str, Mutation] = {
    "description": Update(PLAN, description=LONE),
    "branch": Update(PLAN, branch=LONE),
    "topic": Update(PLAN, topic=LONE),
    "implemented": Update(PLAN, implemented=LONE),
    "created_at": Update(PLAN, created_at=LONE),
    "value in extra": Update(PLAN, extra={"a": [LONE]}),
    "key in extra": Update(PLAN, extra={"a": {LONE: 1}}),
    "new plan": Create(OTHER, description=LONE),
    "new topic": CreateTopic(LONE),
    "owner": ClaimRun(PLAN, LONE, 60),
    "document": PutRun(PLAN, {"a": LONE}, 1),
}


# -- content ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_text_is_kept_byte_for_byte(store: Store, content: bytes) -> None:
    commit(store, Create(PLAN, content=content))
    assert store.get_content(PLAN) == content
    commit(store, Create(OTHER))
    plan = commit(store, SetContent(OTHER, content))
    assert store.get_content(OTHER) == content
    assert (plan.revision, last_entry(store, OTHER).action) == (2, Action.CONTENT)
    assert plan.content_id == store.get_plan(PLAN).content_id != ""


def test_no_text_differs_from_an_empty_one(store: Store) -> None:
    without = created(store)
    empty = commit(store, Create(OTHER, content=b""))
    assert (store.get_content(PLAN), store.get_content(OTHER)) == (None, b"")
    assert without.content_id == "" != empty.content_id
    commit(store, SetContent(PLAN, b""))
    assert store.get_content(PLAN) == b""


def test_an_earlier_text_does_not_come_back(store: Store) -> None:
    commit(store, Create(PLAN, content=b"one"))
    for content in (b"two", b"one", b"", b"three"):
        commit(store, SetContent(PLAN, content))
        assert store.get_content(PLAN) == content
    assert store.get_plan(PLAN).revision == 5


def test_texts_of_plans_are_apart(store: Store) -> None:
    commit(store, Create(PLAN, content=b"same"))
    commit(store, Create(OTHER, content=b"same"))
    commit(store, SetContent(OTHER, b"different"))
    commit(store, Remove(OTHER))
    assert store.get_content(PLAN) == b"same"


def test_nothing_but_content_touches_content(store: Store) -> None:
    commit(store, Create(PLAN, content=b"# text\xff"))
    mutations: list[Mutation] = [
        Update(PLAN, description="d", branch="b", topic="t", implemented="i", extra={"a": 1}),
        Update(PLAN, status=Status.IMPLEMENTING),
        Transition(PLAN, (Event.IMPLEMENT_FINISHED,)),
        Transition(PLAN, (Event.REVIEW_CHANGES_REQUESTED, Event.IMPLEMENT_FINISHED)),
        SetStatus(PLAN, Status.READY),
        ClaimRun(PLAN, "me", 60),
        PutRun(PLAN, {"wave": 1}, 1),
        Rename(PLAN, OTHER),
        Remove(OTHER),
        Restore(OTHER, PLAN),
    ]
    for mutation in mutations:
        store.commit(mutation, USER)
        name = OTHER if isinstance(mutation, Rename) else PLAN
        if not isinstance(mutation, Remove):
            assert store.get_content(name) == b"# text\xff"


@pytest.mark.parametrize("status", [None, Status.IMPLEMENTING])
def test_an_update_may_bring_a_text_in_the_same_step(store: Store, status: Status | None) -> None:
    commit(store, Create(PLAN, content=b"one"))
    plan = commit(store, Update(PLAN, description="d", status=status, content=b"two"))
    assert (plan.description, store.get_content(PLAN)) == ("d", b"two")
    assert last_entry(store).action is Action.CONTENT
    after = commit(store, Update(PLAN, description="e", content=b"two"))
    assert (after.content_id, after.revision) == (plan.content_id, plan.revision + 1)
    assert last_entry(store).action is Action.UPDATED
    refused(store, Update(PLAN, description="f", content=b"three", if_revision=1), Conflict)
    refused(store, Update(PLAN, content=bytes(LARGEST_CONTENT + 1)), UsageError)


def test_a_text_of_nothing_is_not_found(store: Store) -> None:
    refused(store, SetContent(PLAN, b"x"), NotFound, says="not found")


def test_a_text_that_is_too_large_is_refused(store: Store) -> None:
    created(store)
    refused(store, SetContent(PLAN, bytes(LARGEST_CONTENT + 1)), UsageError)


# -- hostile texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_texts_are_kept_exactly(store: Store, text: str) -> None:
    request = Request(Author(Actor.USER, text), note=text)
    plan = commit(store, Create(PLAN, description=text, branch=text, implemented=text), request)
    assert (plan.description, plan.branch, plan.implemented) == (text, text, text)
    assert store.get_plan(PLAN) == plan
    assert (last_entry(store).note, last_entry(store).by) == (text, text)
    commit(store, Update(PLAN, description="", extra={text: [text]}))
    assert commit(store, Update(PLAN, description=text)).extra == {text: [text]}
    store.commit(ClaimRun(PLAN, "owner " + text, 60), USER)
    run = store.get_run(PLAN)
    assert run is not None
    assert run.owner == "owner " + text


@pytest.mark.parametrize("mutation", WITH_LONE_SURROGATE.values(), ids=WITH_LONE_SURROGATE)
def test_lone_surrogates_are_refused(store: Store, mutation: Mutation) -> None:
    created(store)
    store.commit(ClaimRun(PLAN, "me", 60), USER)
    request = by(Actor.USER, note="fine")
    mutation = mutation._replace(owner=LONE) if isinstance(mutation, ClaimRun) else mutation
    refused(store, mutation, UsageError, request)


@pytest.mark.parametrize(
    "request_",
    [by(Actor.USER, note=LONE), by(Actor.USER, key=LONE), Request(Author(Actor.USER, LONE))],
    ids=["note", "key", "author"],
)
def test_lone_surrogates_are_refused_in_requests(store: Store, request_: Request) -> None:
    created(store)
    refused(store, Update(PLAN, description="x"), UsageError, request_)


@pytest.mark.parametrize("topic", [" ", "a\nb", "a\x00b", "a\u2028b", "x" * 201])
def test_no_topic_names(store: Store, topic: str) -> None:
    created(store)
    refused(store, CreateTopic(topic), InvalidName)
    refused(store, Update(PLAN, topic=topic), InvalidName)
    refused(store, Create(OTHER, topic=topic), InvalidName)


@pytest.mark.parametrize(
    "request_",
    [
        by(Actor.USER, note="n" * (LONGEST_NOTE + 1)),
        by(Actor.USER, key="k" * (LONGEST_KEY + 1)),
        by(Actor.USER, key="a\nb"),
        by(Actor.USER, key="a\x00b"),
    ],
    ids=["note", "key", "line", "control"],
)
def test_requests_that_no_store_could_keep(store: Store, request_: Request) -> None:
    created(store)
    refused(store, Update(PLAN, description="x"), UsageError, request_)


def test_the_longest_note_and_key_are_kept(store: Store) -> None:
    request = by(Actor.USER, note="ä" * LONGEST_NOTE, key="ä" * LONGEST_KEY)
    commit(store, Create(PLAN), request)
    assert (last_entry(store).note, last_entry(store).key) == (request.note, request.key)


# -- unknown keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", EXTRAS.values(), ids=EXTRAS)
def test_unknown_keys_are_kept_exactly(store: Store, extra: Mapping[str, object]) -> None:
    commit(store, Create(PLAN, extra=extra))
    commit(store, Create(OTHER))
    commit(store, Update(OTHER, extra=extra))
    assert exactly(store.get_plan(PLAN).extra) == exactly(store.get_plan(OTHER).extra) == exactly(extra)
    commit(store, Transition(PLAN, (Event.PLAN_START,)))
    commit(store, Update(PLAN, description="x"))
    assert exactly(store.get_plan(PLAN).extra) == exactly(extra)
    assert exactly(store.export().records[PLAN].plan.extra) == exactly(extra)


@pytest.mark.parametrize("extra", EXTRAS.values(), ids=EXTRAS)
def test_the_document_of_a_run_is_kept_exactly(store: Store, extra: Mapping[str, object]) -> None:
    created(store)
    store.commit(ClaimRun(PLAN, "me", 60), USER)
    store.commit(PutRun(PLAN, extra, 1), USER)
    run = store.get_run(PLAN)
    assert run is not None
    assert exactly(run.document) == exactly(extra)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_have_are_refused(store: Store, value: float) -> None:
    """Extra keys are preserved, and RFC 8259, section 6 has no such numbers."""
    created(store)
    store.commit(ClaimRun(PLAN, "me", 60), USER)
    refused(store, Update(PLAN, extra={"a": [value]}), KasError)
    refused(store, PutRun(PLAN, {"a": value}, 1), KasError)


# -- created_at ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", TIMES)
def test_created_at_is_kept_as_it_was_sent(store: Store, time: str) -> None:
    assert commit(store, Create(PLAN, created_at=time)).created_at == time
    created(store, OTHER)
    commit(store, Update(OTHER, created_at=time))
    commit(store, Transition(OTHER, (Event.PLAN_START,)))
    assert store.get_plan(PLAN).created_at == store.get_plan(OTHER).created_at == time
    store.commit(CreateTopic("api", created_at=time), USER)
    assert store.list_topics()[0].created_at == time


@pytest.mark.parametrize("time", ["yesterday", "2026-02-28", "2026-13-45T99:99:99Z", "2026-02-28T17:16:33"])
def test_created_at_is_a_time(store: Store, time: str) -> None:
    """Docstring of Plan: RFC 3339; earlier clients cannot read a list in which one is not (ORIGIN 1.1)."""
    created(store)
    refused(store, Create(OTHER, created_at=time), UsageError)
    refused(store, Update(PLAN, created_at=time), UsageError)
    refused(store, CreateTopic("api", created_at=time), UsageError)
