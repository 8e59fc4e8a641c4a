"""Each flag of triage: where it is raised, and the nearest situation where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from git_kas.domain.branch import Upstream, Verdict, VerdictKind
from git_kas.domain.names import PlanName
from git_kas.domain.state_file import Remark, RemarkKind
from git_kas.domain.triage import FLAG_MEANINGS, Flag, Row, Situation, triage_rows
from git_kas.domain.worktree import Dirt, FolderState, Operation
from unit.situations import DAY, FRESH, TIP, branch, only_row, plan, rows, situation, worktree


class Case(NamedTuple):
    """A flag, a situation that raises it on its first row, and one that does not raise it on any."""

    flag: Flag
    raised: Situation
    quiet: Situation
    evidence: str = ""


WORK = branch("plan/x")
DONE = plan("x", "done", branch="plan/x")
BUSY = plan("x", "implementing", branch="plan/x")
GONE = Upstream("refs/remotes/origin/plan/x", gone=True)
KEPT = Upstream("refs/remotes/origin/plan/x", gone=False, unpushed=0)
LEGACY = Remark(RemarkKind.LEGACY_STATUS, "'completed' is read as 'done'", PlanName("x.md"))
LEGACY_ELSEWHERE = Remark(RemarkKind.LEGACY_STATUS, "'completed' is read as 'done'", PlanName("y.md"))

CASES = (
    Case(
        Flag.OPERATION,
        situation(BUSY, WORK, worktree("x", "plan/x", operations=(Operation.REBASE, Operation.BISECT))),
        situation(BUSY, WORK, worktree("x", "plan/x")),
        "rebase, bisect",
    ),
    Case(
        Flag.CONFLICTED,
        situation(BUSY, WORK, worktree("x", "plan/x"), dirt={"x": Dirt(changed=4, conflicts=3)}),
        situation(BUSY, WORK, worktree("x", "plan/x"), dirt={"x": Dirt(changed=4)}),
        "3",
    ),
    Case(
        Flag.MISSING_WORKTREE,
        situation(BUSY, WORK, worktree("x", "plan/x", folder=FolderState.MISSING)),
        situation(BUSY, WORK, worktree("x", "plan/x")),
        "/wt/x",
    ),
    Case(
        Flag.MOVED_WORKTREE,
        situation(BUSY, WORK, worktree("x", "plan/x", folder=FolderState.MISSING, moved_to="/elsewhere/x")),
        situation(BUSY, WORK, worktree("x", "plan/x", folder=FolderState.MISSING)),
        "/elsewhere/x",
    ),
    Case(
        Flag.FOREIGN_FOLDER,
        situation(BUSY, WORK, worktree("x", "plan/x", folder=FolderState.FOREIGN)),
        situation(BUSY, WORK, worktree("x", "plan/x", folder=FolderState.MISSING)),
        "/wt/x",
    ),
    Case(
        Flag.UNREADABLE_WORKTREE,
        situation(BUSY, WORK, worktree("x", "plan/x"), dirt={"x": Dirt(problem="index file corrupt")}),
        situation(BUSY, WORK, worktree("x", "plan/x"), dirt={"x": Dirt(untracked=2)}),
        "index file corrupt",
    ),
    Case(
        Flag.LOCK_FILE,
        situation(BUSY, WORK, worktree("x", "plan/x", lock_files=("index.lock",))),
        situation(BUSY, WORK, worktree("x", "plan/x", locked=True)),
        "index.lock",
    ),
    Case(
        Flag.LOCKED,
        situation(BUSY, WORK, worktree("x", "plan/x", locked=True, lock_reason="on a stick")),
        situation(BUSY, WORK, worktree("x", "plan/x", lock_files=("index.lock",))),
        "on a stick",
    ),
    Case(
        Flag.DETACHED,
        situation(worktree("x")),
        situation(WORK, worktree("x", "plan/x"), worktree("unborn", "plan/y")),
        TIP,
    ),
    Case(Flag.NO_COMMIT, situation(BUSY, branch("plan/x", tip=None)), situation(BUSY, WORK)),
    Case(
        Flag.NO_BRANCH,
        situation(plan("x", "reviewing", branch="plan/gone")),
        situation(plan("x", "planning", branch="plan/gone"), plan("y", "done"), plan("z", "ready"), BUSY, WORK),
        "plan/gone",
    ),
    Case(
        Flag.NO_PLAN,
        situation(WORK),
        situation(branch("main"), plan("x"), WORK, branch("plan/x-w1-t2-1"), branch("plan/x-w12-t1.2x2-10")),
    ),
    Case(
        Flag.TASK_BRANCH,
        situation(branch("plan/x-w1-t2-1"), WORK, plan("y", branch="plan/x")),
        situation(branch("plan/y-w1-t2-1"), branch("plan/x-w1"), BUSY, WORK),
        "y.md",
    ),
    Case(
        Flag.SHARED_BRANCH,
        situation(BUSY, plan("y", "ready", branch="plan/x"), WORK),
        situation(BUSY, plan("y", "ready", branch="plan/y"), WORK),
        "y.md",
    ),
    Case(
        Flag.FINISHED_WORKTREE,
        situation(plan("x", "cancelled"), WORK, worktree("x", "plan/x")),
        situation(DONE, WORK, plan("y", "reviewing"), branch("plan/y"), worktree("y", "plan/y")),
    ),
    Case(
        Flag.BASE_CONFLICTS,
        situation(BUSY, branch("plan/x", verdict=Verdict(VerdictKind.UNMERGED, conflicts=True))),
        situation(
            BUSY,
            branch("plan/x", verdict=Verdict(VerdictKind.PARTIAL, conflicts=False)),
            branch("plan/y", verdict=Verdict(VerdictKind.UNMERGED)),
            branch("main", verdict=Verdict(VerdictKind.UNMERGED, conflicts=True)),
        ),
    ),
    Case(
        Flag.STALLED,
        situation(BUSY, branch("plan/x", age=3 * DAY + 1)),
        situation(BUSY, branch("plan/x", age=3 * DAY - 1)),
        "3 days",
    ),
    Case(
        Flag.SIGNALS_WAITING,
        replace(situation(BUSY, WORK), waiting={BUSY.filename: ["review_approved", "x"]}),
        replace(situation(BUSY, WORK), waiting={PlanName("other.md"): ["review_approved"]}),
        "review_approved, x",
    ),
    Case(
        Flag.SIGNALS_REJECTED,
        replace(situation(BUSY, WORK), rejected={BUSY.filename: ["review_approved: stale"]}),
        situation(BUSY, WORK),
        "stale",
    ),
    Case(
        Flag.UNDECIDED,
        replace(situation(BUSY, WORK), undecided={BUSY.filename: "W1-T1 failed"}),
        replace(situation(BUSY, WORK), undecided={PlanName("other.md"): "W1-T1 failed"}),
        "W1-T1 failed",
    ),
    Case(
        Flag.TEXT_CHANGED,
        replace(situation(BUSY, WORK), changed_texts={BUSY.filename: "/wt/x/docs/plans/x.md"}),
        situation(BUSY, WORK),
        "/wt/x/docs/plans/x.md",
    ),
    Case(
        Flag.STATE_FILE_DIFFERS,
        situation(
            BUSY, WORK, remarks=(Remark(RemarkKind.DIFFERENT_ELSEWHERE, "f says 'done'", BUSY.filename),)
        ),
        situation(BUSY, WORK, remarks=(Remark(RemarkKind.DIFFERENT_ELSEWHERE, "f is damaged"),)),
        "f says 'done'",
    ),
    Case(Flag.MISSING_PLAN_FILE, situation(plan("x"), without_text=("x",)), situation(plan("x"))),
    Case(
        Flag.GONE_UPSTREAM,
        situation(BUSY, branch("plan/x", upstream=GONE)),
        situation(BUSY, branch("plan/x", upstream=KEPT)),
        GONE.ref,
    ),
    Case(
        Flag.LEGACY_STATUS,
        situation(plan("x", "done"), remarks=(LEGACY,)),
        situation(plan("x", "done"), remarks=(LEGACY_ELSEWHERE,)),
        "completed",
    ),
    Case(
        Flag.AMBIGUOUS_DONE,
        situation(
            plan("x", "done"), remarks=(Remark(RemarkKind.AMBIGUOUS_DONE, "may mean review", PlanName("x.md")),)
        ),
        situation(plan("x", "done")),
        "may mean review",
    ),
    Case(Flag.UNKNOWN_STATUS, situation(plan("x", "bogus")), situation(plan("x", "ready")), "bogus"),
    Case(
        Flag.PROTECTED,
        situation(branch("release"), protected=("release",)),
        situation(branch("release"), protected=("releases", "main")),
    ),
)


def flags(row: Row) -> set[Flag]:
    return set(row.flags)


def test_every_flag_has_its_case_and_its_meaning() -> None:
    assert [case.flag for case in CASES] == list(Flag)
    assert set(FLAG_MEANINGS) == set(Flag)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.flag))
def test_the_flag_is_raised(case: Case) -> None:
    row = next(row for row in triage_rows(case.raised) if case.flag in row.flags)
    assert case.evidence in dict(row.notes)[case.flag]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.flag))
def test_the_flag_is_not_raised(case: Case) -> None:
    assert case.flag not in {flag for row in triage_rows(case.quiet) for flag in row.flags}


@pytest.mark.parametrize("status", ["planning", "implementing", "reviewing"])
def test_every_status_in_work_can_stall(status: str) -> None:
    assert Flag.STALLED in only_row(plan("x", status), branch("plan/x", age=30 * DAY)).flags


@pytest.mark.parametrize("status", ["ready", "done", "cancelled", "bogus"])
def test_no_other_status_can_stall(status: str) -> None:
    assert Flag.STALLED not in only_row(plan("x", status), branch("plan/x", age=30 * DAY)).flags


@pytest.mark.parametrize(("days", "stalled"), [(0, True), (1, True), (9, True), (11, False)])
def test_the_time_to_stall_is_configured(days: int, stalled: bool) -> None:  # noqa: FBT001 - a column of the table
    row = only_row(plan("x", "implementing"), branch("plan/x", age=10 * DAY), stalled_after=days)
    assert (Flag.STALLED in row.flags) is stalled


def test_with_no_days_to_stall_an_hour_is_longer() -> None:
    row = only_row(plan("x", "implementing"), branch("plan/x", age=3600), stalled_after=0)
    assert Flag.STALLED in row.flags


def test_a_branch_without_own_commits_does_not_stall() -> None:
    row = only_row(plan("x", "implementing"), branch("plan/x", ahead=0, age=30 * DAY, verdict=FRESH))
    assert Flag.STALLED not in row.flags


@pytest.mark.parametrize("status", ["implementing", "reviewing"])
def test_a_plan_in_implementation_needs_its_branch(status: str) -> None:
    assert Flag.NO_BRANCH in only_row(plan("x", status)).flags
    assert Flag.NO_BRANCH not in only_row(plan("x", status), branch("plan/x")).flags


def test_a_plan_whose_stored_branch_is_no_branch_name() -> None:
    row = only_row(plan("x", "implementing", branch="a..b"))
    assert row.branch is None
    assert dict(row.notes)[Flag.NO_BRANCH] == "a..b"


def test_the_main_worktree_is_no_left_over() -> None:
    (row,) = rows(plan("x", "done"), branch("plan/x"), worktree("main", "plan/x"))
    assert Flag.FINISHED_WORKTREE not in row.flags


def test_a_protected_branch_needs_no_plan() -> None:
    row = only_row(branch("release"), protected=("release",))
    assert flags(row) == {Flag.PROTECTED}


def test_the_base_needs_no_plan_and_has_no_verdict() -> None:
    row = only_row(branch("main"), worktree("main", "main"))
    assert (row.is_base, row.verdict, row.flags) == (True, None, ())


def test_flags_come_in_one_order_with_their_evidence() -> None:
    row = only_row(
        plan("x", "cancelled"),
        branch("plan/x", upstream=GONE),
        worktree("x", "plan/x", locked=True, operations=(Operation.MERGE,)),
        dirt={"x": Dirt(changed=1, conflicts=1)},
        without_text=("x",),
        protected=("plan/x",),
    )
    assert row.flags == (
        Flag.OPERATION,
        Flag.CONFLICTED,
        Flag.LOCKED,
        Flag.FINISHED_WORKTREE,
        Flag.MISSING_PLAN_FILE,
        Flag.GONE_UPSTREAM,
        Flag.PROTECTED,
    )
