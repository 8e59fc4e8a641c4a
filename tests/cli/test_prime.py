"""``git kas prime``: what an agent is told, from live state."""

from __future__ import annotations

import shlex

import pytest

from git_kas.domain.lifecycle import USER_ONLY, Actor, Event, Status, valid_events
from plan_commands import AS_AGENT, Plans

PLAN = "2026-01-01-limits"
FINDINGS = "\n".join(f"shop/bucket.py:{number} wrong {'x' * 400}" for number in range(100))


@pytest.fixture
def work(plans: Plans) -> Plans:
    """A plan that is implemented on the branch that is checked out."""
    plans.out("plan", "create", PLAN, "-d", "Limit the rate of requests")
    plans.out("plan", "transition", PLAN, "implement_start")
    plans.repo.git("checkout", "-q", "-b", "plan/limits")
    return plans


def test_the_plan_of_the_branch(work: Plans) -> None:
    data = work.data("prime")
    assert data["plan"]["filename"] == f"{PLAN}.md"
    assert (data["branch"], data["base"], data["worktree"]) == ("plan/limits", "main", str(work.path))
    assert (data["plan"]["status"], data["plan"]["round"], data["events"]) == (
        "implementing",
        0,
        ["implement_finished"],
    )
    assert [report["command"] for report in data["reports"]] == [f"git kas signal implement_finished {PLAN}"]
    assert (data["problem"], data["store_problem"], data["feedback"], data["signals"]) == ("", "", None, [])
    text = work.out("prime")
    for said in (PLAN, "plan/limits", "implementing", "round: 0", "Limit the rate", "plan-state.json"):
        assert said in text
    assert all(event in text for event in USER_ONLY)


@pytest.mark.parametrize("status", list(Status))
def test_the_commands_are_exactly_those_that_are_right_now(work: Plans, status: Status) -> None:
    work.out("reset-plan", PLAN, status)
    data = work.data("prime")
    expected = valid_events(status, Actor.AGENT)
    assert data["events"] == list(expected)
    told = {report["signal"]: report["command"] for report in data["reports"]}
    assert set(told) == set(expected) - {Event.PLAN_START, Event.IMPLEMENT_START}
    (work.path / "FINDINGS-FILE").write_text("a finding\n")
    for command in told.values():
        assert work(*shlex.split(command)[2:], env=AS_AGENT).status == 0
    if len(told) == 1:
        assert work("signals", "apply").status == 0
        assert work.data("prime")["plan"]["status"] != status


def test_what_the_last_review_found_reaches_the_next_coder(work: Plans) -> None:
    work.out("plan", "transition", PLAN, "implement_finished")
    assert work.data("prime")["feedback"] is None
    work.out("plan", "transition", PLAN, "review_changes", "-m", FINDINGS)
    data = work.data("prime")
    assert (data["feedback"]["text"], data["feedback"]["round"], data["plan"]["round"]) == (FINDINGS, 1, 1)
    text = work.out("prime")
    assert "shop/bucket.py:0 wrong" in text
    assert f"all of it: git kas plan history {PLAN}" in text
    work.out("plan", "transition", PLAN, "implement_finished")
    assert work.data("prime")["feedback"] is None  # the reviewer judges anew
    work.out("reset-plan", PLAN, "implementing")
    assert work.data("prime")["feedback"] is None  # somebody else decided since


def test_signals_that_were_not_applied_are_named(work: Plans) -> None:
    work.out("signal", "review_approved", PLAN)
    assert work("signals", "apply").status == 1
    work.out("signal", "implement_finished", PLAN)
    work.out("plan", "create", "other")
    work.out("signal", "planner_finished", "other")
    assert [signal["state"] for signal in work.data("prime")["signals"]] == ["rejected", "waiting"]
    assert "review_approved: rejected, " in work.out("prime")


def test_it_is_less_than_sixty_lines_whatever_there_is_to_say(work: Plans) -> None:
    work.out("plan", "transition", PLAN, "implement_finished", "review_changes", "-m", FINDINGS)
    for number in range(1, 10):
        work.out("signal", "implement_task_finished", PLAN, "--wave", "1", "--task", str(number))
    text = work.out("prime")
    assert text.count("\n") < 60
    assert max(map(len, text.splitlines())) <= 240
    assert "and 5 more: git kas signals list" in text


def test_an_agent_of_a_wave_is_told_about_its_task(work: Plans) -> None:
    env = {"KAS_ROLE": "coder", "KAS_PLAN": f"{PLAN}.md", "KAS_WAVE": "2", "KAS_TASK": "3"}
    work.repo.git("checkout", "-q", "-b", "task-branch")
    data = work.data("prime", env=env)
    assert (data["role"], data["wave"], data["task"]) == ("coder", 2, 3)
    assert [report["command"] for report in data["reports"]] == [
        f"git kas signal implement_task_finished {PLAN} --wave 2 --task 3"
    ]
    text = work.out("prime", env=env)
    assert "you are: coder, task: 3 of wave 2" in text
    assert "Its branch is plan/limits, which is not checked out here." in text
    assert work.data("prime", env=env | {"KAS_TASK": "x"})["task"] is None


@pytest.mark.parametrize("where", ["main", "detached", "bare"])
def test_without_a_plan_the_general_part_is_there(work: Plans, where: str) -> None:
    work.repo.git("checkout", "-q", *({"detached": ["--detach"]}.get(where, ["main"])))
    cwd = work.path / ".git" if where == "bare" else work.path
    data = work.data("prime", cwd=cwd)
    assert data["plan"] is None
    assert data["problem"]
    text = work.out("prime", cwd=cwd)
    assert "# No plan" in text
    assert "git kas prime PLAN" in text
    assert "# Never" in text


def test_a_plan_can_be_named(work: Plans) -> None:
    work.repo.git("checkout", "-q", "main")
    assert work.data("prime", "limits")["plan"]["filename"] == f"{PLAN}.md"
    assert work.refused("prime", "nonsense").code == "not_found"


def test_a_store_that_cannot_be_reached_or_read_is_said(work: Plans) -> None:
    data = work.data("prime", "--store", "http://127.0.0.1:9")
    assert "unreachable" in data["store_problem"]
    assert data["plan"] is None
    text = work.out("prime", "--store", "http://127.0.0.1:9")
    assert "The plan store cannot be read: plan store unreachable" in text
    assert "# Never" in text
    (work.path / ".git/kas/plan-state.json").write_text("{ broken")
    assert work.data("prime")["store_problem"]


def test_it_changes_nothing(work: Plans) -> None:
    def files() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in work.path.rglob("*") if path.is_file()}

    before = files()
    work.out("prime")
    assert files() == before
