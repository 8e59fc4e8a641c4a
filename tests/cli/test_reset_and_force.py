"""``git kas plan set-status`` and ``git kas reset-plan``: a user passes the lifecycle by, on the record."""

from __future__ import annotations

import pytest

from plan_commands import AS_AGENT, AS_SYSTEM, Plans, Refused

PLAN = "2026-01-02-limit.md"
KEY = "2026-01-02-limit"
STATUSES = ("ready", "planning", "implementing", "reviewing", "done", "cancelled")


@pytest.fixture
def begun(plans: Plans) -> Plans:
    """A plan in the status reviewing."""
    plans.repo.write_state({PLAN: {"status": "reviewing", "branch": "plan/limit"}})
    return plans


def test_every_status_can_be_forced(begun: Plans) -> None:
    for status in (*STATUSES, "cancelled"):
        assert begun.out("plan", "set-status", KEY, status, "--force") == f"{PLAN} → {status}\n"
        assert begun.status(PLAN) == status
    assert begun.history(KEY)[-2:] == [
        f"7 TIME user Ada: {PLAN} forced: done → cancelled",
        f"8 TIME user Ada: {PLAN} forced: cancelled → cancelled",
    ]


def test_the_data(begun: Plans) -> None:
    for change, command in enumerate((("plan", "set-status"), ("reset-plan",)), start=2):
        force = ("--force",) if command[0] == "plan" else ()
        assert begun.data(*command, KEY, "done", *force, "-m", "why") == {
            "filename": PLAN,
            "from": "reviewing" if change == 2 else "done",
            "to": "done",
            "event": None,
            "events": [],
            "revision": change,
            "change": change,
            "replayed": False,
        }
    assert begun.data("plan", "show", KEY)["plan"]["moved"]["event"] is None
    assert begun.history(KEY)[-1] == "    why"


def test_without_force_nothing_is_set(begun: Plans) -> None:
    before = begun.state()
    assert begun.refused("plan", "set-status", KEY, "done") == Refused(
        2,
        "usage",
        "set-status passes the lifecycle by, so it needs --force.",
        "'git kas plan transition' applies an event that the lifecycle allows.",
    )
    assert begun.state() == before


def test_before_and_after(begun: Plans) -> None:
    arguments = ("reset-plan", f"docs/plans/{PLAN}", "implementing", "-m", "approved by mistake")
    assert begun.out(*arguments) == f"{PLAN}\nbefore: reviewing\nafter:  implementing (revision 2)\n"
    assert begun.history(KEY)[-2:] == [
        f"2 TIME user Ada: {PLAN} forced: reviewing → implementing",
        "    approved by mistake",
    ]
    assert begun.data("plan", "show", KEY)["plan"]["branch"] == "plan/limit"


@pytest.mark.parametrize(
    "command", [("plan", "set-status", KEY, "ready", "--force"), ("reset-plan", KEY, "ready")]
)
def test_only_a_user_may(begun: Plans, command: tuple[str, ...]) -> None:
    before = begun.state()
    for who, environment in (("agent", AS_AGENT), ("system", AS_SYSTEM)):
        assert begun.refused(*command, env=environment) == Refused(
            9,
            "not_allowed",
            f"Only a user may force a status; this was asked for by the {who}.",
            "Ask the person in charge to decide.",
        )
    assert begun.state() == before


@pytest.mark.parametrize("command", [("plan", "set-status"), ("reset-plan",)])
def test_what_is_refused(begun: Plans, command: tuple[str, ...]) -> None:
    force = ("--force",) if command[0] == "plan" else ()
    before = begun.state()
    for word in ("finished", "in_progress", "Ready", ""):
        assert begun.refused(*command, KEY, word, *force) == Refused(
            2,
            "invalid_status",
            f"'{word}' is no plan status.",
            "Use one of: ready, planning, implementing, reviewing, done, cancelled.",
        )
    assert begun.refused(*command, "nothing", "ready", *force).exit == 3
    assert begun.refused(*command, "limit", "ready", *force).exit == 3  # a part of a name will not do
    stale = begun.refused(*command, KEY, "ready", *force, "--if-revision", "5")
    assert (stale.exit, stale.code) == (4, "conflict")
    assert stale.message == f"{PLAN} is at revision 1 with status 'reviewing', not at 5."
    assert begun("reset-plan", KEY).status == 2
    assert begun.state() == before


def test_repeated_under_its_key(begun: Plans) -> None:
    arguments = ("reset-plan", KEY, "ready", "--key", "k")
    shown = begun.out(*arguments)
    begun.out("plan", "transition", KEY, "plan_start")
    assert begun.out(*arguments) == shown == f"{PLAN}\nbefore: reviewing\nafter:  ready (revision 2)\n"
    assert begun.status(PLAN) == "planning"
    assert len(begun.history()) == 3
    assert begun.refused("reset-plan", KEY, "done", "--key", "k").code == "key_reused"


def test_a_status_nobody_knows_is_shown_before(plans: Plans) -> None:
    plans.repo.write_state({PLAN: {"status": "bo\u202egus"}})
    shown = plans("reset-plan", KEY, "ready")
    assert shown.out == f"{PLAN}\nbefore: bo\\u202egus\nafter:  ready (revision 2)\n"
