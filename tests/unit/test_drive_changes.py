"""Plans that change while they are driven, and where their agents work: on a project in memory."""

from __future__ import annotations

import pytest

from git_kas.domain.agents import Mode, Role
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import Remove, Rename, SetStatus, Transition
from git_kas.domain.names import BranchName, PlanName
from git_kas.domain.run_ids import RunId
from git_kas.domain.worktree import Worktree
from git_kas.usecases.drive_ports import Step
from git_kas.usecases.waves import retry
from unit.drive_worlds import NO_LIMITS, SHOP, DriveWorld, text_of

HOUR = 3600


@pytest.fixture
def world() -> DriveWorld:
    return DriveWorld()


def reviewing(world: DriveWorld) -> None:
    """The reviewer of the first round is at work."""
    world.waves(1)
    world.look()
    world.end("W1-T1")
    world.look()
    assert world.states() == {"R1-reviewer": "running"}


# -- plans that change meanwhile -------------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("event", [Event.CANCEL, Event.IMPLEMENT_FINISHED, None], ids=str)
def test_agents_of_a_plan_that_has_moved_on_are_stopped(
    world: DriveWorld, event: Event | None, *, restarted: bool
) -> None:
    """Also if the watcher was killed meanwhile, and the plan is in no work any more."""
    world.settings = NO_LIMITS._replace(commands={Role.CODER: "run-coder"})
    world.restart()
    world.waves(2, 1)
    world.look()
    world.look()
    world.commit(Transition(SHOP, (event,)) if event else SetStatus(SHOP, Status.READY))
    if restarted:
        world.restart()
    world.look()
    assert world.happened(Step.STOPPED) == ["W1-T1", "W1-T2"]
    assert world.running() == []
    assert [str(job.state) for job in world.document().past[0].jobs] == ["stopped", "stopped", "pending"]
    assert world.steps() == []


def test_agents_of_a_plan_that_was_removed_are_stopped(world: DriveWorld) -> None:
    world.waves(2)
    world.look()
    world.look()
    world.commit(Remove(SHOP))
    world.look()
    assert world.running() == []
    assert world.steps() == []


@pytest.mark.parametrize("restarted", [False, True])
def test_a_plan_that_is_renamed_goes_on(world: DriveWorld, *, restarted: bool) -> None:
    world.waves(2, 1)
    world.look()
    new = PlanName("store.md")
    world.commit(Rename(SHOP, new))
    if restarted:
        world.restart()
    world.look()
    assert world.running() == ["shop-W1-T1-1", "shop-W1-T2-1"]
    world.end("W1-T1", name=new)
    world.task_done(1, 2, name=new)
    world.look()
    assert world.runs.begun[2:] == ["store-W2-T3-1"]
    assert world.runs.specs[RunId("store-W2-T3-1")].folder == "/r/.worktrees/plan-shop"


def test_a_text_that_changes_says_what_has_not_begun(world: DriveWorld) -> None:
    world.waves(1, 1)
    world.look()
    world.write(text_of(1, 2, 1))
    world.look()
    assert world.states() == {"W1-T1": "running"} | {"W2-T2": "pending", "W2-T3": "pending", "W3-T4": "pending"}
    world.end("W1-T1")
    world.look()
    assert world.runs.begun[1:] == ["shop-W2-T2-1", "shop-W2-T3-1"]


def test_a_text_without_waves_does_not_pass_for_having_done_them(world: DriveWorld) -> None:
    world.waves(1, 1)
    world.look()
    world.end("W1-T1")
    world.write(b"# Shop\n\nnothing is written here\n")
    world.look()
    assert world.status is Status.IMPLEMENTING
    assert world.runs.begun == ["shop-W1-T1-1"]
    assert world.job("W2-T2").reason == "The plan's text has no task 2 in wave 2 any more."
    world.write(text_of(1, 1))
    retry(world.waves_ports(), SHOP, [])
    world.look()
    assert world.runs.begun == ["shop-W1-T1-1", "shop-W2-T2-2"]
    assert "do 2" in world.spec_of("W2-T2").prompt


def test_a_wave_that_comes_in_between_while_an_agent_is_started_gives_it_no_other_task(
    world: DriveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.waves(1, 1)
    world.look()
    world.end("W1-T1")
    new = b"# Shop\n\n## Wave 1\n\n### Task 1: a\n\n## Wave 5\n\n### Task 2: b\n\nanother\n\n" + text_of(1, 1)
    new = new[: new.index(b"# Shop", 5)] + b"## Wave 2\n\n### Task 2: c\n\nmine\n"
    monkeypatch.setattr(world.store, "get_content", lambda _: new)
    world.look()
    prompt = world.spec_of("W2-T2").prompt
    assert "mine" in prompt
    assert "another" not in prompt


def test_tasks_of_the_same_number_are_told_apart(world: DriveWorld) -> None:
    tasks = [f"### Task 1: {word}\n\ndo {word}\n\n" for word in ("first", "second", "third")]
    text = "# X\n\n## Wave 1\n\n" + "".join(tasks[:2]) + "## Wave 1\n\n" + tasks[2]
    world.create(Event.IMPLEMENT_START, text=text.encode())
    world.signal(f"implement-wave-1-{SHOP}")
    world.look()
    told = {job: world.spec_of(job).prompt for job in ("W1-T1", "W1-T1x2")}
    assert "do first" in told["W1-T1"]
    assert "do second" in told["W1-T1x2"]
    world.end("W1-T1")
    world.end("W1-T1x2")
    world.look()
    assert "do third" in world.spec_of("W1-T1x3").prompt


@pytest.mark.parametrize("label", ["0", "1000", "1.2", "3a"])
def test_a_task_of_which_no_signal_can_tell_is_reported_by_the_end_of_its_agent(
    world: DriveWorld, label: str
) -> None:
    text = f"# X\n\n## Wave 1\n\n### Task {label}: a\n\ndo it\n"
    world.create(Event.IMPLEMENT_START, text=text.encode())
    world.signal(f"implement-wave-1-{SHOP}")
    world.look()
    prompt = world.spec_of(f"W1-T{label}").prompt
    assert "end with status 0" in prompt
    assert "git kas signal" not in prompt


def test_a_task_of_a_later_wave_that_was_passed_over_hides_no_wave_before_it(world: DriveWorld) -> None:
    from git_kas.usecases.waves import skip

    world.waves(1, 1, 2)
    world.look()
    skip(world.waves_ports(), SHOP, ["W3-T4"])
    world.write(text_of(1, 1, 2) + b"\nmore\n")
    world.look()
    assert world.states() == {
        "W1-T1": "running", "W2-T2": "pending", "W3-T3": "pending", "W3-T4": "skipped",
    }  # fmt: skip


def test_a_plan_that_is_done_again_begins_anew(world: DriveWorld) -> None:
    reviewing(world)
    world.signal(f"review-approved-{SHOP}", round_=1)
    world.look()
    assert world.status is Status.DONE
    world.move(Event.REIMPLEMENT)
    assert world.steps() == []
    world.signal(f"implement-wave-1-{SHOP}")
    world.look()
    assert world.runs.begun[-1] == "shop-W1-T1-2"


def test_a_clock_that_was_set_back_holds_nothing_up(world: DriveWorld) -> None:
    """All that happens until it has caught up has the same time in the history."""
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    world.look()
    world.clock.time -= HOUR
    world.signal(f"review-changes-{SHOP}", "FINDING", round_=1)
    world.look()
    assert world.stage().mode is Mode.FEEDBACK
    world.look()
    world.end("R1-coder")
    world.look()
    assert world.runs.begun == ["shop-R1-reviewer-1", "shop-R1-coder-1", "shop-R2-reviewer-1"]


# -- worktrees -------------------------------------------------------------------------------------------


def test_a_branch_that_is_there_gets_a_worktree(world: DriveWorld) -> None:
    world.git.run("/r", "worktree", "add", "-b", "plan/shop", "/elsewhere", "main")
    world.waves(1)
    world.look()
    assert world.spec_of("W1-T1").folder == "/elsewhere"


def test_agents_never_work_in_the_main_worktree(world: DriveWorld) -> None:
    world.git.worktrees[0] = Worktree("", "/r", "/r/.git", BranchName("plan/shop"))
    world.waves(1)
    world.look()
    assert (world.state("W1-T1"), world.runs.begun) == ("failed", [])
    assert "main worktree" in world.job("W1-T1").reason


def test_a_template_with_an_unknown_field_fails_the_job_and_names_it(world: DriveWorld) -> None:
    world.template = lambda mode: ("$nonsense", f"main:.kas/prompts/{mode}.md")
    world.restart()
    world.waves(1)
    world.look()
    assert world.job("W1-T1").reason == "main:.kas/prompts/waves.md: there is no field $nonsense."
    assert world.runs.begun == []


# -- the history -----------------------------------------------------------------------------------------


def test_what_is_done_on_behalf_of_agents_is_the_systems(world: DriveWorld) -> None:
    reviewing(world)
    finished = [one for one in world.history() if one.event is Event.IMPLEMENT_FINISHED]
    assert [(one.actor, one.by) for one in finished] == [("system", "watcher")]
    written = [one for one in world.history() if one.action is Action.RUN_WRITTEN]
    assert {(one.actor, one.by) for one in written} == {("system", "watcher")}
