"""``git kas plan transition``: the lifecycle on the command line, who may do what, and who came first."""

from __future__ import annotations

import subprocess

import pytest

from plan_commands import AS_AGENT, AS_SYSTEM, Plans, Refused
from support import GIT_KAS

PLAN = "2026-01-02-limit.md"
KEY = "2026-01-02-limit"
ASK = "Ask the person in charge to decide."


def begin(plans: Plans, **statuses: str) -> None:
    """Put plans into the store's file; ``limit`` stands for the plan of that name."""
    plans.repo.write_state({f"2026-01-02-{name}.md": {"status": word} for name, word in statuses.items()})


def test_a_whole_life(plans: Plans) -> None:
    begin(plans, limit="ready")
    steps = {
        "plan_start": "planning",
        "plan-start": "planning",
        "planner_finished": "ready",
        "implement_start": "implementing",
        "implement_finished": "reviewing",
        "review_changes": "implementing",
        "implement-finished": "reviewing",
        "review_approved": "done",
        "request_review": "reviewing",
        "review-changes-requested": "implementing",
        "cancel": "cancelled",
        "reopen": "planning",
    }
    for event, status in steps.items():
        assert plans.out("plan", "transition", KEY, event) == f"{PLAN} → {status}\n"
    lines = plans.history(KEY)
    assert lines[0] == f"1 TIME system git-kas: {PLAN} imported: ready"
    assert lines[6] == f"7 TIME user Ada: {PLAN} review_changes_requested: reviewing → implementing"
    assert len(lines) == 1 + len(steps)
    assert plans.data("plan", "show", KEY)["plan"]["round"] == 2


def test_the_data_of_a_step(plans: Plans) -> None:
    begin(plans, limit="done")
    assert plans.data("plan", "transition", KEY, "start_over", "planner_finished") == {
        "filename": PLAN,
        "from": "done",
        "to": "ready",
        "event": "planner_finished",
        "events": ["start_over", "planner_finished"],
        "revision": 3,
        "change": 2,
        "replayed": False,
    }


@pytest.mark.parametrize(
    ("status", "event", "valid"),
    [
        ("ready", "review_approved", "cancel, implement_start, plan_start"),
        ("planning", "implement_start", "cancel, plan_start, planner_finished"),
        ("implementing", "implement_start", "cancel, implement_finished"),
        ("reviewing", "reopen", "cancel, review_approved, review_changes_requested"),
        ("done", "review_approved", "cancel, reimplement, request_review, start_over"),
        ("cancelled", "cancel", "reopen"),
    ],
)
def test_an_event_that_is_not_valid_now(plans: Plans, status: str, event: str, valid: str) -> None:
    begin(plans, limit=status)
    before = plans.state()
    assert plans.refused("plan", "transition", KEY, event) == Refused(
        5, "invalid_transition", f"'{event}' is not valid in status '{status}'.", f"Valid events: {valid}."
    )
    assert plans.state() == before


def test_a_status_nobody_knows_has_no_events(plans: Plans) -> None:
    begin(plans, limit="bogus")
    refused = plans.refused("plan", "transition", KEY, "plan_start")
    assert refused[:3] == (5, "invalid_transition", "'plan_start' is not valid in status 'bogus'.")
    assert plans.out("plan", "set-status", KEY, "ready", "--force") == f"{PLAN} → ready\n"
    assert plans.out("plan", "transition", KEY, "plan_start") == f"{PLAN} → planning\n"


def test_a_word_that_is_no_event(plans: Plans) -> None:
    begin(plans, limit="ready")
    assert plans.refused("plan", "transition", KEY, "review_start") == Refused(
        2,
        "unknown_event",
        "'review_start' is no event.",
        "Use one of: cancel, implement_finished, implement_start, plan_start, planner_finished, reimplement, "
        "reopen, request_review, review_approved, review_changes_requested, start_over.",
    )
    assert plans.refused("plan", "transition", KEY).exit == 2


def test_several_events_are_all_or_nothing(plans: Plans) -> None:
    begin(plans, limit="implementing")
    before = plans.state()
    refused = plans.refused("plan", "transition", KEY, "implement_finished", "review_approved", "reopen")
    assert (refused.exit, refused.message) == (5, "'reopen' is not valid in status 'done'.")
    assert plans.state() == before
    assert plans.history() == ["No history."]
    out = plans.out("plan", "transition", KEY, "implement_finished", "review_approved", "-m", "fine")
    assert out == f"{PLAN} → done\n"
    assert plans.history() == [
        f"1 TIME system git-kas: {PLAN} imported: implementing",
        f"2 TIME user Ada: {PLAN} implement_finished: implementing → reviewing",
        "    fine",
        f"2 TIME user Ada: {PLAN} review_approved: reviewing → done",
    ]


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("done", "start_over"),
        ("done", "reimplement"),
        ("done", "request_review"),
        ("ready", "cancel"),
        ("cancelled", "reopen"),
    ],
)
def test_what_only_a_user_may_do(plans: Plans, status: str, event: str) -> None:
    begin(plans, limit=status)
    before = plans.state()
    assert plans.refused("plan", "transition", KEY, event, env=AS_AGENT) == Refused(
        9, "not_allowed", f"Only a user may apply '{event}'; this was asked for by the agent.", ASK
    )
    assert plans("plan", "transition", KEY, event, env=AS_SYSTEM).status == 9
    assert plans.state() == before


def test_an_agent_does_its_work(plans: Plans) -> None:
    begin(plans, limit="implementing")
    assert plans.out("plan", "transition", KEY, "implement_finished", env=AS_AGENT) == f"{PLAN} → reviewing\n"
    refused = plans.refused("plan", "transition", KEY, "implement_finished", env=AS_AGENT)
    assert refused.next == "Valid events: review_approved, review_changes_requested."  # none it may not apply
    assert plans.history()[-1].startswith("2 TIME agent Ada: ")
    assert plans("plan", "transition", KEY, "review_approved", env={"KAS_ACTOR": "root"}).status == 2
    assert plans.data("plan", "show", KEY)["plan"]["moved"]["actor"] == "agent"


@pytest.mark.parametrize(
    "form", [KEY, PLAN, f"docs/plans/{PLAN}", f"./docs/plans/{KEY}", f"/some/where/{PLAN}"]
)
def test_the_forms_of_a_plan(plans: Plans, form: str) -> None:
    begin(plans, limit="ready")
    assert plans.out("plan", "transition", form, "plan_start") == f"{PLAN} → planning\n"


def test_a_part_of_a_name_will_not_do(plans: Plans) -> None:
    begin(plans, limit="ready")
    assert plans.refused("plan", "transition", "limit", "plan_start") == Refused(
        3, "not_found", "plan not found: limit.md.", "'git kas plan list' shows the plans."
    )
    assert plans.refused("plan", "transition", "docs/plans/", "plan_start").exit == 2


def test_only_at_the_revision_that_was_seen(plans: Plans) -> None:
    begin(plans, limit="ready")
    seen = plans.data("plan", "show", KEY)["plan"]["revision"]
    arguments = ("plan", "transition", KEY, "plan_start", "--if-revision", str(seen))
    assert plans.out(*arguments) == f"{PLAN} → planning\n"
    assert plans.refused(*arguments) == Refused(
        4,
        "conflict",
        f"{PLAN} is at revision {seen + 1} with status 'planning', not at {seen}.",
        "Read the plan again and decide anew.",
    )
    assert plans.refused("plan", "transition", KEY, "plan_start", "--if-revision", "one").exit == 2


def test_a_key_makes_a_repetition_harmless(plans: Plans) -> None:
    begin(plans, limit="ready")
    arguments = ("plan", "transition", KEY, "implement_start", "--key", "run-7", "-m", "go")
    first = plans.data(*arguments)
    assert plans.data(*arguments) == first | {"replayed": True}
    assert plans.out(*arguments) == f"{PLAN} → implementing\n"
    assert plans.out("plan", "transition", KEY, "implement_finished") == f"{PLAN} → reviewing\n"
    late = plans.data(*arguments, "--if-revision", "1")  # what was committed then, whatever happened since
    assert late == first | {"replayed": True}
    assert [line[:1] for line in plans.history() if not line.startswith(" ")] == ["1", "2", "3"]


def test_a_key_stands_for_one_request(plans: Plans) -> None:
    begin(plans, limit="ready", other="ready")
    plans.out("plan", "transition", KEY, "plan_start", "--key", "run-7")
    before = plans.state()
    expected = Refused(
        4,
        "key_reused",
        "The idempotency key 'run-7' was used for something else.",
        "Use a new key for a new request.",
    )
    for words in (
        (KEY, "planner_finished"),
        ("2026-01-02-other", "plan_start"),
        (KEY, "plan_start", "-m", "another note"),
        (KEY, "plan_start", "plan_start"),
    ):
        assert plans.refused("plan", "transition", *words, "--key", "run-7") == expected
    assert plans.refused("plan", "rename", KEY, "x", "--key", "run-7") == expected
    assert plans.state() == before
    assert plans.refused("plan", "transition", KEY, "plan_start", "--key", "x" * 301).exit == 2


def test_of_many_at_once_one_wins(plans: Plans) -> None:
    begin(plans, limit="reviewing")
    racing = [
        subprocess.Popen(
            [str(GIT_KAS), "plan", "transition", KEY, event],
            cwd=plans.path,
            env=plans.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for event in ("review_approved", "review_changes") * 3
    ]
    assert sorted(process.wait(timeout=120) for process in racing) == [0, 5, 5, 5, 5, 5]
    assert len(plans.history()) == 2
    assert plans.status(PLAN) in {"done", "implementing"}
