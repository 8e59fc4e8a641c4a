"""Entries of the wire protocol v1, against the facts of ORIGIN 1."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.lifecycle import Status, UnknownStatus
from git_kas.domain.names import PlanName
from git_kas.domain.plan import ZERO_TIME, Plan, Topic
from git_kas.domain.wire import (
    encode,
    plan_entry,
    read_new_filename,
    read_plan_entry,
    read_topic_entry,
    topic_entry,
)
from git_kas.errors import InvalidName, InvalidStatus, UsageError

NAME = PlanName("2026-02-28-a.md")
PRECISE = "2026-02-28T17:16:33.633408661Z"


def test_an_entry_has_the_order_of_the_earlier_server_and_ours_behind() -> None:
    plan = Plan(NAME, Status.DONE, "d", "b", "t", PRECISE, "2026-03-01", 7, {"goal": "g"}, 2)
    assert list(plan_entry(plan, b"# text\n")) == [
        "filename",
        "status",
        "description",
        "branch",
        "topic",
        "created_at",
        "implemented",
        "content",
        "revision",
        "round",
        "goal",
    ]


def test_what_is_empty_is_left_out_but_for_name_status_and_time() -> None:
    assert plan_entry(Plan(NAME, Status.READY)) == {
        "filename": NAME,
        "status": "ready",
        "created_at": ZERO_TIME,
        "revision": 1,
        "round": 0,
    }
    assert plan_entry(Plan(NAME, UnknownStatus("")))["status"] == ""
    assert topic_entry(Topic("api")) == {"name": "api", "created_at": ZERO_TIME}


def test_unknown_members_never_stand_for_known_ones() -> None:
    plan = Plan(NAME, Status.READY, extra={"content": "x", "revision": 9, "kept": [1]})
    entry = plan_entry(plan)
    assert (entry["revision"], entry["kept"]) == (1, [1])
    assert "content" not in entry or entry["content"] != "x"


def test_bodies_end_with_a_newline_and_escape_as_the_earlier_encoder() -> None:
    assert encode({"a": "<&>ä\u2028"}) == '{"a":"\\u003c\\u0026\\u003eä\\u2028"}\n'.encode()


def test_a_request_is_read_as_the_earlier_server_did() -> None:
    body = b' {"FileName": "x.md", "Status": null, "CREATED_AT": null, "new": {"deep": 1}} trailing {'
    entry = read_plan_entry(body)
    assert (entry.filename, entry.status, entry.created_at) == ("x.md", Status.READY, ZERO_TIME)
    assert entry.extra == {"new": {"deep": 1}}
    assert entry.content is None


def test_times_are_kept_as_they_were_sent() -> None:
    entry = read_plan_entry(json.dumps({"filename": NAME, "created_at": PRECISE}).encode())
    assert entry.created_at == PRECISE


@pytest.mark.parametrize(("word", "status"), [("in_progress", "implementing"), ("completed", "done")])
def test_statuses_of_the_earlier_system_are_mapped(word: str, status: str) -> None:
    assert read_plan_entry(json.dumps({"status": word}).encode()).status == status


def test_content_that_is_said_to_be_empty_is_another_thing_than_none() -> None:
    assert read_plan_entry(b'{"content": ""}').content == b""
    assert read_plan_entry(b'{"content": null}').content is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'"x"',
        b"\xff",
        b'{"status": 1}',
        b'{"description": ["x"]}',
        b'{"created_at": ""}',
        b'{"created_at": 5}',
        b'{"x": NaN}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(UsageError, match=r"invalid request body: .*\."):
        read_plan_entry(body)


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(InvalidStatus, match="'bogus' is no status"):
        read_plan_entry(b'{"status": "bogus"}')


def test_topics_and_new_names() -> None:
    assert read_topic_entry(b'{"name": "api"}') == Topic("api", ZERO_TIME)
    assert read_new_filename(b'{"new_filename": "y.md"}') == "y.md"
    with pytest.raises(UsageError, match="new_filename is required"):
        read_new_filename(b"{}")
    with pytest.raises(InvalidName):
        read_new_filename(b'{"new_filename": "../y.md"}')


@given(
    st.builds(
        Plan,
        st.just(NAME),
        st.sampled_from(Status),
        st.text(st.characters(exclude_categories=["Cs"])),
        implemented=st.text(st.characters(exclude_categories=["Cs"])),
        extra=st.dictionaries(st.sampled_from(["goal", "x"]), st.none() | st.integers() | st.text("abc<")),
    ),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.encode),
)
def test_an_answer_can_be_sent_back(plan: Plan, content: bytes | None) -> None:
    entry = read_plan_entry(encode(plan_entry(plan, content)))
    assert entry.content == content
    assert (entry.filename, entry.status) == (plan.filename, plan.status)
    assert entry.created_at == (plan.created_at or ZERO_TIME)
    assert (entry.description, entry.implemented, entry.extra) == (
        plan.description,
        plan.implemented,
        plan.extra,
    )
