"""The grammar of sentinel file names: what is a signal, what is nearly one, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.lifecycle import USER_ONLY, Event
from git_kas.domain.names import PlanName
from git_kas.domain.signals import (
    SIGNAL_FORMS,
    WRONG_PREFIXES,
    NameKind,
    SignalForm,
    form_of_word,
    read_signal_name,
    signal_folders,
    signal_name,
)
from git_kas.errors import InvalidName, KasError, NotAllowed, UnknownEvent, UsageError

NUMBERS = st.integers(1, 999)


@st.composite
def plan_names(draw: st.DrawFn) -> PlanName:
    text = draw(st.text(min_size=1, max_size=40) | st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True))
    try:
        return PlanName(f"{text}.md")
    except InvalidName:
        return PlanName("2026-01-01-usual.md")


def numbers(form: SignalForm, wave: int, task: int) -> dict[str, int]:
    return {field: {"wave": wave, "task": task}[field] for field in form.fields}


@pytest.mark.parametrize("form", SIGNAL_FORMS, ids=lambda form: form.word)
@given(plan=plan_names(), wave=NUMBERS, task=NUMBERS, suffix=st.booleans())
def test_what_is_written_is_read(
    form: SignalForm, plan: PlanName, wave: int, task: int, *, suffix: bool
) -> None:
    given_numbers = numbers(form, wave, task)
    name = signal_name(form, plan, **given_numbers)
    assert len(name.encode()) <= 255
    if not suffix and not plan.key.endswith(".md"):
        name = name.removesuffix(".md")
    reading = read_signal_name(name)
    assert reading.kind is NameKind.SIGNAL
    assert reading.signal is not None
    assert (reading.signal.form, reading.signal.plan) == (form, plan)
    assert {field: getattr(reading.signal, field) for field in form.fields} == given_numbers


def test_the_longest_name_is_a_file_name() -> None:
    form = form_of_word("implement_task_finished")
    assert len(signal_name(form, PlanName(f"{'a' * 197}.md"), 999, 999)) <= 255


@given(st.text(max_size=300))
def test_any_text_is_read(name: str) -> None:
    reading = read_signal_name(name)
    assert (reading.signal is not None) == (reading.kind is NameKind.SIGNAL) == (not reading.reason)


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("planner-finished-foo", "foo.md"),
        ("planner-finished-foo.md", "foo.md"),
        ("planner-finished-docs\\plans\\foo.md", "foo.md"),
        ("review-changes-2026-02-28-foo.md", "2026-02-28-foo.md"),
        ("implement-finished-finished-x.md", "finished-x.md"),
        ("implement-wave-02-foo", "foo.md"),
    ],
)
def test_plan_of_a_signal(name: str, plan: str) -> None:
    signal = read_signal_name(name).signal
    assert signal is not None
    assert signal.plan == plan


def test_a_name_that_can_be_read_in_two_ways() -> None:
    signal = read_signal_name("review-changes-requested-foo.md").signal
    assert signal is not None
    assert (signal.plan, signal.otherwise) == ("requested-foo.md", "foo.md")
    plain = read_signal_name("review-changes-requested-.md").signal
    assert plain is not None
    assert plain.otherwise is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("review-approved-", "its name is not review-approved-<plan>"),
        ("implement-wave-0-foo.md", "its wave is not from 1 to 999"),
        ("implement-wave-1000-foo.md", "its wave is not from 1 to 999"),
        ("implement-wave-x-foo.md", "its name is not implement-wave-<N>-<plan>"),
        ("implement-wave-1-", "its name is not implement-wave-<N>-<plan>"),
        ("implement-wave-\u0661-foo.md", "its name is not implement-wave-<N>-<plan>"),
        ("implement-task-finished-w1-t0-foo", "its task is not from 1 to 999"),
        ("implement-task-finished-wx-foo", "its name is not implement-task-finished-w<W>-t<T>-<plan>"),
        ("review-approved-.md", "'.md' is no plan name: there is nothing before '.md'"),
        ("review-approved-a\nb.md", "'a\\nb.md' is no plan name: it contains a control character"),
        ("review-approved-\udcff.md", "'\\udcff.md' is no plan name: it is not valid Unicode"),
    ],
)
def test_malformed(name: str, reason: str) -> None:
    reading = read_signal_name(name)
    assert (reading.kind, reading.reason) == (NameKind.MALFORMED, reason)


@pytest.mark.parametrize("event", sorted(USER_ONLY))
def test_what_only_a_user_may_apply(event: Event) -> None:
    reading = read_signal_name(f"{event.replace('_', '-')}-foo.md")
    assert (reading.kind, reading.reason) == (NameKind.USER_ONLY, f"only a user may apply '{event}'")
    with pytest.raises(NotAllowed):
        form_of_word(event)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *((f"{wrong}foo.md", f"{right}foo.md") for wrong, right in WRONG_PREFIXES.items()),
        ("review-aproved-foo.md", "review-approved-foo.md"),
        ("Review_Approved-foo.md", "review-approved-foo.md"),
        ("reviewer-changes-foo", "review-changes-foo"),
        ("implementation-finished-2026-01-01-a.md", "implement-finished-2026-01-01-a.md"),
        ("plan-finished-a-b.md", "planner-finished-a-b.md"),
        ("implement-wave1-foo.md", "implement-wave-<N>-<plan>"),
        ("implement-task-finished-foo", "implement-task-finished-w<W>-t<T>-<plan>"),
    ],
)
def test_near_misses(name: str, meant: str) -> None:
    reading = read_signal_name(name)
    assert reading.kind is NameKind.NEAR_MISS
    assert reading.reason == f"no signal is called so; {meant} was probably meant"


@pytest.mark.parametrize(
    "name",
    ["", "README", "notes-about-foo.md", "fixer-done-20260101.md", "cancel-", "coder-finished-", "-", "---"],
)
def test_anything_else_is_left_alone(name: str) -> None:
    assert read_signal_name(name).kind is NameKind.UNKNOWN


@pytest.mark.parametrize("form", SIGNAL_FORMS, ids=lambda form: form.word)
def test_words(form: SignalForm) -> None:
    assert form_of_word(form.word) is form
    assert form_of_word(form.word.replace("_", "-")) is form


def test_the_alias_of_an_event_is_a_word() -> None:
    assert form_of_word("review_changes").event is Event.REVIEW_CHANGES_REQUESTED
    assert form_of_word("review-changes").prefix == "review-changes-"


@pytest.mark.parametrize(
    ("word", "error"), [("nonsense", UnknownEvent), ("plan_start", UsageError), ("implement-start", UsageError)]
)
def test_other_words(word: str, error: type[KasError]) -> None:
    with pytest.raises(error) as raised:
        form_of_word(word)
    assert "implement_task_finished" in raised.value.next_step


@pytest.mark.parametrize(
    ("word", "wave", "task"),
    [
        ("implement_wave", 0, 0),
        ("implement_wave", 1, 1),
        ("implement_task_finished", 1, 0),
        ("review_approved", 1, 0),
    ],
)
def test_numbers_that_do_not_fit(word: str, wave: int, task: int) -> None:
    with pytest.raises(UsageError):
        signal_name(form_of_word(word), PlanName("a.md"), wave, task)


def test_every_event_has_at_most_one_form() -> None:
    events = [form.event for form in SIGNAL_FORMS if form.event]
    assert len(events) == len(set(events))
    assert not USER_ONLY & set(events)


def test_folders() -> None:
    assert signal_folders("notes/plans") == ("notes/plans/.signals", ".kasmos/signals")
