"""``git kas import`` and ``git kas export``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.test_state_reading import everything
from plan_commands import AS_AGENT, EARLIER, OWN, ZERO, Plans, Refused, by_recipe, everything_but_the_store, put
from support import Repo
from unit.state_samples import (
    BOGUS_STATUS,
    BYTE_ORDER_MARK,
    CANONICAL,
    CONFLICT,
    FLAT,
    FLAT_COMPLETED,
    FLAT_WITH_ANOTHER_KEY,
    UNKNOWN_KEYS,
    WRAPPED_LEGACY,
)

SHAPES: dict[str, tuple[bytes, dict[str, str], int, int]] = {
    "flat": (FLAT, {"2026-02-20-login-form.md": "done", "2026-02-21-rate-limit.md": "implementing"}, 0, 2),
    "flat-completed": (
        FLAT_COMPLETED,
        {
            "2026-02-20-login-form.md": "done",
            "2026-02-21-rate-limit.md": "done",
            "2026-02-21-search.md": "reviewing",
        },
        0,
        2,
    ),
    "wrapped-legacy": (
        WRAPPED_LEGACY,
        {"2026-02-21-rate-limit.md": "done", "2026-02-22-billing.md": "done"},
        1,
        2,
    ),
    "canonical": (CANONICAL, {"2026-02-26-export-csv.md": "implementing"}, 0, 0),
    "byte-order-mark": (BYTE_ORDER_MARK + CANONICAL, {"2026-02-26-export-csv.md": "implementing"}, 0, 0),
    "another-key": (FLAT_WITH_ANOTHER_KEY, {"a.md": "ready"}, 0, 1),
    "unknown-keys": (UNKNOWN_KEYS, {"a.md": "ready"}, 0, 0),
    "bogus-status": (BOGUS_STATUS, {"a.md": "bogus"}, 0, 1),
    "empty": (b"{}", {}, 0, 0),
    "no-plans": (b'{"plans":{}}\n', {}, 0, 0),
}
DRY = """\
plan                      status  effect  fields
2026-02-21-rate-limit.md  done    new     -
2026-02-22-billing.md     done    new     -
Nothing was changed: 2 new; 1 new topic; from old.json.
"""
WARNINGS = """\
git-kas: warning: 2026-02-21-rate-limit.md: 'completed' is read as 'done'.
git-kas: warning: 2026-02-22-billing.md: 'finished' is read as 'done'.
"""


def statuses(plans: Plans) -> dict[str, str]:
    return {plan["filename"]: plan["status"] for plan in plans.data("plan", "list")}


@pytest.fixture
def other(plans: Plans, new_repo: Callable[..., Repo]) -> Plans:
    """The commands in an empty repository."""
    return Plans(new_repo("other"), plans.environment)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_historic_shape(plans: Plans, shape: str) -> None:
    data, expected, topics, warnings = SHAPES[shape]
    source = put(plans.path, "old.json", data)
    before = everything_but_the_store(plans.path)
    dry = plans("import", "old.json", "--dry-run", "--json")
    assert dry.data == {
        "file": "old.json",
        "project": None,
        "dry_run": True,
        "topics": topics,
        "plans": [
            {"filename": name, "status": status, "effect": "new", "fields": []}
            for name, status in expected.items()
        ],
    }
    assert len(dry.json()["warnings"]) == warnings
    assert not (plans.path / ".git/kas/plan-journal.jsonl").exists()
    done = plans("import", "old.json", "--json")
    assert done.data == dry.data | {"dry_run": False}
    assert statuses(plans) == expected
    assert everything_but_the_store(plans.path) == before
    assert source.read_bytes() == data
    assert plans.state() == by_recipe(json.loads(plans.state()))


def test_the_report(plans: Plans) -> None:
    put(plans.path, "old.json", WRAPPED_LEGACY)
    dry = plans("import", "--dry-run", "old.json")
    assert (dry.status, dry.out, dry.err) == (0, DRY, WARNINGS)
    done = plans("import", "old.json", "-m", "moving in")
    assert (done.out, done.err) == (DRY.replace("Nothing was changed", "Imported"), WARNINGS)
    assert plans.history() == [
        "1 TIME user Ada: topic_created topic=api",
        "    moving in",
        "1 TIME user Ada: 2026-02-21-rate-limit.md imported: done",
        "1 TIME user Ada: 2026-02-22-billing.md imported: done",
    ]
    assert json.loads(plans.state())["plans"]["2026-02-22-billing.md"] == {
        "status": "done",
        "topic": "orphan-topic",
        "created_at": ZERO,
        "implemented": "2026-02-23",
    }


def test_what_is_here_is_left_alone_unless_updated(plans: Plans) -> None:
    plans.out("plan", "create", "a", "-d", "mine", "-b", "plan/mine")
    plans.out("plan", "create", "kept")
    entries = {"a.md": {"status": "done", "description": "mine", "points": 5}, "b.md": {"status": "ready"}}
    data = json.dumps({"plans": entries}).encode()
    dry = plans.out("import", "-", "--dry-run", "--update", stdin=data)
    assert dry.splitlines() == [
        "plan  status  effect   fields",
        "a.md  done    updated  status,branch,created_at,extra",
        "b.md  ready   new      -",
        "Nothing was changed: 1 updated, 1 new; 0 new topics; from -.",
    ]
    inserted = plans.data("import", "-", stdin=data)
    assert [row["effect"] for row in inserted["plans"]] == ["different", "new"]
    assert statuses(plans) == {"a.md": "ready", "b.md": "ready", "kept.md": "ready"}
    updated = plans.data("import", "-", "--update", stdin=data)
    assert [row["effect"] for row in updated["plans"]] == ["updated", "same"]
    plan = plans.data("plan", "show", "a")["plan"]
    assert (plan["status"], plan["branch"], plan["extra"], plan["revision"]) == ("done", "", {"points": 5}, 2)
    assert statuses(plans) == {"a.md": "done", "b.md": "ready", "kept.md": "ready"}
    assert plans.history("a")[-1] == "4 TIME user Ada: a.md imported: ready → done"


def test_texts_stay_when_the_rest_is_updated(plans: Plans) -> None:
    plans.write("a.md", "# mine\n")
    plans.out("plan", "register", "a")
    plans.data("import", "-", "--update", stdin=b'{"a.md": {"status": "reviewing"}}')
    assert plans.raw("plan", "show", "a", "--text").stdout == b"# mine\n"
    assert plans.status("a.md") == "reviewing"


def test_the_report_of_a_first_import_is_what_happens(plans: Plans) -> None:
    # The earlier system's file is taken over with the first change, whatever file that imports.
    put(plans.path, EARLIER, CANONICAL)
    put(plans.path, "other.json", CANONICAL.replace(b"implementing", b"done"))
    (dry,) = plans.data("import", "other.json", "--dry-run")["plans"]
    (done,) = plans.data("import", "other.json")["plans"]
    assert plans.status("2026-02-26-export-csv.md") == "implementing"
    assert (done["effect"], done["fields"]) == ("different", ["status"])
    assert dry == done


def test_what_cannot_be_imported(plans: Plans) -> None:
    path = put(plans.path, "broken.json", CONFLICT)
    before = everything(plans.path)
    assert plans.refused("import").exit == 3
    assert plans.refused("import", "none.json").code == "not_found"
    broken = plans.refused("import", "broken.json")
    assert (broken.exit, broken.code) == (1, "store_corrupt")
    assert broken.message.startswith("broken.json:4:1: ")
    for data in (b"", b"{", b"[]", b'{"git_kas_export": 1}', b'{"git_kas_export": 1, "change": "x"}'):
        assert plans("import", "-", stdin=data).status == 1, data
    newer = plans("import", "-", "--json", stdin=b'{"git_kas_export": 99}').json()["error"]
    assert newer["code"] == "schema_too_new"
    put(plans.path, "fine.json", CANONICAL)
    path.unlink()
    assert plans.refused("import", "fine.json", env=AS_AGENT) == Refused(
        9,
        "not_allowed",
        "Only a user may import plans; this was asked for by an agent.",
        "Ask the person in charge to decide.",
    )
    (plans.path / "fine.json").unlink()
    path.write_bytes(CONFLICT)
    assert set(everything(plans.path)) == set(before)


def test_repeated_under_its_key(plans: Plans) -> None:
    put(plans.path, "old.json", CANONICAL)
    for _ in range(2):
        plans.out("import", "old.json", "--key", "k")
    assert len(plans.history()) == 1
    assert plans.refused("import", "old.json", "--key", "k", "--update").code == "key_reused"


def a_rich_project(plans: Plans) -> bytes:
    """An export with texts, a renamed plan, keys, notes, topics and a run."""
    plans.write("a.md", b"# caf\xe9\r\n")
    plans.out("plan", "register", "a", "--key", "reg", "-m", "two\nlines", "-t", "api")
    plans.out("plan", "create", "2026-01-02-b", "-F", "-", stdin="# <ä> & \u2028\n".encode())
    plans.out("plan", "transition", "a", "implement_start", "implement_finished", "--key", "run", env=AS_AGENT)
    plans.out("plan", "rename", "2026-01-02-b", "c")
    plans.out("plan", "topic", "--create", "empty")
    document = json.loads(plans.raw("export").stdout)
    document["plans"][-1]["run"] = {"document": {"wave": 2}, "revision": 3, "fence": 4}
    return json.dumps(document).encode()


def test_a_whole_project_comes_back_byte_for_byte(plans: Plans, other: Plans, tmp_path: Path) -> None:
    rich = a_rich_project(plans)
    report = other.data("import", "-", stdin=rich)
    assert [row["effect"] for row in report["plans"]] == ["new", "new"]
    exported = other.raw("export").stdout
    assert json.loads(exported) == json.loads(rich)
    put(tmp_path, "backup.json", exported)
    third = Plans(Repo(tmp_path / "third", plans.environment), plans.environment)
    third.path.mkdir()
    third.repo.git("init", "-q")
    third.out("import", str(tmp_path / "backup.json"))
    assert third.raw("export").stdout == exported
    assert third.history() == other.history() == plans.history()
    assert third.state() == other.state() == plans.state()
    replayed = third.data(
        "plan", "transition", "a", "implement_start", "implement_finished", "--key", "run", env=AS_AGENT
    )
    assert (replayed["replayed"], replayed["change"]) == (True, 3)
    assert third.data("plan", "history", "2026-01-02-b") == plans.data("plan", "history", "2026-01-02-b")


def test_what_is_not_known_comes_back_too(plans: Plans, other: Plans) -> None:
    # 'Print everything the store knows'; what it did not understand it keeps as well (DESIGN 4).
    put(plans.path, OWN, b'{"plans": {"a.md": {"status": "ready", "x": 1}, "notes": [1]}, "version": 4}')
    plans("plan", "create", "b")
    other.out("import", "-", stdin=plans.raw("export").stdout)
    assert json.loads(other.state()) == json.loads(plans.state())


def test_an_export_into_a_store_with_plans(plans: Plans, other: Plans) -> None:
    plans.out("plan", "create", "a", "-m", "there")
    plans.out("plan", "transition", "a", "plan_start")
    other.out("plan", "create", "mine")
    exported = plans.raw("export").stdout
    first = other.data("import", "-", stdin=exported)
    assert [row["effect"] for row in first["plans"]] == ["new"]
    assert [line.partition("TIME ")[2] or line for line in other.history("a")] == [
        "user Ada: a.md created: ready",
        "    there",
        "user Ada: a.md plan_start: ready → planning",
        "user Ada: a.md imported: planning",
    ]
    assert statuses(other) == {"a.md": "planning", "mine.md": "ready"}
    again = other.data("import", "-", "--update", stdin=exported)
    assert [row["effect"] for row in again["plans"]] == ["same"]


def test_a_plan_state_as_the_earlier_system_wrote_it(plans: Plans, other: Plans) -> None:
    plans.out("plan", "create", "b", "-d", '<ä> & \u2028 "q"', "-t", "y")
    plans.out("plan", "create", "a", "-t", "x", "-F", "-", stdin=b"# text\n")
    exported = plans.raw("export", "--state").stdout
    document: dict[str, Any] = json.loads(exported)
    assert exported == by_recipe(document) == plans.state()
    assert list(document) == ["topics", "plans"]
    assert list(document["plans"]) == ["a.md", "b.md"]
    assert list(document["plans"]["b.md"]) == ["status", "description", "branch", "topic", "created_at"]
    other.out("import", "-", stdin=exported)
    assert other.raw("export", "--state").stdout == exported


@pytest.mark.parametrize("data", [CANONICAL, b'{\n  "plans": {}\n}\n'])
def test_a_canonical_file_is_exported_byte_for_byte(plans: Plans, data: bytes) -> None:
    put(plans.path, EARLIER, data)
    assert plans.raw("export", "--state").stdout == data


def test_into_a_new_file_only(plans: Plans) -> None:
    plans.out("plan", "create", "a")
    (plans.path / "sub").mkdir()
    shown = plans.raw("export").stdout
    assert plans("export", "-o", "copy.json", cwd=plans.path / "sub").out.startswith("1 ")
    assert (plans.path / "sub/copy.json").read_bytes() == shown
    assert plans.data("export", "-o", "state.json", "--state") == {"file": "state.json", "document": None}
    assert (plans.path / "state.json").read_bytes() == plans.state()
    refused = plans.refused("export", "-o", "state.json")
    assert (refused.exit, refused.code) == (4, "already_exists")
    assert (plans.path / "state.json").read_bytes() == plans.state()
    assert plans.refused("export", "-o", "none/copy.json").exit == 1
    assert plans.data("export") == {"file": None, "document": json.loads(shown)}
