"""``git kas plan show``: everything about one plan, whoever wrote it, for people and for scripts."""

from __future__ import annotations

import json

import pytest

from plan_commands import AS_AGENT, OWN, ZERO, Plans, Refused, put
from support import Finished

PLAN = "2026-01-02-rate-limit.md"
TEXT = """# Limit the rate

**Goal:** no client takes all
**Architecture:** a bucket for each client
**Tech Stack:** Python
**Size:** small

## Wave 1: buckets

First this.

### Task 1: count

**Files:**
- Create: `buckets.py`

Count them.

### Task 2: refuse

## Wave 2

### Task 3: document
"""


@pytest.fixture
def planned(plans: Plans) -> Plans:
    """A plan with waves in the status planning."""
    plans.write(PLAN, TEXT)
    plans.out("plan", "register", PLAN, "--topic", "api")
    plans.out("plan", "transition", PLAN, "plan_start")
    return plans


def test_a_plan_for_people(planned: Plans) -> None:
    assert planned.out("plan", "show", "limit").splitlines() == [
        f"plan         {PLAN}",
        "status       planning",
        "since        TIME, plan_start, by user Ada",
        "next events  cancel, plan_start, planner_finished",
        "description  Limit the rate",
        "branch       plan/rate-limit",
        "topic        api",
        "created at   TIME",
        "revision     2",
        "round        0",
        "text         store",
        "goal         no client takes all",
        "size         small",
        "wave 1: buckets",
        "  task 1: count",
        "  task 2: refuse",
        "wave 2",
        "  task 3: document",
    ]


def test_a_plan_for_scripts(planned: Plans) -> None:
    shown = planned.data("plan", "show", "docs/plans/2026-01-02-rate-limit")
    plan = shown.pop("plan")
    assert (
        plan.pop("moved").items()
        >= {"event": "plan_start", "from": "ready", "actor": "user", "by": "Ada"}.items()
    )
    assert len(plan.pop("content_id")) == 64
    assert plan == {
        "filename": PLAN,
        "status": "planning",
        "description": "Limit the rate",
        "branch": "plan/rate-limit",
        "topic": "api",
        "created_at": "2020-09-13T12:26:40.123456789Z",
        "implemented": "",
        "revision": 2,
        "round": 0,
        "extra": {},
    }
    waves = shown.pop("waves")
    assert shown == {
        "events": ["cancel", "plan_start", "planner_finished"],
        "text": TEXT,
        "text_from": "store",
        "title": "Limit the rate",
        "goal": "no client takes all",
        "architecture": "a bucket for each client",
        "tech_stack": "Python",
        "size": "small",
    }
    assert [(wave["number"], wave["title"], wave["line"]) for wave in waves] == [(1, "buckets", 8), (2, "", 21)]
    assert [task["title"] for wave in waves for task in wave["tasks"]] == ["count", "refuse", "document"]
    assert waves[0]["tasks"][0]["files"] == [{"action": "create", "path": "buckets.py"}]


def test_the_events_are_those_of_who_asks(planned: Plans) -> None:
    assert planned.data("plan", "show", PLAN, env=AS_AGENT)["events"] == ["plan_start", "planner_finished"]


def test_a_part_that_is_unambiguous(plans: Plans) -> None:
    names = ("2026-01-02-rate", "2026-01-03-rate-limit", "2026-01-04-Übung", "rate")
    plans.repo.write_state({f"{name}.md": {"status": "ready"} for name in names})
    found = {
        part: plans.data("plan", "show", part)["plan"]["filename"]
        for part in ("LIMIT", "2026-01-02-rate", "rate", "rate.md", "übung", "01-03")
    }
    assert found == {
        "LIMIT": "2026-01-03-rate-limit.md",
        "2026-01-02-rate": "2026-01-02-rate.md",
        "rate": "rate.md",
        "rate.md": "rate.md",
        "übung": "2026-01-04-Übung.md",
        "01-03": "2026-01-03-rate-limit.md",
    }
    ambiguous = plans.refused("plan", "show", "2026")
    assert (ambiguous.exit, ambiguous.message) == (2, "'2026' is part of 3 names.")
    assert ambiguous.next == ("Say which: 2026-01-02-rate.md, 2026-01-03-rate-limit.md, 2026-01-04-Übung.md.")
    assert plans.refused("plan", "show", "nothing") == Refused(
        3, "not_found", "plan not found: nothing.md.", "'git kas plan list' shows the plans."
    )


def test_what_git_kas_does_not_know_is_shown_too(plans: Plans) -> None:
    put(plans.path, OWN, json.dumps({"plans": {"a.md": {"status": "bogus", "priority": {"x": [1]}}}}))
    shown = plans.data("plan", "show", "a")
    assert shown["events"] == []
    assert (shown["plan"]["status"], shown["plan"]["extra"]) == ("bogus", {"priority": {"x": [1]}})
    assert shown["plan"]["created_at"] == ZERO
    assert "status       bogus\n" in plans("plan", "show", "a").out


# An escape sequence, a carriage return, C1, line ends, and what turns the direction of writing.
ACTING = "\x1b[2J\r\x07\x9b1m\x7f\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069"
NAME = "a\u202eb.md"


def acts(finished: Finished) -> bool:
    """Whether what was printed would do something to a terminal."""
    assert finished.status == 0, finished
    return any(not character.isprintable() for character in (finished.out + finished.err).replace("\n", ""))


def hostile_state(text: str) -> str:
    """A state file whose every field is ``text``."""
    fields = dict.fromkeys(("description", "branch", "topic", "created_at", "implemented"), text)
    return json.dumps({"plans": {NAME: {"status": f"x{text}", **fields}}})


@pytest.mark.parametrize("text", [ACTING, "\u061c"], ids=["controls", "arabic letter mark"])
def test_hostile_texts_are_shown_escaped(plans: Plans, text: str) -> None:
    put(plans.path, OWN, hostile_state(text))
    plans.write(NAME, f"# {text}\n\n**Goal:** a{text}b\n\n## Wave 1: {text}\n\n### Task 1: {text}\n")
    env = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": f"A{text}"}
    for arguments in (
        ("plan", "show", NAME),
        ("plan", "list"),
        ("plan", "topic"),
        ("reset-plan", NAME, "ready", "-m", f"a{text}\nb{text}"),
        ("plan", "transition", NAME, "plan_start"),
        ("plan", "set-status", NAME, "done", "--force"),
        ("plan", "topic", NAME, "x\u202ey"),
        ("plan", "history"),
        ("import", "--dry-run", OWN),
    ):
        assert not acts(plans(*arguments, env=env)), arguments


def test_a_hostile_name_is_shown_escaped(plans: Plans) -> None:
    plans.write(NAME, "# x\n")
    for arguments in (
        ("plan", "create", "c\u202ed"),
        ("plan", "register", NAME),
        ("plan", "register", NAME, "--update"),
        ("plan", "rename", "c\u202ed", "e\u202ef"),
        ("plan", "history"),
    ):
        assert not acts(plans(*arguments)), arguments


def test_a_hostile_name_is_escaped_in_the_command_that_moves_its_text(plans: Plans) -> None:
    plans.write(NAME, "# x\n")
    plans.out("plan", "register", NAME)
    assert not acts(plans("plan", "rename", NAME, "harmless"))


def test_a_hostile_file_name_is_escaped(plans: Plans) -> None:
    put(plans.path, "in\u202e\x1b[1m.json", '{"plans": {}}')
    assert not acts(plans("import", "in\u202e\x1b[1m.json"))
    assert not acts(plans("export", "-o", "out\u202e\x1b[1m.json"))


def test_a_hostile_history_is_escaped(plans: Plans) -> None:
    plans.out("plan", "create", "a", "-m", "why")
    document = plans.data("export")["document"]
    document["history"][0] |= {"time": "\x1b[2J", "detail": {"\x1b[2J": {"\x1b[2J": "\x1b[2J"}}}
    document["topics"] = [{"name": "\x1b[2J", "created_at": "\x1b[2J"}]
    other = Plans(plans.repo, plans.environment)
    other.path = plans.path.parent / "other"
    plans.repo.git("init", "-q", str(other.path))
    finished = other("import", "-", stdin=json.dumps(document).encode())
    assert finished.status == 1 or not acts(other("plan", "history"))


def test_outside_a_repository(plans: Plans) -> None:
    outside = plans.path.parent
    for arguments in (
        ("plan", "list"),
        ("plan", "show", "a"),
        ("plan", "create", "a"),
        ("plan", "register", "a"),
        ("plan", "transition", "a", "cancel"),
        ("plan", "set-status", "a", "ready", "--force"),
        ("plan", "rename", "a", "b"),
        ("plan", "topic"),
        ("plan", "history"),
        ("reset-plan", "a", "ready"),
        ("import",),
        ("export",),
    ):
        refused = plans(*arguments, "--json", cwd=outside).json()["error"]
        assert (refused["exit"], refused["code"]) == (3, "not_a_repository"), arguments
    assert not (outside / ".git").exists()
