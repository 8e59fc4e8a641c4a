"""The canonical text of a state file: the recipe byte for byte, and the same whether made whole or in part."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_kas.domain.lifecycle import Status, UnknownStatus
from git_kas.domain.names import PlanName
from git_kas.domain.plan import ZERO_TIME, Plan, Topic
from git_kas.domain.state_file import parse_state_file
from git_kas.domain.state_text import state_text, with_plan, without_plan
from plan_commands import by_recipe
from unit.state_samples import CANONICAL, SAMPLES

READ_FIELDS = {"status", "description", "branch", "topic", "created_at", "implemented"}
FIELDS = ("description", "branch", "topic", "created_at", "implemented")
AWKWARD = "ab<>&\"'\\/{}[]:, \n\t\x00\x7f\u2028\u2029\ufeffä日🙂"

words = st.text(AWKWARD, max_size=8)
name_letters = st.sampled_from("ab<>&\"'{}[]:, ä日🙂.")
plan_names = st.text(name_letters, min_size=1, max_size=4).map(lambda text: PlanName(f"{text}.md"))
scalars = st.one_of(words, st.none(), st.booleans(), st.integers(), st.floats(-1e9, 1e9))
values = st.one_of(
    scalars, st.lists(scalars, max_size=2), st.dictionaries(words, st.lists(scalars, max_size=2), max_size=2)
)
extras = st.dictionaries(words.filter(lambda key: key not in READ_FIELDS), values, max_size=2)
statuses = st.sampled_from([*Status, UnknownStatus("bogus"), UnknownStatus('a "<&>\n')])
times = st.sampled_from([ZERO_TIME, "2026-02-21T09:15:02.114503887Z", "2026-02-21T09:15:02+01:00", "<no time>"])
plans = st.tuples(plan_names, statuses, words, words, words, times, words, st.just(1), extras).map(
    lambda fields: Plan(*fields)
)
plan_lists = st.lists(plans, max_size=4, unique_by=lambda plan: plan.filename)
topic_lists = st.lists(st.builds(Topic, words, times), max_size=2, unique_by=lambda topic: topic.name)
unread_names = st.one_of(st.sampled_from(["notes", "a/b.md", ".md", "}", '"', "a"]), words)
unread_members = st.dictionaries(unread_names, values, max_size=2)
other_members = st.dictionaries(words, values, max_size=2)
quick = settings(max_examples=60, deadline=None)


class State(NamedTuple):
    """What a state file holds."""

    plans: list[Plan]
    topics: list[Topic]
    unread: dict[str, object]
    extra: dict[str, object]

    @property
    def text(self) -> bytes:
        return state_text(*self)

    def without(self, name: PlanName) -> State:
        return self._replace(plans=[plan for plan in self.plans if plan.filename != name])


states = st.builds(
    State, plan_lists, topic_lists, st.dictionaries(unread_names, values, max_size=2), other_members
)


def canonical(state: State) -> bytes:
    """The whole file by the recipe: keys sorted, fields in their order, empty ones left out."""
    entries: dict[str, Any] = dict(state.unread)
    for plan in state.plans:
        fields = {field: getattr(plan, field) for field in FIELDS if getattr(plan, field)}
        entries[plan.filename] = {"status": str(plan.status), **fields, **plan.extra}
    document: dict[str, Any] = {}
    if state.topics:
        document["topics"] = {topic.name: {"created_at": topic.created_at} for topic in sorted(state.topics)}
    document["plans"] = {key: entries[key] for key in sorted(entries, key=str.encode)}
    return by_recipe(document | {key: state.extra[key] for key in sorted(state.extra, key=str.encode)})


@quick
@given(states)
def test_the_text_is_that_of_the_recipe(state: State) -> None:
    assert state.text == canonical(state)


@quick
@given(states)
def test_what_is_written_is_read_again(state: State) -> None:
    read = parse_state_file(state.text, "x")
    assert dict(read.plans) == {plan.filename: plan for plan in state.plans}
    assert dict(read.topics) == {topic.name: topic for topic in state.topics}
    assert (dict(read.unread), dict(read.extra)) == (state.unread, state.extra)
    assert state_text(read.plans.values(), read.topics.values(), read.unread, read.extra) == state.text


@quick
@given(states, plans, st.integers(0, 7))
def test_one_plan_in_its_place(state: State, plan: Plan, chosen: int) -> None:
    if chosen < len(state.plans):
        plan = plan._replace(filename=state.plans[chosen].filename)
    others = state.without(plan.filename)
    whole = others._replace(plans=[*others.plans, plan]).text
    part = with_plan(state.text, plan)
    assert part == (whole if state.plans or state.unread else None)


@quick
@given(states, plan_names)
def test_one_plan_taken_away(state: State, stranger: PlanName) -> None:
    text = state.text
    for plan in state.plans:
        alone = len(state.plans) + len(state.unread) == 1
        assert without_plan(text, plan.filename) == (None if alone else state.without(plan.filename).text)
    if stranger not in {plan.filename for plan in state.plans}:
        assert without_plan(text, stranger) is None


@pytest.mark.parametrize("shape", SAMPLES)
def test_a_file_of_any_age_becomes_canonical_once(shape: str) -> None:
    read = parse_state_file(SAMPLES[shape], "x")
    once = state_text(read.plans.values(), read.topics.values(), read.unread, read.extra)
    again = parse_state_file(once, "x")
    assert (again.plans, again.topics) == (read.plans, read.topics)
    assert state_text(again.plans.values(), again.topics.values(), again.unread, again.extra) == once


def test_what_the_earlier_writer_wrote_stays_byte_for_byte() -> None:
    read = parse_state_file(CANONICAL, "x")
    assert state_text(read.plans.values(), read.topics.values(), read.unread, read.extra) == CANONICAL


def test_half_a_character_stays_an_escape() -> None:
    entry = b'"a.md": {\n      "status": "ready",\n      "created_at": "\\ud800"\n    }'
    text = b'{\n  "plans": {\n    ' + entry + b"\n  }\n}\n"
    read = parse_state_file(text, "x")
    assert state_text(read.plans.values(), (), {}, {}) == text


@pytest.mark.parametrize("text", [b"{}\n", b'{\n  "plans": {}\n}\n'])
def test_what_has_no_plan_is_not_done_piecemeal(text: bytes) -> None:
    name = PlanName("a.md")
    assert with_plan(text, Plan(name, Status.READY)) is None
    assert without_plan(text, name) is None
