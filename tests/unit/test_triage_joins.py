"""How triage joins plans, branches and worktrees into rows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.branch import BranchSurvey
from git_kas.domain.names import BranchName
from git_kas.domain.plan import Plan
from git_kas.domain.triage import Flag, Row, triage_rows
from git_kas.domain.worktree import Dirt, FolderState, Worktree
from unit.situations import ANCESTOR, FRESH, TIP, UNMERGED, branch, only_row, plan, rows, situation, worktree


def joined(row: Row) -> tuple[str | None, str | None, str | None]:
    """The row's plan, branch and worktree."""
    return (
        row.plan.filename.key if row.plan else None,
        row.branch,
        row.worktree.path.removeprefix("/wt/") if row.worktree else None,
    )


def joins(
    *things: Plan | BranchSurvey | Worktree, **details: Any
) -> list[tuple[str | None, str | None, str | None]]:
    return [joined(row) for row in rows(*things, **details)]


def test_a_plan_its_stored_branch_and_that_branch_s_worktree() -> None:
    assert joins(plan("x", branch="feature"), branch("feature"), worktree("w", "feature")) == [
        ("x", "feature", "w")
    ]


def test_a_plan_without_a_stored_branch_gets_its_default_branch_where_it_exists() -> None:
    assert joins(
        plan("2026-02-21-Rate Limit"), branch("plan/rate-limit"), worktree("w", "plan/rate-limit")
    ) == [("2026-02-21-Rate Limit", "plan/rate-limit", "w")]
    assert joins(plan("2026-02-21-rate-limit")) == [("2026-02-21-rate-limit", None, None)]


def test_a_stored_branch_counts_even_where_it_does_not_exist() -> None:
    found = rows(plan("x", branch="gone"), branch("plan/x"))
    assert [joined(row) for row in found] == [("x", "gone", None), (None, "plan/x", None)]
    assert found[0].survey is None
    assert Flag.NO_PLAN in found[1].flags


def test_two_plans_on_one_branch_have_a_row_each() -> None:
    found = rows(plan("x", branch="b"), plan("y", branch="b"), branch("b"), worktree("w", "b"))
    assert [joined(row) for row in found] == [("x", "b", "w"), ("y", "b", "w")]
    assert [dict(row.notes)[Flag.SHARED_BRANCH] for row in found] == ["y.md", "x.md"]


def test_a_default_branch_that_another_plan_has_stored_is_not_taken() -> None:
    found = rows(plan("x"), plan("y", branch="plan/x"), plan("z", branch="plan/x"), branch("plan/x"))
    assert [joined(row)[1] for row in found] == [None, "plan/x", "plan/x"]
    assert [dict(row.notes)[Flag.SHARED_BRANCH] for row in found] == ["plan/x", "z.md", "y.md"]


def test_a_default_branch_that_two_plans_would_take_is_taken_by_none() -> None:
    found = rows(plan("2026-01-01-x"), plan("2026-02-01-x"), branch("plan/x"))
    assert [joined(row)[1] for row in found] == [None, None, "plan/x"]
    assert all(Flag.SHARED_BRANCH in row.flags for row in found[:2])


def test_one_branch_in_two_worktrees_loses_neither() -> None:
    found = rows(plan("x", "done"), branch("plan/x"), worktree("a", "plan/x"), worktree("b", "plan/x"))
    assert [joined(row)[1:] for row in found] == [("plan/x", "a"), ("plan/x", "b")]
    assert joined(found[0])[0] == "x"


def test_the_second_worktree_of_a_plan_s_branch_is_not_said_to_lack_a_plan() -> None:
    found = rows(plan("x"), branch("plan/x"), worktree("a", "plan/x"), worktree("b", "plan/x"))
    assert Flag.NO_PLAN not in {flag for row in found for flag in row.flags}


def test_branches_and_worktrees_without_a_plan() -> None:
    assert joins(
        branch("main"), branch("b"), worktree("main", "main"), worktree("loose"), worktree("new", "n")
    ) == [
        (None, "main", "main"),
        (None, "b", None),
        (None, None, "loose"),
        (None, "n", "new"),
    ]


def test_several_detached_worktrees_have_a_row_each() -> None:
    assert joins(worktree("a"), worktree("b")) == [(None, None, "a"), (None, None, "b")]


def test_a_plan_on_the_base() -> None:
    row = only_row(plan("x", branch="main"), branch("main", verdict=FRESH), worktree("main", "main"))
    assert (joined(row), row.is_base, row.verdict) == (("x", "main", "main"), True, None)


def test_a_row_is_called_by_its_plan_else_its_branch_else_its_path() -> None:
    found = rows(plan("x"), branch("plan/x"), branch("b"), worktree("w"))
    assert [row.name for row in found] == ["x.md", "b", "/wt/w"]


@pytest.mark.parametrize(
    ("dirt", "count"), [(Dirt(), 0), (Dirt(changed=2, untracked=3, conflicts=1), 5), (Dirt(problem="x"), None)]
)
def test_uncommitted_is_what_no_commit_holds(dirt: Dirt, count: int | None) -> None:
    assert only_row(branch("b"), worktree("w", "b"), dirt={"w": dirt}).uncommitted == count


def test_uncommitted_is_unknown_without_a_worktree() -> None:
    assert only_row(branch("b")).uncommitted is None
    assert only_row(branch("b"), worktree("w", "b", folder=FolderState.MISSING)).uncommitted is None


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_a_finished_plan_of_which_nothing_is_left_is_settled(status: str) -> None:
    assert only_row(plan("x", status)).settled
    assert only_row(plan("x", status, branch="gone"), without_text=("x",), protected=("gone",)).settled


def test_what_is_not_settled() -> None:
    assert not only_row(plan("x", "done"), branch("plan/x", verdict=ANCESTOR)).settled
    assert not only_row(plan("x", "done", branch="unborn"), worktree("w", "unborn")).settled
    assert not any(row.settled for row in rows(branch("b"), worktree("w")))
    for status in ("ready", "planning", "implementing", "reviewing", "bogus"):
        assert not only_row(plan("x", status)).settled


names = st.sampled_from(["plan/x", "plan/y", "b", "main"])
statuses = st.sampled_from(["ready", "planning", "implementing", "reviewing", "done", "cancelled", "bogus"])
plans = st.lists(
    st.builds(
        plan, st.sampled_from(["x", "y", "z", "2026-01-01-x"]), statuses, st.just("") | names | st.just("a..b")
    ),
    max_size=4,
    unique_by=lambda made: made.filename,
)
branches = st.lists(
    st.builds(
        branch,
        names,
        ahead=st.integers(0, 2),
        age=st.integers(0, 10**6),
        verdict=st.sampled_from([UNMERGED, FRESH, ANCESTOR]),
        tip=st.sampled_from([TIP, None]),
    ),
    max_size=4,
    unique_by=lambda made: made.branch.name,
)
worktrees = st.lists(
    st.builds(
        worktree,
        st.sampled_from(["main", "v", "w"]),
        st.none() | names,
        folder=st.sampled_from(FolderState),
        locked=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda made: made.path,
)


@given(things=st.tuples(plans, branches, worktrees).map(lambda parts: [*parts[0], *parts[1], *parts[2]]))
def test_nothing_is_lost_and_nothing_is_invented(things: list[Plan | BranchSurvey | Worktree]) -> None:
    given_situation = situation(*things)
    found = triage_rows(given_situation)
    assert [row.plan for row in found if row.plan] == list(given_situation.plans)
    surveyed = {survey.branch.name for survey in given_situation.branches}
    assert {row.survey.branch.name for row in found if row.survey} == surveyed
    assert {row.worktree.path for row in found if row.worktree} == {w.path for w in given_situation.worktrees}
    for row in found:
        assert row.survey is None or row.survey.branch.name == row.branch
        assert row.worktree is None or row.worktree.branch == row.branch
        assert len(set(row.flags)) == len(row.flags)
        assert not (row.settled and (row.survey or row.worktree))
    without_plan = [BranchName(row.branch) for row in found if row.branch and not row.plan and not row.worktree]
    assert len(without_plan) == len(set(without_plan))
