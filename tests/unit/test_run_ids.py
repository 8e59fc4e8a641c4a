"""Names of runs: they tell runs apart, and each can be a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.names import PlanName
from git_kas.domain.run_ids import RunId, job_run_id
from git_kas.errors import InvalidName

KEYS = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="/\\"),
    min_size=1,
    max_size=40,
)
PLANS = KEYS.map(lambda key: PlanName(f"{key}.md"))


def test_the_form_of_names() -> None:
    plan = PlanName("2026-02-28-search.md")
    assert job_run_id(plan, f"W{1}-T2", 3) == "2026-02-28-search-W1-T2-3"
    assert job_run_id(plan, f"R{2}-reviewer", 1) == "2026-02-28-search-R2-reviewer-1"


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a\\b", "a\0", "\ud800", "x" * 256, "é" * 128])
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(InvalidName):
        RunId(text)


@pytest.mark.parametrize("text", ["-a", "two\nlines", " ", "...", "é" * 127, "x" * 255])
def test_what_is_one(text: str) -> None:
    assert RunId(text) == text


@given(PLANS, PLANS, st.integers(1, 10**30), st.integers(1, 10**30))
def test_every_plan_has_names_of_its_own(one: PlanName, other: PlanName, wave: int, attempt: int) -> None:
    names = [
        name
        for plan in {one, other}
        for name in (
            job_run_id(plan, f"W{wave}-T1", attempt),
            job_run_id(plan, f"W{wave}-T1", attempt + 1),
            job_run_id(plan, f"R{wave}-coder", attempt),
        )
    ]
    assert len(set(names)) == len(names)


def test_a_name_that_is_too_long_is_shortened_and_stays_its_own() -> None:
    plans = [PlanName("é" * 97 + f"{end}.md") for end in "ab"]
    names = [job_run_id(plan, f"W{10**40}-T1", 1) for plan in plans]
    assert all(len(name.encode()) <= 255 for name in names)
    assert names[0] != names[1]
    assert all(name.endswith(f"-W{10**40}-T1-1") for name in names)
