"""``git kas plan history``: of one plan and of the project, as text and as data."""

from __future__ import annotations

from plan_commands import AS_AGENT, AS_SYSTEM, Plans, Refused, steady

PLAN = "2026-01-02-limit.md"


def test_nothing_has_happened(plans: Plans) -> None:
    assert plans.out("plan", "history") == "No history.\n"
    assert plans.data("plan", "history") == []
    plans.repo.write_state({PLAN: {"status": "ready"}})
    assert plans.out("plan", "history") == "No history.\n"
    assert plans.out("plan", "history", "limit") == "No history.\n"


def test_the_text(plans: Plans) -> None:
    plans.out("plan", "create", "a", "-m", "first line\n\n  \x1b[31mthird line\n")
    plans.out("plan", "transition", "a", "plan_start", env=AS_AGENT)
    plans.out("plan", "transition", "a", "planner_finished", env=AS_SYSTEM)
    plans.out("plan", "set-status", "a", "done", "--force", "-m", "lost")
    plans.out("plan", "topic", "a", "api")
    plans.out("plan", "rename", "a", "b")
    plans.out("plan", "create", "c")
    of_plan = [
        "1 TIME user Ada: a.md created: ready",
        "    first line",
        "    ",
        "      \\x1b[31mthird line",
        "2 TIME agent Ada: a.md plan_start: ready → planning",
        "3 TIME system Ada: a.md planner_finished: planning → ready",
        "4 TIME user Ada: a.md forced: ready → done",
        "    lost",
        "5 TIME user Ada: a.md updated fields=topic",
        "6 TIME user Ada: b.md renamed from=a.md",
    ]
    assert plans.history("b") == of_plan
    assert plans.history() == [
        *of_plan[:-1],
        "5 TIME user Ada: topic_created topic=api",
        of_plan[-1],
        "7 TIME user Ada: c.md created: ready",
    ]
    assert plans.out("plan", "history", "--since", "5", "-n", "1") == "7 TIME user Ada: c.md created: ready\n"
    assert plans.history("b", "--since", "5") == of_plan[-1:]
    assert plans.history("--last", "2", "b") == of_plan[-2:]
    assert (
        plans.out("plan", "history", "--since", "7")
        == plans.out("plan", "history", "-n", "0")
        == "No history.\n"
    )


def entry(change: int, action: str, plan: str, revision: int, **others: object) -> dict[str, object]:
    """An entry without its time; what is not given is as usual."""
    usual: dict[str, object] = dict.fromkeys(("event", "from", "to", "key"))
    who = {"actor": "user", "by": "Ada", "note": "", "detail": {}}
    what = {"change": change, "action": action, "plan": plan, "revision": revision}
    return usual | who | what | others


def test_the_data(plans: Plans) -> None:
    plans.out("plan", "create", "a", "--key", "k", "-m", "why\nso")
    plans.out("plan", "transition", "a", "plan_start", "cancel")
    plans.out("plan", "rename", "a", "b")
    entries = plans.data("plan", "history", "a")
    assert {steady(found.pop("time")) for found in entries} == {"TIME"}
    start: dict[str, object] = {"event": "plan_start", "from": "ready", "to": "planning"}
    cancel: dict[str, object] = {"event": "cancel", "from": "planning", "to": "cancelled"}
    assert entries == [
        entry(1, "created", "a.md", 1, to="ready", key="k", note="why\nso"),
        entry(2, "transition", "a.md", 2, **start),
        entry(2, "transition", "a.md", 3, **cancel),
        entry(3, "renamed", "b.md", 4, detail={"from": "a.md"}),
    ]


def test_whose_history(plans: Plans) -> None:
    plans.out("plan", "create", "2026-01-02-rate")
    plans.out("plan", "create", "2026-01-03-rate-limit")
    assert len(plans.history("limit")) == len(plans.history("docs/plans/2026-01-02-rate.md")) == 1
    assert plans.refused("plan", "history", "rate").exit == 2
    assert plans.refused("plan", "history", "nothing") == Refused(
        3, "not_found", "plan not found: nothing.md.", "'git kas plan list' shows the plans."
    )


def test_numbers_that_are_none(plans: Plans) -> None:
    plans.out("plan", "create", "a")
    for arguments in (("--since", "x"), ("-n", "x"), ("--last", "-1")):
        assert plans("plan", "history", *arguments).status == 2, arguments


def test_times_are_those_of_the_commits(plans: Plans) -> None:
    plans.out("plan", "create", "a")
    plans.out("plan", "transition", "a", "plan_start")
    times = [entry["time"] for entry in plans.data("plan", "history")]
    assert times == sorted(times)
    assert all(len(time) == len("2026-01-02T03:04:05.123456Z") for time in times)
    assert plans.data("plan", "show", "a")["plan"]["moved"]["time"] == times[1]
