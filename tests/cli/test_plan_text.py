"""The text of a plan: when it goes from which worktree into the store, and that it stays there."""

from __future__ import annotations

from pathlib import Path

import pytest

from plan_commands import Plans, everything_but_the_store

PLAN = "2026-01-02-limit.md"
KEY = "2026-01-02-limit"
DRAFT = "# Limit\n"
BETTER = "# Limit the rate\n\nWhat the planner wrote.\n"


def stored(plans: Plans) -> bytes:
    return plans.raw("plan", "show", KEY, "--text").stdout


@pytest.fixture
def planned(plans: Plans) -> Plans:
    """A plan with a text that somebody is planning."""
    plans.write(PLAN, DRAFT)
    plans.out("plan", "register", KEY)
    plans.out("plan", "transition", KEY, "plan_start")
    return plans


def test_the_planner_leaves_its_text_in_the_store(planned: Plans) -> None:
    planned.write(PLAN, BETTER)
    before = everything_but_the_store(planned.path)
    assert planned.out("plan", "transition", KEY, "planner_finished") == f"{PLAN} → ready\n"
    assert everything_but_the_store(planned.path) == before
    (planned.path / "docs/plans" / PLAN).unlink()
    assert stored(planned) == BETTER.encode()
    assert planned.history(KEY)[-2:] == [
        f"3 TIME user Ada: {PLAN} planner_finished: planning → ready",
        f"3 TIME user Ada: {PLAN} content bytes={len(BETTER)}",
    ]


@pytest.mark.parametrize("text", ["", " \n\t\n", None])
def test_an_empty_text_replaces_none(planned: Plans, text: str | None) -> None:
    path = planned.write(PLAN, text or "")
    if text is None:
        path.unlink()
    assert planned.out("plan", "transition", KEY, "planner_finished") == f"{PLAN} → ready\n"
    assert stored(planned) == DRAFT.encode()


def test_a_repetition_under_its_key_takes_no_other_text(planned: Plans) -> None:
    arguments = ("plan", "transition", KEY, "planner_finished", "--key", "k")
    first = planned.data(*arguments)
    planned.write(PLAN, BETTER)
    assert planned.data(*arguments) == first | {"replayed": True}
    assert stored(planned) == DRAFT.encode()


def test_other_events_leave_the_text_alone(planned: Plans) -> None:
    planned.write(PLAN, BETTER)
    planned.out("plan", "transition", KEY, "plan_start")
    planned.out("plan", "set-status", KEY, "reviewing", "--force")
    planned.out("plan", "topic", KEY, "api")
    planned.out("plan", "transition", KEY, "review_approved")
    assert stored(planned) == DRAFT.encode()


def test_the_text_is_that_of_the_worktree(planned: Plans) -> None:
    linked = planned.repo.worktree("linked")
    planned.write(PLAN, "# main\n")
    planned.write(PLAN, BETTER, linked)
    (linked / "deep").mkdir()
    planned.out("plan", "transition", KEY, "planner_finished", cwd=linked / "deep")
    assert stored(planned) == BETTER.encode()
    planned.out("plan", "register", KEY, "--update")
    assert stored(planned) == b"# main\n"


@pytest.mark.parametrize("data", [b"# a\r\nb", b"\xef\xbb\xbf# a\n", "# ä\u2028\x1b[1m\x00".encode()])
def test_the_text_comes_back_as_it_is(plans: Plans, data: bytes) -> None:
    plans.write(PLAN, data)
    plans.out("plan", "register", KEY)
    assert stored(plans) == data


def test_a_text_that_only_a_worktree_has_is_shown(plans: Plans) -> None:
    plans.out("plan", "create", KEY)
    assert plans.data("plan", "show", KEY)["text"] is None
    assert stored(plans) == b""
    plans.write(PLAN, DRAFT)
    shown = plans.data("plan", "show", KEY)
    assert (shown["text"], shown["text_from"]) == (DRAFT, "worktree")
    assert stored(plans) == DRAFT.encode()


def test_in_a_bare_repository_its_worktrees_have_the_texts(plans: Plans, tmp_path: Path) -> None:
    bare, linked = tmp_path / "bare.git", tmp_path / "linked"
    plans.repo.git("clone", "-q", "--bare", str(plans.path), str(bare))
    plans.repo.git("worktree", "add", "-q", "-b", "work", str(linked), cwd=bare)
    plans.write(PLAN, DRAFT, linked)
    assert plans.out("plan", "register", KEY, cwd=linked) == f"registered: {PLAN} → ready\n"
    assert plans.out("plan", "transition", KEY, "plan_start", cwd=bare) == f"{PLAN} → planning\n"
    assert plans.out("plan", "transition", KEY, "planner_finished", cwd=bare) == f"{PLAN} → ready\n"
    assert plans.raw("plan", "show", KEY, "--text", cwd=bare).stdout == DRAFT.encode()
    assert (bare / "kas/plan-state.json").is_file()
    refused = plans.refused("import", cwd=bare)
    assert (refused.exit, refused.code) == (3, "not_found")
