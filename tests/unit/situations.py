"""Short words for building what triage looks at."""

from __future__ import annotations

from typing import Any

from git_kas.domain.branch import BranchSurvey, LocalBranch, UnknownReason, Upstream, Verdict, VerdictKind
from git_kas.domain.lifecycle import read_status
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.state_file import Remark
from git_kas.domain.triage import Row, Situation, triage_rows
from git_kas.domain.worktree import Dirt, Worktree

NOW = 1_800_000_000
DAY = 86_400
TIP = ObjectId("1" * 40)
MAIN = BranchName("main")
UNMERGED = Verdict(VerdictKind.UNKNOWN, UnknownReason.CONTENT_NOT_COMPARED)
FRESH = Verdict(VerdictKind.FRESH)
ANCESTOR = Verdict(VerdictKind.ANCESTOR)


def plan(name: str, status: str = "ready", branch: str = "", topic: str = "") -> Plan:
    return Plan(PlanName(f"{name}.md"), read_status(status), branch=branch, topic=topic)


def branch(
    name: str,
    *,
    ahead: int = 1,
    behind: int = 0,
    age: int = 0,
    verdict: Verdict = UNMERGED,
    upstream: Upstream | None = None,
    tip: ObjectId | None = TIP,
) -> BranchSurvey:
    """A branch whose tip was committed ``age`` seconds ago."""
    when = NOW - age if tip else None
    configured = upstream.ref if upstream else ""
    local = LocalBranch(BranchName(name), tip, when, configured)
    return BranchSurvey(local, verdict, ahead if tip else None, behind if tip else None, upstream)


def worktree(name: str, on: str | None = None, **details: Any) -> Worktree:
    """A linked worktree at ``/wt/<name>``; with the name ``main`` the main one."""
    identity = "" if name == "main" else name
    admin_dir = f"/repo/.git/worktrees/{name}" if identity else "/repo/.git"
    checked_out = BranchName(on) if on else None
    head = details.pop("head", None if on else TIP)
    return Worktree(identity, f"/wt/{name}", admin_dir, checked_out, head, **details)


def situation(
    *things: Plan | BranchSurvey | Worktree,
    remarks: tuple[Remark, ...] = (),
    dirt: dict[str, Dirt] | None = None,
    protected: tuple[str, ...] = (),
    without_text: tuple[str, ...] = (),
    base: BranchName | None = MAIN,
    stalled_after: int = 3,
) -> Situation:
    """These plans, branches and worktrees; worktrees are clean and plans have their text unless said."""
    plans = [thing for thing in things if isinstance(thing, Plan)]
    worktrees = [thing for thing in things if isinstance(thing, Worktree)]
    clean = {tree.path: Dirt() for tree in worktrees if tree.readable}
    return Situation(
        plans=plans,
        remarks=remarks,
        plans_with_text=frozenset(p.filename for p in plans if p.filename.key not in without_text),
        branches=[thing for thing in things if isinstance(thing, BranchSurvey)],
        worktrees=worktrees,
        dirt=clean | {f"/wt/{name}": found for name, found in (dirt or {}).items()},
        base=base,
        protected=frozenset(map(BranchName, protected)),
        now=NOW,
        stalled_after=stalled_after,
    )


def rows(*things: Plan | BranchSurvey | Worktree, **details: Any) -> list[Row]:
    return triage_rows(situation(*things, **details))


def only_row(*things: Plan | BranchSurvey | Worktree, **details: Any) -> Row:
    (row,) = rows(*things, **details)
    return row
