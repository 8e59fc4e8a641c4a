"""``git kas implement``, ``waves`` and ``watch`` as people, scripts and agents call them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from drive.watching import KEY, PLAN, WatchingWaves, poll, use_agents
from plan_commands import AS_AGENT, Plans
from plan_texts import text_of
from watching import PATIENCE

Plan = Callable[..., str]
Watch = Callable[..., WatchingWaves]
UNWATCHED = "Nobody watches this repository: 'git kas watch' starts the agents."
COMMANDS = ("retry", "skip", "abort")


def signals(plans: Plans) -> list[str]:
    return sorted(path.name for path in (plans.path / "docs/plans/.signals").glob("[!.]*"))


def status(plans: Plans, name: str = KEY) -> str:
    return str(plans.data("plan", "show", name)["plan"]["status"])


def jobs(plans: Plans) -> dict[str, str]:
    (driven,) = plans.data("waves", "status", KEY)
    return {job["id"]: job["state"] for job in driven["stage"]["jobs"]} if driven["stage"] else {}


def look_until(plans: Plans, wanted: Callable[[], Any]) -> None:
    """``git kas watch --once`` until that is so."""

    def looked() -> Any:
        finished = plans("watch", "--once")
        assert finished.status == 0, finished
        return wanted()

    poll(looked)


# -- implement -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("implement",), ("plan", "implement")])
def test_implement_says_what_the_earlier_program_said(plans: Plans, plan: Plan, words: tuple[str, ...]) -> None:
    plan(2, 1)
    done = plans(*words, KEY)
    assert (done.status, done.out) == (0, f"implementation triggered: {PLAN} wave 1\n")
    assert UNWATCHED in done.err
    assert (status(plans), signals(plans)) == ("implementing", [f"implement-wave-1-{PLAN}"])


def test_implement_for_scripts(plans: Plans, plan: Plan) -> None:
    plan(2, 1)
    done = plans("implement", KEY, "--wave", "2", "-m", "the first wave is there", "--json")
    assert (done.json()["warnings"], done.err) == ([], "")
    assert done.data == {
        "filename": PLAN,
        "wave": 2,
        "waves": 2,
        "begun": True,
        "signal": str(plans.path / f"docs/plans/.signals/implement-wave-2-{PLAN}"),
        "watched": False,
    }
    entry = plans.data("plan", "history", KEY)[-1]
    assert (entry["event"], entry["note"]) == ("implement_start", "the first wave is there")


def test_implement_again_changes_nothing_more_until_somebody_is_at_work(plans: Plans, plan: Plan) -> None:
    """As after an interruption between the plan's move and the signal."""
    plan(1, 1)
    first = plans.data("implement", KEY)
    again = plans.data("implement", KEY)
    assert (first["begun"], again["begun"], first["signal"]) == (True, False, again["signal"])
    other = plans.refused("implement", KEY, "--wave", "2")
    assert (other.exit, other.code) == (4, "already_exists")
    assert "with wave 1" in other.message
    assert signals(plans) == [f"implement-wave-1-{PLAN}"]
    use_agents(plans.repo, {"coder": "sleep 600"})
    look_until(plans, lambda: jobs(plans) == {"W1-T1": "running", "W2-T2": "pending"})
    busy = plans.refused("implement", KEY)
    assert (busy.exit, busy.code) == (4, "conflict")
    assert "in wave 1 of 2" in busy.message
    assert plans("waves", "abort", KEY).status == 0


@pytest.mark.parametrize(
    ("waves", "words", "exit_", "says"),
    [
        ((2, 1), ("--wave", "3"), 2, "The plan has no wave 3. Its waves: 1, 2."),
        ((), ("--wave", "2"), 2, "The plan has no wave 2. Its waves: 1."),
        ((1,), ("--wave", "0"), 2, ""),
        ((1,), ("--wave", "first"), 2, ""),
    ],
)
def test_a_wave_that_is_not_there(
    plans: Plans, plan: Plan, waves: tuple[int, ...], words: tuple[str, ...], exit_: int, says: str
) -> None:
    plan(*waves)
    refused = plans.refused("implement", KEY, *words)
    assert (refused.exit, f"{refused.message} {refused.next}"[: len(says)]) == (exit_, says)
    assert (status(plans), signals(plans)) == ("ready", [])


def test_a_wave_that_no_signal_can_name(plans: Plans, plan: Plan) -> None:
    plan(text="# Shop\n\n## Wave 0\n\n### Task 1: one\n\n## Wave 1\n\n### Task 2: two\n")
    refused = plans.refused("implement", KEY)
    assert (refused.exit, refused.code) == (2, "usage")
    assert "waves are counted from 1" in refused.message
    assert "register --update" in refused.next
    assert (status(plans), signals(plans)) == ("ready", [])


def test_no_such_plan(plans: Plans) -> None:
    for words in (("implement", KEY), *(("waves", word, KEY) for word in ("status", *COMMANDS))):
        assert plans.refused(*words).exit == 3


def test_no_text(plans: Plans, plan: Plan) -> None:
    plan(text="")
    refused = plans.refused("implement", KEY)
    assert (refused.exit, refused.message) == (2, f"The store holds no text of {PLAN}.")
    assert status(plans) == "ready"


@pytest.mark.parametrize("state", ["done", "cancelled", "reviewing", "planning"])
def test_a_plan_in_another_status(plans: Plans, plan: Plan, state: str) -> None:
    plan(1)
    assert plans("plan", "set-status", KEY, state, "--force").status == 0
    refused = plans.refused("implement", KEY)
    assert (refused.exit, refused.code) == (5, "invalid_transition")
    assert state in refused.message
    assert signals(plans) == []


def test_plans_of_a_topic_collide_unless_a_user_allows_it(plans: Plans, plan: Plan) -> None:
    plan(1, name="a.md", options=("--topic", "api"))
    plan(1, options=("--topic", "api"))
    assert plans("implement", "a").status == 0
    refused = plans.refused("implement", KEY)
    assert (refused.exit, refused.code) == (4, "topic_collision")
    assert signals(plans) == ["implement-wave-1-a.md"]
    agent = plans.refused("implement", KEY, "--allow-collision", env=AS_AGENT)
    assert (agent.exit, agent.code) == (9, "not_allowed")
    assert plans("implement", KEY, "--allow-collision").status == 0
    assert plans.data("plan", "history", KEY)[-1]["detail"]["collides_with"] == ["a.md"]


def test_an_agent_may_have_a_plan_implemented_and_decides_nothing_else(plans: Plans, plan: Plan) -> None:
    """To begin is no decision that is kept for users (DESIGN 3); how it goes on after a failure is one."""
    plan(1)
    assert plans("implement", KEY, env=AS_AGENT).status == 0
    assert plans.data("plan", "history", KEY)[-1]["actor"] == "agent"
    use_agents(plans.repo, {"coder": "exit 3"})
    look_until(plans, lambda: jobs(plans) == {"W1-T1": "failed"})
    for word in COMMANDS:
        refused = plans.refused("waves", word, KEY, env=AS_AGENT)
        assert (refused.exit, refused.code) == (9, "not_allowed")
    assert jobs(plans) == {"W1-T1": "failed"}


# -- waves -----------------------------------------------------------------------------------------------


def test_status_of_what_is_not_driven(plans: Plans, plan: Plan) -> None:
    assert plans.out("waves", "status") == "No plan is driven.\n"
    plan(1)
    assert plans.out("waves", "status", "shop") == f"{PLAN}  ready, round 0\n  nobody works on it\n"
    assert plans.data("waves", "status") == []
    for word in COMMANDS:
        assert plans.refused("waves", word, KEY).exit == 5


def test_retry_skip_and_abort(plans: Plans, plan: Plan) -> None:
    plan(2, 1)
    counter = plans.path.parent / "tries"
    script = f'echo x >> {counter}-$KAS_TASK; test "$KAS_TASK" = 2 || exit 0; exit 7'
    use_agents(plans.repo, {"coder": script})
    plans("implement", KEY)
    failed = {"W1-T1": "complete", "W1-T2": "failed", "W2-T3": "pending"}
    look_until(plans, lambda: jobs(plans) == failed)
    text = plans.out("waves", "status", KEY)
    assert f"{PLAN}  implementing, round 0, waves, wave 1 of 2: undecided\n" in text
    assert "ended with status 7" in text
    for job, exit_ in (("W1-T1", 5), ("W9-T9", 3)):
        assert plans.refused("waves", "retry", KEY, "--job", job).exit == exit_
    retried = plans.data("waves", "retry", KEY, "--job", "W1-T2", "-m", "once more")
    assert [job["state"] for job in retried["stage"]["jobs"]] == ["complete", "pending", "pending"]
    assert plans.data("plan", "history", KEY)[-1]["note"] == "once more"
    look_until(plans, lambda: jobs(plans) == failed)
    assert (counter.with_name("tries-2")).read_text() == "x\nx\n"
    aborted = plans.data("waves", "abort", KEY)
    assert aborted["stage"]["condition"] == "aborted"
    assert plans.out("watch", "--once") == ""
    assert plans.data("waves", "skip", KEY)["stage"]["wave"] == 2
    look_until(plans, lambda: status(plans) == "reviewing")
    assert (counter.with_name("tries-3")).read_text() == "x\n"


def test_abort_ends_the_agent(plans: Plans, plan: Plan) -> None:
    plan(1)
    left = plans.path.parent / "left"
    use_agents(plans.repo, {"coder": f"trap 'echo ended > {left}; exit 1' TERM; while :; do sleep 0.05; done"})
    plans("implement", KEY)
    look_until(plans, lambda: jobs(plans) == {"W1-T1": "running"})
    plans("waves", "abort", KEY)
    assert jobs(plans) == {"W1-T1": "stopped"}
    poll(left.exists)
    assert status(plans) == "implementing"


# -- watch -----------------------------------------------------------------------------------------------


def test_once_applies_what_waits_and_ends(plans: Plans, plan: Plan) -> None:
    plan(1)
    plans("plan", "transition", KEY, "implement_start")
    plans("signal", "implement_finished", KEY)
    assert plans.out("watch", "--once") == f"{PLAN} applied: implement_finished: implementing → reviewing\n"
    assert plans.out("watch", "--once") == ""
    assert plans.data("watch", "--once") == {"happened": []}


def test_a_plan_from_planning_to_done(plans: Plans, watch: Watch) -> None:
    (plans.path.parent / "text.md").write_text(text_of(1))
    planner = (
        f"mkdir -p docs/plans && cp {plans.path.parent}/text.md docs/plans/$KAS_PLAN && git add docs "
        "&& git commit -qm plan && git-kas signal planner_finished $KAS_PLAN"
    )
    reviewer = "git-kas signal review_approved $KAS_PLAN -m fine"
    use_agents(plans.repo, {"planner": planner, "coder": "exit 0", "reviewer": reviewer})
    assert plans("plan", "create", KEY).status == 0
    watching = watch()
    watching.next()
    assert plans("plan", "transition", KEY, "plan_start").status == 0
    watching.until("applied", "planner_finished")
    done = plans("implement", KEY, "--json")
    assert done.data["watched"]
    watching.until("applied", "reviewing → done")
    assert watching.stop() == 130
    assert status(plans) == "done"
    begun = [one["detail"] for one in watching.happened if one["step"] == "started"]
    assert begun == [f"{KEY}-R0-planner-1", f"{KEY}-W1-T1-1", f"{KEY}-R1-reviewer-1"]


def test_a_second_watcher_names_the_first_one(plans: Plans, watch: Watch) -> None:
    watching = watch()
    watching.next()
    for words in (("watch",), ("watch", "--once")):
        refused = plans.refused(*words)
        assert (refused.exit, refused.code) == (7, "busy")
        assert str(watching.process.pid) in refused.message
    watching.process.kill()
    watching.process.wait(PATIENCE)
    assert plans("watch", "--once").status == 0


def test_it_watches_all_worktrees_and_new_ones(plans: Plans, plan: Plan, watch: Watch) -> None:
    plan(1)
    plans("plan", "transition", KEY, "implement_start")
    watching = watch()
    watching.next()
    worktree = plans.repo.worktree("some")
    assert plans("signal", "implement_finished", KEY, cwd=worktree).status == 0
    watching.until("applied", "reviewing")


def test_agents_are_started_as_the_configuration_says_now(plans: Plans, plan: Plan, watch: Watch) -> None:
    plan(1)
    assert plans("implement", KEY).status == 0
    watching = watch()
    watching.until("failed", "No command is configured that starts a coder")
    plans.repo.git("config", "kas.runner", "process")
    assert plans("plan", "create", "2026-01-01-other.md").status == 0
    assert plans("plan", "transition", "2026-01-01-other", "plan_start").status == 0
    plans.repo.git("config", "kas.agent", "exit 3")
    watching.until("failed", "ended with status 3")


def test_what_cannot_be_taken_from_a_worktree_does_not_end_it(plans: Plans, plan: Plan, watch: Watch) -> None:
    """A file that is too large to be kept, and a text that leads elsewhere."""
    plan(1)
    plans("plan", "transition", KEY, "implement_start")
    worktree = plans.repo.worktree("some")
    folder = worktree / "docs/plans/.signals"
    folder.mkdir(parents=True)
    (folder / f"review-approved-{PLAN}").touch()
    os.truncate(folder / f"review-approved-{PLAN}", 65 * 1024 * 1024)
    (folder.parent / PLAN).symlink_to("/etc/hostname")
    (folder / f"elaborator-finished-{PLAN}").touch()
    watching = watch()
    assert plans("signal", "implement_finished", KEY).status == 0
    watching.until("applied", "reviewing")
    assert len(watching.warnings) == 2
    assert watching.stop() == 130


def test_a_store_that_is_away_delays_everything_and_loses_nothing(
    plans: Plans, plan: Plan, watch: Watch
) -> None:
    command = [str(plans.environment["PATH"]).split(":")[0] + "/git-kas", "serve", "--db", "plans.sqlite"]

    def serve(port: int) -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=plans.path.parent, env=plans.environment,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        return process, int(line.split("127.0.0.1:")[1].split()[0].strip("/.,"))

    def end(process: subprocess.Popen[str]) -> None:
        process.terminate()
        process.communicate(timeout=PATIENCE)

    server, port = serve(0)
    try:
        plans.repo.git("config", "kas.store", f"http://127.0.0.1:{port}")
        use_agents(plans.repo, {"coder": "exit 0"})
        plan(1, 1)
        plans("plan", "transition", KEY, "implement_start")
        watching = watch()
        watching.next()
        end(server)
        plans("signal", "implement_wave", KEY, "--wave", "1")
        poll(lambda: watching.next()["warnings"])
        assert "unreachable" in watching.warnings[0]
        server, _ = serve(port)
        watching.until("moved", "reviewing")
        assert len(watching.warnings) == len(set(watching.warnings))
        assert watching.stop() == 130
    finally:
        end(server)
    events = [one["event"] for one in json.loads(_history(plans, serve, port, end))["data"] if one["event"]]
    assert events == ["implement_start", "implement_finished"]


def _history(plans: Plans, serve: Callable[..., Any], port: int, end: Callable[..., None]) -> str:
    server, _ = serve(port)
    try:
        return plans("plan", "history", KEY, "--json").out
    finally:
        end(server)
