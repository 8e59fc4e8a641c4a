"""Every shape of state file that was ever written is read; damaged ones are refused with their place."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.lifecycle import Status, UnknownStatus
from git_kas.domain.plan import ZERO_TIME, Plan, Topic
from git_kas.domain.project import all_topics
from git_kas.domain.state_file import RemarkKind, Shape, StateFile, parse_state_file
from git_kas.errors import StoreCorrupt
from unit.state_samples import (
    BOGUS_STATUS,
    BYTE_ORDER_MARK,
    CANONICAL,
    DAMAGED,
    FLAT,
    FLAT_COMPLETED,
    FLAT_WITH_ANOTHER_KEY,
    SAMPLES,
    UNKNOWN_KEYS,
    WRAPPED_LEGACY,
    Damaged,
)

ORIGIN = "/repo/.git/kas/plan-state.json"


def parse(data: bytes | str) -> StateFile:
    return parse_state_file(data.encode() if isinstance(data, str) else data, ORIGIN)


def remarks_of(state: StateFile) -> list[tuple[str | None, RemarkKind]]:
    return [(remark.plan, remark.kind) for remark in state.remarks]


def statuses_of(state: StateFile) -> dict[str, str]:
    return {name: plan.status for name, plan in state.plans.items()}


def test_the_flat_file_of_the_first_days() -> None:
    state = parse(FLAT)
    assert state.shape is Shape.FLAT
    assert statuses_of(state) == {
        "2026-02-20-login-form.md": Status.DONE,
        "2026-02-21-rate-limit.md": Status.IMPLEMENTING,
    }
    assert [plan.implemented for plan in state.plans.values()] == ["2026-02-20", ""]
    assert [plan.created_at for plan in state.plans.values()] == [ZERO_TIME, ZERO_TIME]
    assert remarks_of(state) == [
        ("2026-02-20-login-form.md", RemarkKind.AMBIGUOUS_DONE),
        ("2026-02-21-rate-limit.md", RemarkKind.LEGACY_STATUS),
    ]
    assert not state.topics


def test_the_flat_file_with_completed() -> None:
    state = parse(FLAT_COMPLETED)
    assert state.shape is Shape.FLAT
    assert list(statuses_of(state).values()) == [Status.DONE, Status.DONE, Status.REVIEWING]
    assert remarks_of(state) == [
        ("2026-02-20-login-form.md", RemarkKind.LEGACY_STATUS),
        ("2026-02-21-rate-limit.md", RemarkKind.AMBIGUOUS_DONE),
    ]


def test_the_wrapped_file_with_legacy_words_and_an_orphan_topic() -> None:
    state = parse(WRAPPED_LEGACY)
    assert state.shape is Shape.WRAPPED
    rate_limit, billing = state.plans.values()
    assert rate_limit == Plan(
        rate_limit.filename,
        Status.DONE,
        description="throttle <anonymous> clients",
        branch="plan/rate-limit",
        topic="api",
        created_at="2026-02-21T09:15:02.114503887Z",
    )
    assert rate_limit.filename == "2026-02-21-rate-limit.md"
    assert (billing.status, billing.topic, billing.implemented) == (Status.DONE, "orphan-topic", "2026-02-23")
    assert state.topics == {"api": Topic("api", "2026-02-22T18:00:00Z")}
    assert all_topics(state.topics.values(), state.plans.values()) == [
        Topic("api", "2026-02-22T18:00:00Z"),
        Topic("orphan-topic", ZERO_TIME),
    ]
    assert {kind for _, kind in remarks_of(state)} == {RemarkKind.LEGACY_STATUS}


def test_the_canonical_file() -> None:
    state = parse(CANONICAL)
    assert state.shape is Shape.WRAPPED
    (plan,) = state.plans.values()
    assert plan.status is Status.IMPLEMENTING
    assert plan.description == "export-csv\n\nlet users download the table"
    assert plan.created_at == "2026-02-26T20:41:10.5Z"
    assert plan.revision == 1
    assert (state.remarks, dict(state.unread), dict(state.extra), dict(plan.extra)) == ((), {}, {}, {})


def test_done_is_ambiguous_in_flat_files_only() -> None:
    assert parse('{"plans": {"a.md": {"status": "done"}}}').remarks == ()


@pytest.mark.parametrize(
    "text", ["{}", ' {"plans":{}} ', '{"plans":null}', '{"plans":{},"topics":null}', "{ }\n"]
)
def test_a_file_without_plans(text: str) -> None:
    state = parse(text)
    assert (dict(state.plans), dict(state.topics), state.remarks) == ({}, {}, ())


@pytest.mark.parametrize("entry", ["{}", "null", '{"status": null}', '{"status": ""}'])
def test_an_entry_may_say_nothing(entry: str) -> None:
    (plan,) = parse(f'{{"plans": {{"a.md": {entry}}}}}').plans.values()
    assert isinstance(plan.status, UnknownStatus)
    assert (plan.status, plan.branch, plan.created_at) == ("", "", ZERO_TIME)


def test_a_flat_file_may_have_another_key() -> None:
    state = parse(FLAT_WITH_ANOTHER_KEY)
    assert state.shape is Shape.FLAT
    assert list(state.plans) == ["a.md"]
    assert state.unread == {"notes": {"status": "ready"}}
    assert remarks_of(state) == [(None, RemarkKind.UNREADABLE_NAME)]


def test_a_file_is_flat_only_without_wrapped_plans() -> None:
    assert list(parse('{"plans": {"a.md": {}}, "b.md": {}}').plans) == ["a.md"]
    assert list(parse('{"plans": {}, "b.md": {}}').plans) == ["b.md"]
    assert parse('{"notes": {}}').shape is Shape.WRAPPED


def test_unknown_keys_are_kept() -> None:
    state = parse(UNKNOWN_KEYS)
    (plan,) = state.plans.values()
    assert plan.extra == {"priority": 3, "owner": {"name": "ada", "tags": ["x", None]}}
    assert state.extra == {"version": 4}


def test_an_unknown_status_is_kept_and_remarked() -> None:
    state = parse(BOGUS_STATUS)
    (plan,) = state.plans.values()
    assert plan.status == UnknownStatus("bogus")
    assert isinstance(plan.status, UnknownStatus)
    assert remarks_of(state) == [("a.md", RemarkKind.UNKNOWN_STATUS)]
    assert "bogus" in state.remarks[0].text


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_a_byte_order_mark_changes_nothing(data: bytes) -> None:
    assert parse(BYTE_ORDER_MARK + data) == parse(data)


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_line_ends_of_windows_change_nothing(data: bytes) -> None:
    assert parse(data.replace(b"\n", b"\r\n")) == parse(data)


def test_plans_come_in_bytewise_order() -> None:
    names = ["b.md", "a.md", "é.md", "B.md", "2026-01-01-z.md"]
    state = parse(json.dumps({"plans": dict.fromkeys(names)}))
    assert list(state.plans) == sorted(names, key=str.encode)


@pytest.mark.parametrize("damaged", DAMAGED, ids=lambda damaged: str(damaged.name))
def test_a_damaged_file_is_refused_with_its_place(damaged: Damaged) -> None:
    with pytest.raises(StoreCorrupt) as refused:
        parse(damaged.data)
    place = re.match(re.escape(ORIGIN) + r":(\d+):(\d+): ", refused.value.message)
    assert place, refused.value.message
    line, column = int(place[1]), int(place[2])
    if damaged.place is None:
        assert line <= damaged.data.count(b"\n") + 1
        assert column >= 1
    else:
        assert (line, column) == damaged.place, refused.value.message
    assert refused.value.next_step


def test_conflict_markers_are_called_by_their_name() -> None:
    (conflict,) = (damaged for damaged in DAMAGED if damaged.name == "conflict markers")
    with pytest.raises(StoreCorrupt, match="conflict"):
        parse(conflict.data)


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
def test_a_file_cut_off_anywhere_is_refused(data: bytes) -> None:
    for length in range(len(data.rstrip())):
        with pytest.raises(StoreCorrupt) as refused:
            parse(data[:length])
        place = re.match(re.escape(ORIGIN) + r":(\d+):(\d+): ", refused.value.message)
        assert place
        lines = data[:length].decode().split("\n")
        assert int(place[1]) <= len(lines)
        assert int(place[2]) <= len(lines[int(place[1]) - 1]) + 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
words = st.sampled_from(["ready", "done", "completed", "in_progress", "bogus", "", "\udcff", "\x1b[31m"])
fields = st.sampled_from(["status", "description", "branch", "topic", "created_at", "implemented", "more"])
entries = st.dictionaries(fields, words | json_values, max_size=4) | json_values
keys = st.sampled_from(["a.md", "b.md", "../c.md", "d", ".md", "plans", "topics", "\ud800.md"]) | st.text(
    max_size=5
)
states = st.fixed_dictionaries(
    {}, optional={"plans": st.dictionaries(keys, entries, max_size=4) | json_values, "topics": json_values}
) | st.dictionaries(keys, entries, max_size=4)


def read_or_refuse(data: bytes) -> StateFile | StoreCorrupt:
    """Whatever else is raised is a defect."""
    try:
        return parse(data)
    except StoreCorrupt as error:
        return error


@given(state=states)
def test_any_json_is_read_or_refused_with_its_place(state: object) -> None:
    text = json.dumps(state)
    read = read_or_refuse(text.encode())
    if isinstance(read, StoreCorrupt):
        assert re.match(re.escape(ORIGIN) + r":1:\d+: ", read.message)
        return
    assert all(plan.filename == name for name, plan in read.plans.items())
    named = {topic.name for topic in all_topics(read.topics.values(), read.plans.values())}
    assert {plan.topic for plan in read.plans.values() if plan.topic} <= named


@given(data=st.binary(max_size=40), at=st.integers(0, len(WRAPPED_LEGACY)), length=st.integers(0, 40))
def test_any_bytes_are_read_or_refused(data: bytes, at: int, length: int) -> None:
    mangled = WRAPPED_LEGACY[:at] + data + WRAPPED_LEGACY[at + length :]
    for given_bytes in (data, mangled):
        read_or_refuse(given_bytes)
