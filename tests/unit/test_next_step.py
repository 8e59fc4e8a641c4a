"""The next step of a row: a command that exists, that fits, and that cannot lose anything."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.cli.commands import COMMANDS
from git_kas.cli.parser import build_parser, find_command
from git_kas.domain.base import Base
from git_kas.domain.branch import BranchSurvey, LandingMethod, Presence, Upstream, Verdict, VerdictKind
from git_kas.domain.names import BranchName, ObjectId
from git_kas.domain.next_step import next_step
from git_kas.domain.plan import Plan
from git_kas.domain.triage import triage_rows
from git_kas.domain.worktree import Dirt, FolderState, Operation, Worktree
from unit.situations import (
    ANCESTOR,
    DAY,
    FRESH,
    MAIN,
    TIP,
    UNMERGED,
    branch,
    only_row,
    plan,
    situation,
    worktree,
)

WORK = branch("plan/x")
TREE = worktree("x", "plan/x")
STATUS = "git -C /wt/x status"
REPOSITORY = "/repo"
MAIN_BASE = Base(MAIN, MAIN.ref, ObjectId("0" * 40))

CASES: dict[str, tuple[list[Plan | BranchSurvey | Worktree], str]] = {
    "moved": (
        [plan("x"), WORK, worktree("x", "plan/x", folder=FolderState.MISSING, moved_to="/else where")],
        "git worktree repair '/else where'",
    ),
    "missing": (
        [plan("x"), WORK, worktree("x", "plan/x", folder=FolderState.MISSING)],
        "git kas cleanup /wt/x",
    ),
    "missing but locked": (
        [plan("x"), WORK, worktree("x", "plan/x", folder=FolderState.MISSING, locked=True)],
        "git worktree list --porcelain",
    ),
    "foreign": (
        [plan("x"), WORK, worktree("x", "plan/x", folder=FolderState.FOREIGN)],
        "git worktree list --porcelain",
    ),
    "operation": (
        [plan("x", "implementing"), WORK, worktree("x", "plan/x", operations=(Operation.AM,))],
        STATUS,
    ),
    "lock file": ([plan("x", "planning"), WORK, worktree("x", "plan/x", lock_files=("index.lock",))], STATUS),
    "detached": ([worktree("x")], STATUS),
    "ready without a branch": ([plan("x")], "git worktree add -b plan/x .worktrees/plan-x main"),
    "ready with another branch": (
        [plan("x", branch="feature/y")],
        "git worktree add -b feature/y .worktrees/feature-y main",
    ),
    "ready with its branch": ([plan("x"), WORK], "git worktree add .worktrees/plan-x plan/x"),
    "ready with a worktree": ([plan("x"), WORK, TREE], ""),
    "work without its branch": (
        [plan("x", "implementing", branch="plan/x")],
        "git worktree add -b plan/x .worktrees/plan-x main",
    ),
    "reviewing": ([plan("x", "reviewing"), WORK], "git diff main...plan/x"),
    "work goes on": ([plan("x", "implementing"), WORK, TREE], ""),
    "stalled": ([plan("x", "implementing"), branch("plan/x", age=9 * DAY)], "git log --oneline main..plan/x"),
    "done, not merged": ([plan("x", "done"), WORK], "git kas finish x.md"),
    "cancelled, not merged": ([plan("x", "cancelled"), WORK], "git log --oneline main..plan/x"),
    "no plan, not merged": ([WORK], "git log --oneline main..plan/x"),
    "done and merged": (
        [plan("x", "done"), branch("plan/x", ahead=0, verdict=ANCESTOR)],
        "git kas cleanup x.md",
    ),
    "work merged early": ([plan("x", "implementing"), branch("plan/x", ahead=0, verdict=ANCESTOR)], ""),
    "fresh without a plan": ([branch("b", ahead=0, verdict=FRESH)], ""),
    "base": ([branch("main", ahead=0)], ""),
    "nothing left": ([plan("x", "done")], ""),
    "unknown status": ([plan("x", "bogus")], ""),
}

# The commands that may be printed, without their operands. None of them removes or overwrites anything.
HARMLESS = (
    ("git", "worktree", "repair"),
    ("git", "worktree", "list"),
    ("git", "worktree", "add"),
    ("git", "-C"),
    ("git", "diff"),
    ("git", "log"),
    ("git", "kas"),
)


@pytest.mark.parametrize("name", CASES)
def test_the_next_step_of_each_rule(name: str) -> None:
    things, command = CASES[name]
    assert next_step(only_row(*things), MAIN_BASE, REPOSITORY) == command


@pytest.mark.parametrize("dirt", [Dirt(changed=1), Dirt(untracked=1)])
@pytest.mark.parametrize("status", ["ready", "done", "cancelled", "bogus"])
def test_what_was_left_uncommitted_is_looked_at_first(status: str, dirt: Dirt) -> None:
    assert next_step(only_row(plan("x", status), WORK, TREE, dirt={"x": dirt}), MAIN_BASE, REPOSITORY) == STATUS


def test_uncommitted_work_of_a_plan_in_work_is_no_news() -> None:
    assert (
        next_step(
            only_row(plan("x", "implementing"), WORK, TREE, dirt={"x": Dirt(changed=1)}), MAIN_BASE, REPOSITORY
        )
        == ""
    )


@pytest.mark.parametrize("dirt", [Dirt(changed=1, conflicts=1), Dirt(problem="index file corrupt")])
def test_a_worktree_in_trouble_is_looked_at(dirt: Dirt) -> None:
    assert (
        next_step(only_row(plan("x", "implementing"), WORK, TREE, dirt={"x": dirt}), MAIN_BASE, REPOSITORY)
        == STATUS
    )


@pytest.mark.parametrize("name", ["ready without a branch", "reviewing", "no plan, not merged"])
def test_without_a_base_nothing_is_said_that_needs_one(name: str) -> None:
    things, _ = CASES[name]
    assert next_step(only_row(*things, base=None), None, REPOSITORY) == ""


@pytest.mark.parametrize(
    ("main_worktree", "command"),
    [(None, STATUS), ("/repo", STATUS), ("/w", STATUS), ("/wt", "git -C x status"), ("/wt/x", "git status")],
)
def test_paths_are_as_seen_from_the_main_worktree(main_worktree: str | None, command: str) -> None:
    assert next_step(only_row(worktree("x")), MAIN_BASE, main_worktree) == command


def test_a_base_that_is_only_a_remote_branch_is_named_as_git_finds_it() -> None:
    base = Base(MAIN, "refs/remotes/origin/main", ObjectId("0" * 40))
    assert next_step(only_row(branch("x")), base, REPOSITORY) == "git log --oneline origin/main..x"
    command = next_step(only_row(plan("x", "ready")), base, REPOSITORY)
    assert command == "git worktree add -b plan/x .worktrees/plan-x origin/main"


@pytest.mark.parametrize("now", list(Presence))
def test_what_has_landed_may_go_unless_it_was_taken_back(now: Presence) -> None:
    verdict = Verdict(VerdictKind.LANDED, how=LandingMethod.SQUASH, landed_at=ObjectId("1" * 40), now=now)
    command = next_step(only_row(replace(branch("x"), verdict=verdict, ahead=2)), MAIN_BASE, REPOSITORY)
    expected = "git log --oneline main..x" if now is Presence.REVERTED else "git kas cleanup x"
    assert command == expected


@pytest.mark.parametrize("branch_name", ["a;rm", "$(x)", "a'b", 'a"b', "a&b", "é", "a|b", "`x`"])
def test_names_are_quoted_for_the_shell(branch_name: str) -> None:
    command = next_step(only_row(branch(branch_name)), MAIN_BASE, REPOSITORY)
    assert shlex.split(command) == ["git", "log", "--oneline", f"main..{branch_name}"]
    echoed = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True
    )
    assert echoed.stdout.splitlines() == ["git", "log", "--oneline", f"main..{branch_name}"]


statuses = ["ready", "planning", "implementing", "reviewing", "done", "cancelled", "bogus", "completed", None]
worktrees = st.none() | st.builds(
    worktree,
    st.sampled_from(["main", "x"]),
    st.sampled_from(["plan/x", None]),
    folder=st.sampled_from(FolderState),
    locked=st.booleans(),
    moved_to=st.sampled_from([None, "/moved"]),
    operations=st.sampled_from([(), (Operation.REBASE,)]),
    lock_files=st.sampled_from([(), ("HEAD.lock",)]),
)
branches = st.none() | st.builds(
    branch,
    st.just("plan/x"),
    ahead=st.integers(0, 1),
    age=st.sampled_from([0, 9 * DAY]),
    verdict=st.sampled_from([UNMERGED, FRESH, ANCESTOR]),
    tip=st.sampled_from([TIP, None]),
    upstream=st.sampled_from([None, Upstream("refs/remotes/origin/x", gone=True)]),
)


@given(
    status=st.sampled_from(statuses),
    surveyed=branches,
    tree=worktrees,
    dirt=st.sampled_from([Dirt(), Dirt(changed=1), Dirt(problem="x"), Dirt(changed=1, conflicts=1)]),
    base=st.sampled_from([MAIN, None, BranchName("plan/x")]),
)
def test_every_next_step_exists_and_is_harmless(
    status: str | None,
    surveyed: BranchSurvey | None,
    tree: Worktree | None,
    dirt: Dirt,
    base: BranchName | None,
) -> None:
    things = [thing for thing in (plan("x", status) if status else None, surveyed, tree) if thing]
    for row in triage_rows(situation(*things, dirt={"x": dirt}, base=base)):
        words = shlex.split(next_step(row, MAIN_BASE if base else None, REPOSITORY))
        if not words:
            continue
        assert any(tuple(words[: len(start)]) == start for start in HARMLESS), words
        assert not {"-f", "--force", "-D", "-d", "--delete", "--expire"} & set(words)
        if words[:2] == ["git", "kas"]:
            entry, rest = find_command(words[2:])
            assert entry in COMMANDS
            build_parser(entry).parse_args(rest)


def test_what_people_have_to_decide_about_is_looked_at() -> None:
    driven = plan("x", "implementing")
    seen = replace(situation(driven, WORK, TREE), undecided={driven.filename: "W1-T1 failed"})
    assert next_step(triage_rows(seen)[0], MAIN_BASE, REPOSITORY) == "git kas waves status x.md"


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["implement_wave"], "git kas watch"),
        (["implement_task_finished", "elaborator_finished"], "git kas watch"),
        (["implement_wave", "implement_finished"], "git kas signals apply"),
        (["review_approved"], "git kas signals apply"),
    ],
)
def test_signals_are_applied_by_who_can(words: list[str], command: str) -> None:
    driven = plan("x", "implementing")
    seen = replace(situation(driven, WORK, TREE), waiting={driven.filename: words})
    assert next_step(triage_rows(seen)[0], MAIN_BASE, REPOSITORY) == command
