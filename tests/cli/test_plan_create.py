"""``git kas plan create``: from a name or a title, in the store only."""

from __future__ import annotations

import re

from plan_commands import AS_AGENT, Plans, Refused, everything_but_the_store, put

TODAY = r"\d{4}-\d\d-\d\d"


def test_from_a_name(plans: Plans) -> None:
    before = everything_but_the_store(plans.path)
    arguments = ("plan", "create", "docs/plans/2026-01-02-rate-limit.md", "-d", "throttle", "-t", "api")
    assert plans.out(*arguments, "-m", "asked\nfor") == "created: 2026-01-02-rate-limit.md → ready\n"
    assert everything_but_the_store(plans.path) == before
    assert plans.history() == [
        "1 TIME user Ada: 2026-01-02-rate-limit.md created: ready",
        "    asked",
        "    for",
        "1 TIME user Ada: topic_created topic=api",
    ]
    plan = plans.data("plan", "show", "rate")["plan"]
    assert re.fullmatch(TODAY + r"T[\d:.]{8,15}Z", plan.pop("created_at"))
    assert plan == {
        "filename": "2026-01-02-rate-limit.md",
        "status": "ready",
        "description": "throttle",
        "branch": "plan/rate-limit",
        "topic": "api",
        "implemented": "",
        "revision": 1,
        "round": 0,
        "content_id": None,
        "moved": None,
        "extra": {},
    }


def test_from_a_title(plans: Plans) -> None:
    plan = plans.data("plan", "create", "  Limit the RATE, of (some) requests! ")
    assert re.fullmatch(f"{TODAY}-limit-the-rate-of-some-requests\\.md", plan["filename"])
    assert plan["description"] == "Limit the RATE, of (some) requests!"
    assert plan["branch"] == "plan/limit-the-rate-of-some-requests"
    assert plans.refused("plan", "create", "日 本") == Refused(
        2,
        "usage",
        "No name can be made from the title '日 本'.",
        "Give a name of letters and digits, and the title with --description.",
    )


def test_a_name_with_a_space_is_still_a_name(plans: Plans) -> None:
    # 'With or without folder and .md' is a form of a name, not of a title.
    plans.repo.write_state({"old plan.md": {"status": "ready"}})
    assert plans.refused("plan", "create", "old plan.md").code == "already_exists"
    assert plans.data("plan", "create", "docs/plans/new plan.md")["filename"] == "new plan.md"


def test_with_a_text(plans: Plans) -> None:
    put(plans.path, "sub/draft.md", "# Draft\r\n")
    assert (
        plans.out("plan", "create", "a", "-F", "draft.md", cwd=plans.path / "sub") == "created: a.md → ready\n"
    )
    assert plans.raw("plan", "show", "a", "--text").stdout == b"# Draft\r\n"
    assert plans.out("plan", "create", "b", "-F", "-", stdin=b"# b\n\xff") == "created: b.md → ready\n"
    assert plans.data("plan", "show", "b")["text"] == "# b\n\ufffd"
    assert plans.refused("plan", "create", "c", "-F", "none.md").exit == 3
    assert not (plans.path / "docs").exists()


def test_what_is_there_already(plans: Plans) -> None:
    plans.out("plan", "create", "a", "-d", "first")
    before = plans.state()
    refused = plans.refused("plan", "create", "docs/plans/a.md", "-d", "second")
    assert (refused.exit, refused.code, refused.message) == (4, "already_exists", "plan already exists: a.md.")
    assert plans.state() == before


def test_what_cannot_be_a_plan(plans: Plans) -> None:
    for arguments in (
        ("",),
        (".md",),
        ("docs/plans/",),
        ("a\x07b.md",),
        ("x" * 198,),
        ("a", "-b", "bad..branch"),
        ("a", "-b", "-x"),
        ("a", "-t", " "),
        ("a", "-t", "two\nlines"),
    ):
        assert plans("plan", "create", *arguments).status == 2, arguments
    assert not (plans.path / ".git/kas/plan-journal.jsonl").exists()


def test_repeated_under_its_key(plans: Plans) -> None:
    arguments = ("plan", "create", "a", "-d", "x", "-t", "api", "--key", "k")
    first = plans.data(*arguments, env=AS_AGENT)
    plans.out("plan", "transition", "a", "plan_start")
    assert plans.data(*arguments, env=AS_AGENT) == first
    assert len(plans.history()) == 3
    refused = plans.refused("plan", "create", "a", "-d", "y", "--key", "k")
    assert (refused.exit, refused.code) == (4, "key_reused")


def test_a_linked_worktree_and_a_subfolder_are_the_same_project(plans: Plans) -> None:
    linked = plans.repo.worktree("linked")
    (linked / "deep").mkdir()
    plans.out("plan", "create", "a", cwd=linked / "deep")
    plans.out("plan", "create", "b", cwd=plans.path / ".git")
    plans.out("plan", "transition", "a", "plan_start", cwd=plans.path)
    expected = "planning       a.md                                               plan/a\n"
    expected += "ready          b.md                                               plan/b\n"
    assert {plans.out("plan", "list", cwd=cwd) for cwd in (linked, plans.path, plans.path / ".git")} == {
        expected
    }
    assert len({plans("plan", "history", cwd=cwd).out for cwd in (linked, plans.path)}) == 1
    assert not (linked / "docs").exists()
