"""``git kas plan register``: a plan from a text that lies in the plans folder."""

from __future__ import annotations

import os

import pytest

from plan_commands import Plans, Refused, everything_but_the_store

PLAN = "2026-01-02-rate-limit.md"
KEY = "2026-01-02-rate-limit"


def test_everything_is_taken_from_the_text(plans: Plans) -> None:
    plans.write(PLAN, "intro\n\n# Limit the rate\n\n# Second\n")
    before = everything_but_the_store(plans.path)
    assert plans.out("plan", "register", f"docs/plans/{PLAN}") == f"registered: {PLAN} → ready\n"
    assert everything_but_the_store(plans.path) == before
    plan = plans.data("plan", "show", KEY)["plan"]
    assert plan["description"] == "Limit the rate"
    assert plan["branch"] == "plan/rate-limit"
    assert plan["created_at"] == "2020-09-13T12:26:40.123456789Z"
    assert (plan["status"], plan["revision"], plan["topic"]) == ("ready", 1, "")
    assert plans.history() == [f"1 TIME user Ada: {PLAN} created: ready"]


@pytest.mark.parametrize(
    ("nanoseconds", "written"),
    [
        (1_600_000_000_000_000_000, "2020-09-13T12:26:40Z"),
        (1_600_000_000_120_000_000, "2020-09-13T12:26:40.12Z"),
        (1_600_000_000_000_000_001, "2020-09-13T12:26:40.000000001Z"),
    ],
)
def test_the_time_is_the_files(plans: Plans, nanoseconds: int, written: str) -> None:
    os.utime(plans.write(PLAN, "# x\n"), ns=(0, nanoseconds))
    assert plans.data("plan", "register", KEY)["created_at"] == written


def test_what_is_given_counts(plans: Plans) -> None:
    plans.write(PLAN, "no heading\n")
    arguments = ("--branch", "feature/limit", "-t", "api", "-d", "my words", "-m", "why")
    plan = plans.data("plan", "register", KEY, *arguments)
    assert (plan["description"], plan["branch"], plan["topic"]) == ("my words", "feature/limit", "api")
    assert plans.history()[:2] == [f"1 TIME user Ada: {PLAN} created: ready", "    why"]


def test_without_a_heading_the_name_describes_it(plans: Plans) -> None:
    plans.write(PLAN, "no heading\n")
    assert plans.data("plan", "register", KEY)["description"] == KEY


def test_a_text_that_is_not_there_or_empty(plans: Plans) -> None:
    assert plans.refused("plan", "register", KEY) == Refused(
        3, "not_found", f"There is no docs/plans/{PLAN} in this worktree.", "Write the plan first."
    )
    plans.write(PLAN, " \n\n")
    assert plans.refused("plan", "register", KEY) == Refused(
        2, "usage", f"docs/plans/{PLAN} is empty.", "Write the plan first."
    )
    assert plans.refused("plan", "register", "a\x07").exit == 2
    assert plans.out("plan", "list") == ""
    assert not (plans.path / ".git/kas/plan-journal.jsonl").exists()


def test_a_plan_that_is_registered(plans: Plans) -> None:
    plans.write(PLAN, "# one\n")
    plans.out("plan", "register", KEY)
    plans.out("plan", "transition", KEY, "implement_start")
    plans.write(PLAN, "# two\n")
    refused = plans.refused("plan", "register", KEY)
    assert (refused.exit, refused.code, refused.message) == (
        4,
        "already_exists",
        f"plan already exists: {PLAN}.",
    )
    assert plans.raw("plan", "show", KEY, "--text").stdout == b"# one\n"
    assert plans.out("plan", "register", KEY, "--update") == f"text taken over: {PLAN} → implementing\n"
    shown = plans.data("plan", "show", KEY)
    assert (shown["text"], shown["plan"]["description"]) == ("# two\n", "one")
    assert plans.history()[-1] == f"3 TIME user Ada: {PLAN} content bytes=6"
    plans.write(PLAN, "\n")
    assert plans.refused("plan", "register", KEY, "--update").exit == 2
    assert plans.raw("plan", "show", KEY, "--text").stdout == b"# two\n"


def test_update_registers_nothing_new(plans: Plans) -> None:
    plans.write(PLAN, "# one\n")
    refused = plans.refused("plan", "register", KEY, "--update")
    assert (refused.exit, refused.message) == (3, f"plan not found: {PLAN}.")


def test_repeated_under_its_key(plans: Plans) -> None:
    plans.write(PLAN, "# one\n")
    arguments = ("plan", "register", KEY, "--key", "k")
    assert plans.out(*arguments) == plans.out(*arguments) == f"registered: {PLAN} → ready\n"
    assert len(plans.history()) == 1
    update = ("plan", "register", KEY, "--update", "--key", "u")
    assert plans.out(*update) == plans.out(*update) == f"text taken over: {PLAN} → ready\n"
    assert len(plans.history()) == 2


def test_a_repetition_answers_whatever_became_of_the_file(plans: Plans) -> None:
    # The help: 'makes repeating this very command harmless: the second time answers and changes nothing'.
    path = plans.write(PLAN, "# one\n")
    arguments = ("plan", "register", KEY, "--key", "k")
    first = plans.data(*arguments)
    path.write_text("# two\n")
    assert plans.data(*arguments) == first
    path.unlink()
    assert plans.data(*arguments) == first


def test_the_text_lies_in_this_worktree(plans: Plans) -> None:
    linked = plans.repo.worktree("linked")
    plans.write(PLAN, "# in the main worktree\n")
    refused = plans.refused("plan", "register", KEY, cwd=linked)
    assert (refused.exit, refused.message) == (3, f"There is no docs/plans/{PLAN} in this worktree.")
    plans.write(PLAN, "# in the linked one\n", linked)
    assert plans.data("plan", "register", KEY, cwd=linked)["description"] == "in the linked one"


def test_the_folder_that_is_configured(plans: Plans) -> None:
    plans.repo.git("config", "kas.plans", "notes/plans")
    plans.write(PLAN, "# in the usual place\n")
    refused = plans.refused("plan", "register", KEY)
    assert (refused.exit, refused.message) == (3, f"There is no notes/plans/{PLAN} in this worktree.")
    folder = plans.path / "notes/plans"
    folder.mkdir(parents=True)
    (folder / PLAN).write_text("# Notes\n")
    (plans.path / "src").mkdir()
    assert plans.data("plan", "register", KEY, cwd=plans.path / "src")["description"] == "Notes"
