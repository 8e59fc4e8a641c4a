"""What is looked at before anything is changed, each with its own reason."""

from __future__ import annotations

import pytest

from finish.worlds import BRANCH, PLAN, USER, World
from git_kas.domain.finish import Choice
from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import Remove, Request, SetStatus
from git_kas.domain.names import PlanName
from git_kas.errors import ChecksFailed, Conflict, InvalidTransition, KasError, NotFound, WouldLoseData
from git_kas.usecases.finish_ports import CHECK_MEANINGS, STATE_MEANINGS, CheckName, State, Wish

BY_USER = Request(USER)


def refused(world: World, error: type[KasError], match: str) -> KasError:
    """The refusal of a merge, which changed nothing: no reference, no file, no object, no plan."""
    before = world.snapshot()
    with pytest.raises(error, match=match) as raised:
        world.merge()
    assert world.snapshot() == before
    assert list(world.journal.operations()) == []
    failed = [check for check in world.dry_run().checks if check.problem is not None]
    assert failed or "moved" in match or "failed in" in match
    return raised.value


def force(world: World, status: Status) -> None:
    world.app().store.commit(SetStatus(PLAN, status), BY_USER)


@pytest.mark.parametrize(
    ("status", "way"),
    [
        (Status.READY, "implement_start"),
        (Status.PLANNING, "planner_finished"),
        (Status.CANCELLED, "reopen"),
    ],
)
def test_other_statuses_are_refused_with_the_way_out(world: World, status: Status, way: str) -> None:
    force(world, status)
    error = refused(world, InvalidTransition, f"{PLAN} is {status}")
    assert way in error.next_step


def test_the_branch_must_exist(world: World) -> None:
    world.repo.git("worktree", "remove", str(world.tree))
    world.repo.git("branch", "-q", "-m", BRANCH, "plan/other")
    refused(world, NotFound, "'plan/x' does not exist")


def test_the_branch_must_have_commits(world: World) -> None:
    world.repo.git("merge", "-q", BRANCH)
    error = refused(world, ChecksFailed, "no commit that main lacks")
    assert "--keep" in error.next_step


def test_the_branch_must_be_nobody_else_s(world: World) -> None:
    world.new_plan(PlanName("y.md"))
    refused(world, WouldLoseData, "other open plans: y.md")
    world.app().store.commit(Remove(PlanName("y.md")), BY_USER)
    assert world.merge().state is State.DONE


def test_the_base_itself_is_no_plan_s_branch(world: World) -> None:
    world.repo.git("config", "kas.base", BRANCH)
    refused(world, ChecksFailed, "is the base itself")


@pytest.mark.parametrize("name", ["a.txt", "untracked.txt"])
def test_the_worktree_must_be_clean(world: World, name: str) -> None:
    (world.tree / name).write_text("not committed\n")
    refused(world, WouldLoseData, "1 (changed|untracked) path is in .*wt-plan-x in no commit")


def test_nothing_may_be_begun_in_the_worktree(world: World) -> None:
    (world.repo.path / ".git/worktrees/wt-plan-x/MERGE_HEAD").write_text(world.tip() + "\n")
    refused(world, WouldLoseData, "A merge is not finished in")


@pytest.mark.parametrize("branch", ["main", BRANCH])
def test_a_branch_that_is_checked_out_twice_is_not_moved(world: World, branch: str) -> None:
    twice = world.repo.path.parent / "twice"
    world.repo.git("worktree", "add", "-q", "--force", str(twice), branch)
    refused(world, WouldLoseData, f"{branch} is checked out more than once: .*{twice}")


def test_nothing_may_be_begun_where_the_base_is(world: World) -> None:
    (world.repo.path / ".git/BISECT_LOG").write_text("git bisect start\n")
    refused(world, WouldLoseData, "A bisect is not finished in")


def test_a_missing_worktree_is_refused(world: World) -> None:
    world.tree.rename(world.tree.with_name("moved"))
    with pytest.raises(WouldLoseData, match="not where it is registered"):
        world.merge()


def test_a_waiting_signal_is_not_passed_over(world: World) -> None:
    folder = world.tree / "docs/plans/.signals"
    folder.mkdir(parents=True)
    (folder / ".gitignore").write_text("*\n")
    (folder / f"review-changes-{PLAN}").write_text("no\n")
    error = refused(world, WouldLoseData, "wait to be applied: review_changes")
    assert "signals apply" in error.next_step


def test_conflicts_are_named(world: World) -> None:
    world.repo.commit("theirs", {"base.txt": "ONE\ntwo\nthree\n", "a.txt": "other a\n"})
    world.repo.commit("ours", {"base.txt": "uno\ntwo\nthree\n"}, cwd=world.tree)
    error = refused(world, WouldLoseData, r"conflicts with main in a\.txt, base\.txt; nothing was changed")
    assert "into the branch" in error.next_step


def test_the_base_must_be_here(world: World) -> None:
    world.repo.git("update-ref", "refs/remotes/origin/trunk", "main")
    world.repo.git("config", "kas.base", "trunk")
    error = refused(world, NotFound, "no local branch 'trunk'")
    assert error.next_step == "Make it: 'git branch trunk origin/trunk'."


# -- the test command ----------------------------------------------------------------------------------------


def test_tests_that_fail_stop_it(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.repo.git("config", "kas.testCommand", "pwd && ls && exit 3")
    refused(world, ChecksFailed, f"failed in {world.tree} with status 3; nothing was changed")
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0] == str(world.tree)


def test_tests_that_succeed_let_it_go_on(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.repo.git("config", "kas.testCommand", "test -f a.txt && echo fine")
    answer = world.merge()
    assert "fine" in capfd.readouterr().err
    assert [check.text for check in answer.checks if check.name is CheckName.TESTS] == [
        "'test -f a.txt && echo fine' succeeded"
    ]


def test_what_tests_leave_behind_stops_it(world: World) -> None:
    world.repo.git("config", "kas.testCommand", "touch report.xml")
    with pytest.raises(WouldLoseData, match="1 untracked path"):
        world.merge()
    assert (world.status, list(world.journal.operations())) == ("reviewing", [])


def test_tests_need_a_worktree(world: World) -> None:
    world.repo.git("config", "kas.testCommand", "true")
    world.repo.git("worktree", "remove", str(world.tree))
    with pytest.raises(NotFound, match="no worktree has plan/x checked out"):
        world.merge()


def test_a_dry_run_runs_no_tests(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.repo.git("config", "kas.testCommand", "echo ran")
    before = world.snapshot()
    answer = world.dry_run()
    assert "ran" not in capfd.readouterr().err
    assert answer.checks[-1].text == f"'echo ran' would be run in {world.tree}"
    assert answer.did == [
        "plan/x would land on main (no-ff)",
        f"{PLAN} would become done",
        f"plan/x and {world.tree} would be removed",
    ]
    assert world.snapshot() == before


def test_neither_the_repository_nor_a_worktree_chooses_the_command(world: World) -> None:
    world.repo.commit("policy", {".kas.toml": 'test_command = "exit 1"\n'})
    world.repo.git("config", "extensions.worktreeConfig", "true")
    world.repo.git("config", "--worktree", "kas.testCommand", "exit 1")
    world.repo.git("config", "--worktree", "kas.testCommand", "exit 1", cwd=world.tree)
    assert world.app(world.tree).config.setting("test_command").value == ""
    assert any("may not choose a command" in text for text in world.app().config.ignored())


# -- what changes while it is checked ------------------------------------------------------------------------


@pytest.mark.parametrize("cwd", ["tree", "base"])
def test_a_branch_or_base_that_moves_meanwhile(world: World, cwd: str) -> None:
    folder = world.tree if cwd == "tree" else world.repo.path
    command = f"cd '{folder}' && git commit -q --allow-empty -m meanwhile"
    world.repo.git("config", "kas.testCommand", command)
    with pytest.raises(Conflict, match="has moved while it was checked"):
        world.merge()
    assert list(world.journal.operations()) == []


def test_a_plan_that_moves_meanwhile(world: World) -> None:
    command = f"cd '{world.repo.path}' && git-kas plan transition {PLAN} review_changes"
    world.repo.git("config", "kas.testCommand", command)
    with pytest.raises(Conflict, match="has changed while it was checked"):
        world.merge()
    assert world.status == "implementing"


# -- only mark it done ---------------------------------------------------------------------------------------


def test_keep_marks_done_and_leaves_everything(world: World) -> None:
    (world.tree / "untracked.txt").write_text("x")
    before = world.snapshot()
    answer = world.finishing().begin(Wish(PLAN, Choice.KEEP))
    after = world.snapshot()
    assert (answer.state, answer.from_status, world.status) == (State.DONE, "reviewing", "done")
    assert (after["refs"], after["status"]) == (before["refs"], before["status"])
    assert world.removal is not None
    assert world.removal.asked == []


def test_keep_heeds_status_and_signals(world: World) -> None:
    world.move(Event.CANCEL)
    with pytest.raises(InvalidTransition):
        world.finishing().begin(Wish(PLAN, Choice.KEEP))


def test_every_word_has_a_meaning() -> None:
    assert set(CHECK_MEANINGS) == set(CheckName)
    assert set(STATE_MEANINGS) == set(State)
