"""The earlier system's file: shown until the first change takes it over, and never written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.test_state_reading import everything
from plan_commands import AS_AGENT, EARLIER, OWN, Plans, by_recipe, everything_but_the_store, put
from support import Repo
from unit.state_samples import CANONICAL, CONFLICT, FLAT, SAMPLES, WRAPPED_LEGACY

EXPORT = "2026-02-26-export-csv"
CANONICAL_ENTRY = json.loads(CANONICAL)["plans"][f"{EXPORT}.md"]
PECULIAR: dict[str, Any] = {
    "version": 4,
    "plans": {
        "notes": ["no", {"plan": "<x>"}],
        "b.md": {"owner": {"name": "ada & co", "tags": ["x", None]}, "priority": 3, "status": "in_progress"},
        "a.md": {"status": "ready"},
        "z/z.md": {"status": "ready"},
        "a.txt": {"status": "done"},
    },
    "topics": {"api": {"created_at": "2026-02-22T18:00:00Z"}},
    "author": {"é": "日\u2028"},
}


def test_reading_takes_nothing_over(plans: Plans) -> None:
    source = put(plans.path, EARLIER, WRAPPED_LEGACY)
    before = everything(plans.path)
    for arguments in (
        ("plan", "list"),
        ("plan", "show", "billing"),
        ("plan", "topic"),
        ("plan", "history"),
        ("export",),
        ("export", "--state"),
        ("import", "--dry-run"),
        ("where",),
    ):
        assert plans(*arguments).status == 0, arguments
    assert everything(plans.path) == before
    assert plans.data("where")["place"] == str(source)
    assert plans.data("export")["document"]["change"] == 0


def test_a_refused_change_takes_nothing_over(plans: Plans) -> None:
    source = put(plans.path, EARLIER, CANONICAL)
    before = everything(plans.path)
    for arguments, status in (
        (("plan", "transition", EXPORT, "reopen"), 5),
        (("plan", "transition", "nothing", "cancel"), 3),
        (("plan", "transition", EXPORT, "implement_finished", "--if-revision", "4"), 4),
        (("plan", "set-status", EXPORT, "done"), 2),
        (("plan", "create", EXPORT), 4),
        (("plan", "register", "nothing"), 3),
    ):
        assert plans(*arguments).status == status, arguments
    for command in ("plan transition {} cancel", "reset-plan {} done", "import"):
        assert plans(*command.format(EXPORT).split(), env=AS_AGENT).status == 9, command
    assert everything(plans.path) == before
    assert plans.data("where")["place"] == str(source)


def test_the_first_change_takes_it_over(plans: Plans) -> None:
    source = put(plans.path, EARLIER, CANONICAL)
    before = everything_but_the_store(plans.path)
    assert plans.out("plan", "transition", EXPORT, "implement_finished") == f"{EXPORT}.md → reviewing\n"
    assert everything_but_the_store(plans.path) == before
    assert plans.data("where")["place"] == str(plans.path / OWN)
    assert plans.state() == CANONICAL.replace(b"implementing", b"reviewing")
    taken, moved = plans.data("plan", "history")
    assert (taken["action"], taken["actor"], taken["change"], taken["to"]) == (
        "imported",
        "system",
        1,
        "implementing",
    )
    assert taken["detail"]["source"] == str(source)
    assert (moved["event"], moved["actor"], moved["change"]) == ("implement_finished", "user", 2)


@pytest.mark.parametrize("shape", SAMPLES)
@pytest.mark.parametrize("worktree", ["main", "linked"])
def test_every_shape_is_taken_over(plans: Plans, shape: str, worktree: str) -> None:
    source = put(plans.path, EARLIER, SAMPLES[shape])
    linked = plans.repo.worktree("linked")
    put(linked, EARLIER, b'{"plans": {"never.md": {}}}')
    (linked / "deep").mkdir()
    listed = plans("plan", "list").out
    before = everything_but_the_store(plans.path)
    created = plans("plan", "create", "zz", cwd=plans.path if worktree == "main" else linked / "deep")
    assert (created.status, created.out, created.err) == (0, "created: zz.md → ready\n", "")
    assert everything_but_the_store(plans.path) == before
    new = "ready          zz.md                                              plan/zz\n"
    assert plans.out("plan", "list", cwd=linked) == listed + new
    assert plans.state() == by_recipe(json.loads(plans.state()))
    assert source.read_bytes() == SAMPLES[shape]


FIRST: dict[str, Callable[[Plans], tuple[str, ...]]] = {
    "create": lambda _: ("plan", "create", "x"),
    "register": lambda plans: ("plan", "register", plans.write("x.md", "# x\n").name),
    "transition": lambda _: ("plan", "transition", EXPORT, "cancel"),
    "set-status": lambda _: ("plan", "set-status", EXPORT, "done", "--force"),
    "reset-plan": lambda _: ("reset-plan", EXPORT, "ready"),
    "rename": lambda _: ("plan", "rename", EXPORT, "2026-02-26-table"),
    "topic": lambda _: ("plan", "topic", EXPORT, "api"),
    "new topic": lambda _: ("plan", "topic", "--create", "api"),
    "import": lambda _: ("import",),
}


@pytest.mark.parametrize("name", FIRST)
def test_every_change_takes_it_over(plans: Plans, name: str) -> None:
    put(plans.path, EARLIER, CANONICAL)
    arguments = FIRST[name](plans)
    before = everything_but_the_store(plans.path)
    plans.out(*arguments)
    assert everything_but_the_store(plans.path) == before
    document = json.loads(plans.state())
    (entry,) = (value for key, value in document["plans"].items() if key != "x.md")
    assert entry | {"status": 0, "topic": 0} == CANONICAL_ENTRY | {"status": 0, "topic": 0}
    assert plans.history()[0] == f"1 TIME system git-kas: {EXPORT}.md imported: implementing"


def test_what_is_not_known_survives_every_change(plans: Plans) -> None:
    put(plans.path, EARLIER, json.dumps(PECULIAR))
    for arguments in (
        ("plan", "transition", "b", "implement_finished", "review_changes"),
        ("plan", "create", "c", "-t", "new"),
        ("plan", "topic", "c", "--none"),
        ("plan", "rename", "b", "bb"),
        ("reset-plan", "bb", "ready"),
        ("plan", "rename", "bb", "b"),
        ("plan", "rename", "c", "d"),
        ("import",),
    ):
        assert plans(*arguments).status == 0, arguments
        written = json.loads(plans.state())
        assert plans.state() == by_recipe(written), arguments
        assert list(written["plans"]) == sorted(written["plans"]), arguments
        entry = written["plans"].get("b.md") or written["plans"]["bb.md"]
        assert {key: entry[key] for key in ("owner", "priority")} == {
            "owner": {"name": "ada & co", "tags": ["x", None]},
            "priority": 3,
        }
        kept = {key: written["plans"][key] for key in ("notes", "z/z.md", "a.txt")}
        assert kept == {
            "notes": PECULIAR["plans"]["notes"],
            "z/z.md": {"status": "ready"},
            "a.txt": {"status": "done"},
        }
        assert (written["version"], written["author"]) == (4, PECULIAR["author"])
    assert plans.data("plan", "show", "b")["plan"]["extra"]["priority"] == 3


def test_a_later_difference_is_taken_only_on_request(plans: Plans) -> None:
    put(plans.path, EARLIER, CANONICAL)
    plans.out("plan", "transition", EXPORT, "implement_finished")
    put(plans.path, EARLIER, CANONICAL.replace(b"implementing", b"done"))
    listed = plans("plan", "list", "--status", "reviewing")
    assert listed.out.split()[1] == f"{EXPORT}.md"
    assert listed.err == f"git-kas: warning: {EXPORT}.md: {plans.path / EARLIER} says 'done'.\n"
    plans.out("plan", "topic", EXPORT, "api")
    assert plans.status(f"{EXPORT}.md") == "reviewing"
    (row,) = plans.data("import")["plans"]
    assert (row["effect"], row["fields"]) == ("different", ["status", "topic"])
    assert plans.status(f"{EXPORT}.md") == "reviewing"
    (row,) = plans.data("import", "--update", "-m", "the old tool knew")["plans"]
    assert (row["effect"], row["status"]) == ("updated", "done")
    assert plans.status(f"{EXPORT}.md") == "done"
    entry = plans.data("plan", "history", EXPORT)[-1]
    assert (entry["from"], entry["to"], entry["action"], entry["note"]) == (
        "reviewing",
        "done",
        "imported",
        "the old tool knew",
    )


def test_triage_shows_a_later_difference(plans: Plans) -> None:
    put(plans.path, EARLIER, CANONICAL)
    plans.out("plan", "transition", EXPORT, "implement_finished")
    put(plans.path, EARLIER, CANONICAL.replace(b"implementing", b"done"))
    (row,) = (row for row in plans.data("triage")["rows"] if row["plan"])
    assert "state_file_differs" in row["flags"]


@pytest.mark.parametrize("data", [CONFLICT, b"", b"[]"])
def test_a_damaged_file_is_not_taken_over(plans: Plans, data: bytes) -> None:
    source = put(plans.path, EARLIER, data)
    before = everything(plans.path)
    for arguments in (("plan", "create", "x"), ("plan", "transition", "a", "cancel"), ("import",)):
        refused = plans.refused(*arguments)
        assert (refused.exit, refused.code) == (1, "store_corrupt")
        assert refused.message.startswith(f"{source}:")
    assert everything(plans.path) == before


def test_a_tracked_file_stays_as_it_is(plans: Plans) -> None:
    put(plans.path, EARLIER, FLAT)
    plans.repo.git("add", EARLIER)
    plans.repo.git("commit", "-q", "-m", "state")
    plans.out("plan", "transition", "2026-02-21-rate-limit", "implement_finished")
    assert plans("import", "--update").status == 0
    assert plans.repo.git("status", "--porcelain") == ""


def test_two_clones_do_not_share(plans: Plans, new_repo: Callable[..., Repo]) -> None:
    put(plans.path, EARLIER, CANONICAL)
    other = Plans(new_repo("other"), plans.environment)
    plans.out("plan", "create", "x")
    assert other.out("plan", "list") == ""
