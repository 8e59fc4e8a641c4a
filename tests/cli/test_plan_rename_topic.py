"""``git kas plan rename`` and ``git kas plan topic``."""

from __future__ import annotations

import pytest

from plan_commands import ZERO, Plans, Refused, everything_but_the_store

OLD = "2026-01-02-rate-limit"
NEW = "2026-01-02-throttle"


@pytest.mark.parametrize(
    ("old", "given", "new"),
    [
        ("2026-01-02-a", "throttle", "2026-01-02-throttle"),
        ("2026-01-02-a", "throttle.md", "2026-01-02-throttle"),
        ("2026-01-02-a", "docs/plans/throttle.md", "2026-01-02-throttle"),
        ("2026-01-02-a", "Throttle the Rate!", "2026-01-02-throttle-the-rate"),
        ("2026-01-02-a", "2026-03-04-throttle", "2026-03-04-throttle"),
        ("a", "throttle", "throttle"),
        ("a", "2026-03-04-a", "2026-03-04-a"),
    ],
)
def test_the_date_in_front_stays(plans: Plans, old: str, given: str, new: str) -> None:
    plans.repo.write_state({f"{old}.md": {"status": "ready"}})
    assert plans.out("plan", "rename", old, given) == f"renamed: {old}.md → {new}.md\n"
    assert plans.out("plan", "list").split() == ["ready", f"{new}.md"]


def test_a_new_name_with_a_space(plans: Plans) -> None:
    plans.repo.write_state({"2026-01-02-a.md": {"status": "ready"}})
    data = plans.data("plan", "rename", "2026-01-02-a", "my throttle.md")
    assert data["plan"]["filename"] in {"2026-01-02-my throttle.md", "2026-01-02-my-throttle.md"}


def test_everything_goes_with_it(plans: Plans) -> None:
    path = plans.write(f"{OLD}.md", "# Limit\n")
    plans.out("plan", "register", OLD, "-t", "api")
    plans.out("plan", "transition", OLD, "plan_start", "-m", "go")
    before = everything_but_the_store(plans.path)
    created = plans.data("plan", "show", OLD)["plan"]["created_at"]
    data = plans.data("plan", "rename", OLD, "throttle", "-m", "a better word")
    assert everything_but_the_store(plans.path) == before
    assert (data["old"], data["plan"]["filename"]) == (f"{OLD}.md", f"{NEW}.md")
    shown = plans.data("plan", "show", "throttle")
    assert (shown["text"], shown["text_from"]) == (path.read_text(), "store")
    plan = shown["plan"]
    assert (plan["branch"], plan["topic"], plan["status"]) == ("plan/rate-limit", "api", "planning")
    assert (plan["created_at"], plan["revision"], plan["description"]) == (created, 3, "Limit")
    expected = [
        f"1 TIME user Ada: {OLD}.md created: ready",
        f"2 TIME user Ada: {OLD}.md plan_start: ready → planning",
        "    go",
        f"3 TIME user Ada: {NEW}.md renamed from={OLD}.md",
        "    a better word",
    ]
    assert plans.history(NEW) == plans.history("throttle") == plans.history(OLD) == expected


def test_where_its_text_lies(plans: Plans) -> None:
    plans.write("it's.md", "# x\n")
    plans.out("plan", "register", "it's")
    out = plans.out("plan", "rename", "it's", "its")
    head, hint = out.splitlines()
    assert head == "renamed: it's.md → its.md"
    plans.repo.git("add", "docs")
    command = hint.removeprefix("its text, where it is tracked: ")
    finished = plans.repo.git("-c", f"alias.as-told=!{command}", "as-told")
    assert finished == ""
    assert sorted(path.name for path in (plans.path / "docs/plans").iterdir()) == ["its.md"]


def test_the_old_name_says_the_new_one(plans: Plans) -> None:
    plans.out("plan", "create", OLD)
    plans.out("plan", "rename", OLD, "throttle")
    gone = Refused(3, "not_found", f"plan not found: {OLD}.md was renamed.", f"It is called {NEW}.md now.")
    assert plans.refused("plan", "show", OLD) == gone
    assert plans.refused("plan", "transition", OLD, "plan_start") == gone
    assert plans.refused("plan", "rename", OLD, "again") == gone


def test_an_old_name_may_be_used_again(plans: Plans) -> None:
    plans.out("plan", "create", OLD)
    plans.out("plan", "rename", OLD, "throttle")
    plans.out("plan", "create", OLD)
    assert plans.history(OLD) == [f"3 TIME user Ada: {OLD}.md created: ready"]
    assert len(plans.history(NEW)) == 2
    assert plans.data("plan", "show", OLD)["plan"]["revision"] > 1  # no revision is used twice for a name


def test_a_name_that_is_taken(plans: Plans) -> None:
    plans.out("plan", "create", OLD)
    plans.out("plan", "create", NEW)
    before = plans.state()
    for new in (NEW, OLD, "throttle"):
        refused = plans.refused("plan", "rename", OLD, new)
        assert (refused.exit, refused.code) == (4, "already_exists")
    assert plans.refused("plan", "rename", OLD, "日 本").exit == 2
    assert plans.refused("plan", "rename", OLD, "a\x07").exit == 2
    assert plans.refused("plan", "rename", "nothing", "x").exit == 3
    assert plans.refused("plan", "rename", OLD, "x", "--if-revision", "7").exit == 4
    assert plans.state() == before


def test_a_rename_repeated_under_its_key(plans: Plans) -> None:
    plans.out("plan", "create", OLD)
    arguments = ("plan", "rename", OLD, "throttle", "--key", "k")
    assert plans.data(*arguments) == plans.data(*arguments)
    assert plans.out(*arguments) == f"renamed: {OLD}.md → {NEW}.md\n"
    assert len(plans.history()) == 2
    assert plans.refused("plan", "rename", OLD, "other", "--key", "k").code == "key_reused"


def test_topics_are_those_of_plans_too(plans: Plans) -> None:
    assert plans.out("plan", "topic") == "No topics.\n"
    plans.repo.write_state({"a.md": {"status": "ready", "topic": "orphan"}, "b.md": {"status": "done"}})
    assert plans.data("plan", "topic") == {
        "plan": None,
        "topics": [{"name": "orphan", "created_at": ZERO, "plans": 1}],
    }
    assert plans.out("plan", "topic", "b", "api", "-m", "they touch the same") == "b.md: topic api\n"
    assert plans.out("plan", "topic", "--create", "to be used").splitlines() == [
        "topic       plans  created at",
        "api         1      TIME",
        f"orphan      1      {ZERO}",
        "to be used  0      TIME",
    ]
    assert plans.out("plan", "topic", "a", "--none") == "a.md: no topic\n"
    assert [topic["name"] for topic in plans.data("plan", "topic")["topics"]] == ["api", "to be used"]
    assert plans.history()[2:] == [
        "2 TIME user Ada: b.md updated fields=topic",
        "    they touch the same",
        "2 TIME user Ada: topic_created topic=api",
        "3 TIME user Ada: topic_created topic=to be used",
        "4 TIME user Ada: a.md updated fields=topic",
    ]


def test_what_a_topic_may_be(plans: Plans) -> None:
    plans.out("plan", "create", "a", "-t", "api")
    before = plans.state()
    refused = plans.refused("plan", "topic", "--create", "api")
    assert (refused.exit, refused.code, refused.message) == (4, "already_exists", "topic already exists: api.")
    for arguments in (
        ("a",),
        ("a", "api", "--none"),
        ("a", "two\nlines"),
        ("a", "x" * 201),
        ("--create", " "),
        ("a", "--create", "b"),
    ):
        assert plans("plan", "topic", *arguments).status == 2, arguments
    assert plans.refused("plan", "topic", "b", "api").exit == 3
    assert plans.refused("plan", "topic", "a", "b", "--if-revision", "9").code == "conflict"
    assert plans.state() == before


def test_none_is_asked_of_a_plan(plans: Plans) -> None:
    assert plans.refused("plan", "topic", "--none").exit == 2


def test_the_data_of_a_topic(plans: Plans) -> None:
    plans.out("plan", "create", "a")
    arguments = ("plan", "topic", "docs/plans/a.md", "api", "--key", "k")
    first = plans.data(*arguments)
    assert (first["topics"], first["plan"]["topic"], first["plan"]["revision"]) == (None, "api", 2)
    assert plans.data(*arguments) == first
    assert plans.out("plan", "list", "--topic", "api").split() == ["ready", "a.md", "plan/a"]
    assert len(plans.history()) == 3
