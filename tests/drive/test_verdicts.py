"""An approval counts for the commit that was judged: what comes afterwards was judged by nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drive.watching import KEY, PLAN
from plan_commands import Plans
from support import Repo

Change = Callable[[Repo, Path], object]


@pytest.fixture
def worktree(plans: Plans, plan: Callable[..., str]) -> Path:
    """The worktree of a plan that is being reviewed, with a commit of its own."""
    plan(1)
    folder = plans.repo.worktree("plan/shop")
    plans.repo.commit("work", {"shop.txt": "tea\n"}, cwd=folder)
    assert plans("plan", "transition", KEY, "implement_start").status == 0
    assert plans("plan", "transition", KEY, "implement_finished").status == 0
    return folder


def approve(plans: Plans, folder: Path) -> None:
    assert plans("signal", "review_approved", KEY, "-m", "fine", cwd=folder).status == 0


def status_after_a_look(plans: Plans) -> str:
    assert plans("watch", "--once").status == 0
    return str(plans.data("plan", "show", KEY)["plan"]["status"])


def test_an_approval_of_the_tip_counts(plans: Plans, worktree: Path) -> None:
    approve(plans, worktree)
    assert status_after_a_look(plans) == "done"


@pytest.mark.parametrize(
    "change",
    [
        lambda repo, folder: repo.commit("more", {"shop.txt": "tea, coffee\n"}, cwd=folder),
        lambda repo, folder: repo.git("commit", "-q", "--amend", "-m", "other", cwd=folder, at=1),
        lambda repo, folder: repo.git("reset", "-q", "--hard", "HEAD~1", cwd=folder),
    ],
    ids=["commit", "amend", "reset"],
)
@pytest.mark.parametrize("command", [("watch", "--once"), ("signals", "apply")], ids=" ".join)
def test_a_branch_that_has_changed_since_was_not_approved(
    plans: Plans, worktree: Path, change: Change, command: tuple[str, ...]
) -> None:
    judged = plans.repo.git("rev-parse", "HEAD", cwd=worktree)
    approve(plans, worktree)
    change(plans.repo, worktree)
    plans(*command)
    assert status_after_a_look(plans) == "reviewing"
    (row,) = [row for row in plans.data("signals", "list") if row["state"] == "rejected"]
    tip = plans.repo.git("rev-parse", "HEAD", cwd=worktree)
    assert f"It judges {judged[:12]}; the branch is at {tip[:12]}." in row["reason"]
    approve(plans, worktree)
    assert status_after_a_look(plans) == "done"


@pytest.mark.parametrize("stands", ["main", "other"])
def test_a_reviewer_may_stand_anywhere(plans: Plans, worktree: Path, stands: str) -> None:
    folder = plans.path
    if stands == "other":
        folder = plans.repo.worktree("other")
        plans.repo.commit("other work", cwd=folder)
    approve(plans, folder)
    assert status_after_a_look(plans) == "done"


def test_changes_are_asked_for_whatever_has_come_since(plans: Plans, worktree: Path) -> None:
    """What was found is never lost, and the next review sees the rest."""
    assert plans("signal", "review_changes_requested", KEY, "-m", "no tea", cwd=worktree).status == 0
    plans.repo.commit("more", cwd=worktree)
    assert status_after_a_look(plans) == "implementing"
    assert plans.data("plan", "history", KEY)[-1]["note"] == "no tea"


def test_the_base_that_was_merged_in_is_nobodys_verdict(plans: Plans, worktree: Path) -> None:
    """A reviewer on main, whose commit the branch has taken in since, has not judged an older branch."""
    plans.repo.commit("on main")
    approve(plans, plans.path)
    plans.repo.git("merge", "-q", "--no-edit", "main", cwd=worktree)
    assert status_after_a_look(plans) == "done"


def test_a_branch_that_is_not_there_holds_no_verdict_up(plans: Plans, plan: Callable[..., str]) -> None:
    plan(1)
    plans("plan", "transition", KEY, "implement_start")
    plans("plan", "transition", KEY, "implement_finished")
    approve(plans, plans.path)
    assert status_after_a_look(plans) == "done"
    assert plans.data("plan", "show", KEY)["plan"]["filename"] == PLAN
