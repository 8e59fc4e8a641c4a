"""``git kas finish`` as it is typed: what it says, in text and as data, and that it really removes."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from finish.worlds import PLAN, World
from support import GIT_KAS, Finished, Repo, Run


@pytest.fixture
def world(repo: Repo, environment: dict[str, str]) -> World:
    return World(repo, environment)


def finish(kas: Run, world: World, *arguments: str, cwd: Path | None = None) -> Finished:
    return kas("finish", *arguments, cwd=cwd or world.repo.path)


def test_merge_removes_branch_and_worktree_and_undo_brings_them_back(kas: Run, world: World) -> None:
    tip = world.tip("plan/x")
    answer = finish(kas, world, PLAN, "--merge")
    short = world.tip()[:12]
    assert answer == Finished(
        0,
        f"plan/x landed on main (no-ff) at {short}\n{PLAN} is done\n"
        f"the branch plan/x and its worktree {world.tree} removed\n",
        "",
    )
    assert not world.tree.exists()
    assert world.repo.git("branch", "--list", "plan/x") == ""
    assert kas("undo", cwd=world.repo.path).status == 0
    assert world.tip("plan/x") == tip
    assert (world.tree / "a.txt").read_text() == "a\n"
    world.fsck()


@pytest.mark.parametrize("strategy", ["ff", "squash", "rebase"])
def test_every_strategy_ends_with_nothing_left(kas: Run, world: World, strategy: str) -> None:
    if strategy != "ff":
        world.advance()
    data = finish(kas, world, PLAN, "--strategy", strategy, "--json").data
    assert (data["state"], data["strategy"], data["left"]) == ("done", strategy, [])
    assert data["landed_at"] == world.tip()
    assert not world.tree.exists()
    assert world.repo.git("branch", "--format=%(refname:short)") == "main"
    assert kas("triage", "--json", cwd=world.repo.path).status == 0


def test_the_plan_is_that_of_the_branch_here(kas: Run, world: World) -> None:
    data = finish(kas, world, "--merge", "--no-cleanup", "--json", cwd=world.tree).data
    assert (data["plan"], data["state"]) == (PLAN, "done")
    assert data["left"] == [f"the branch plan/x and its worktree {world.tree} are left"]


def test_from_inside_the_worktree_that_would_go_it_is_kept(kas: Run, world: World) -> None:
    """Somebody stands in it: the shell that started the command, and here the command itself."""
    data = finish(kas, world, "--merge", "--json", cwd=world.tree).data
    assert (data["state"], world.status) == ("done", "done")
    assert any(str(world.tree) in text for text in data["left"])
    assert world.tree.exists()


def test_a_dry_run_shows_every_check(kas: Run, world: World) -> None:
    before = world.snapshot()
    answer = finish(kas, world, PLAN, "--merge", "--dry-run")
    assert answer == Finished(
        0,
        "ok       status    reviewing, then review_approved\n"
        "ok       signals   none waits\n"
        "ok       branch    plan/x exists\n"
        "ok       commits   2 ahead of main\n"
        f"ok       worktree  {world.tree} is clean\n"
        f"ok       base      main is checked out at {world.repo.path}\n"
        "ok       trial     plan/x merges into main without conflict\n"
        "\n"
        "plan/x would land on main (no-ff)\n"
        f"{PLAN} would become done\n"
        f"plan/x and {world.tree} would be removed\n",
        "",
    )
    assert world.snapshot() == before


def test_a_dry_run_shows_every_refusal(kas: Run, world: World) -> None:
    (world.tree / "new.txt").write_text("x")
    (world.repo.path / "base.txt").write_text("x")
    answer = finish(kas, world, PLAN, "--merge", "--dry-run", "--json")
    refused = {check["check"]: check["code"] for check in answer.data["checks"] if not check["passed"]}
    assert refused == {"worktree": "would_lose_data", "base": "would_lose_data"}
    assert (answer.status, answer.data["did"]) == (8, [])


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        ((PLAN,), 2, "It was not said what becomes of the branch."),
        ((PLAN, "--merge", "--draft"), 2, "--draft is about a pull request."),
        ((PLAN, "--pr", "--strategy", "ff"), 2, "--strategy is about a merge."),
        (("--continue", "--draft"), 2, "--draft does not go with --continue or --abort."),
        (("--abort",), 3, "No finish is open."),
        (("--merge",), 3, "No plan belongs to the branch 'main'."),
        (("nonsense", "--merge"), 3, "plan not found"),
        ((PLAN, "--merge", "--keep"), 2, "not allowed with argument"),
        ((PLAN, "--pr"), 3, "There is no remote to push 'plan/x' to."),
        ((PLAN, "--merge", "--test", "exit 7"), 1, "'exit 7' failed in"),
    ],
)
def test_refusals(kas: Run, world: World, arguments: tuple[str, ...], status: int, text: str) -> None:
    before = world.snapshot()
    answer = finish(kas, world, *arguments)
    assert (answer.status, answer.out) == (status, "")
    assert text in answer.err
    assert world.snapshot() == before


def test_a_strategy_that_nobody_knows(kas: Run, world: World) -> None:
    world.repo.git("config", "kas.mergeStrategy", "octopus")
    answer = finish(kas, world, PLAN, "--merge")
    assert answer.status == 2
    assert "kas.mergeStrategy" in answer.err
    assert "Use one of: ff, no-ff, squash, rebase." in answer.err


def test_the_policy_of_the_repository_chooses_the_strategy(kas: Run, world: World) -> None:
    before = world.repo.commit("policy", {".kas.toml": 'merge_strategy = "squash"\n'})
    assert finish(kas, world, PLAN, "--merge").status == 0
    assert world.parents() == [before]


def test_keep(kas: Run, world: World) -> None:
    answer = finish(kas, world, PLAN, "--keep")
    assert answer == Finished(0, f"{PLAN} is done\n", "")
    assert world.tree.exists()


def test_a_hook_refuses_then_it_goes_on_or_is_given_up(kas: Run, world: World) -> None:
    hook = world.hook("pre-merge-commit", "echo no >&2; exit 1")
    answer = finish(kas, world, PLAN, "--merge")
    assert answer.status == 1
    assert "The hook pre-merge-commit refused the merge" in answer.err
    again = finish(kas, world, PLAN, "--merge", "--json").json()["error"]
    assert (again["code"], again["exit"]) == ("already_exists", 4)
    assert "--continue" in again["next"]
    assert "--abort" in again["next"]
    given_up = finish(kas, world, "--abort")
    assert given_up == Finished(0, f"finishing {PLAN} was given up\n", "")
    hook.unlink()
    assert finish(kas, world, PLAN, "--merge").status == 0


def at_a_terminal(world: World, answer: str) -> tuple[int, str]:
    """Run ``git-kas finish`` at a terminal of its own, and answer; its exit status, and all it says."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(GIT_KAS), "finish", PLAN],
        cwd=world.repo.path,
        env=world.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    said = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:  # Linux says so at the end of a terminal
            data = b""
        if not data:
            break
        said += data
    os.close(ours)
    return process.wait(60), said.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("answer", "status", "text", "plan"),
    [
        ("k", 0, f"{PLAN} is done", "done"),
        ("m", 0, "plan/x landed on main (no-ff)", "done"),
        ("p", 3, "There is no remote to push", "reviewing"),
        ("q", 2, "Nothing was chosen, and nothing was changed.", "reviewing"),
        ("x\nq", 2, "Nothing was chosen", "reviewing"),
    ],
)
def test_a_person_is_asked(world: World, answer: str, status: int, text: str, plan: str) -> None:
    ended, said = at_a_terminal(world, answer)
    assert "What becomes of the branch [m]erge/[p]ull request/[k]eep/[q]uit?" in said
    assert (ended, world.status) == (status, plan)
    assert text in said
