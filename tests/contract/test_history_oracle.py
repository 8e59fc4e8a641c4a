"""``git kas triage`` on random histories: every count and verdict as plain git and dulwich have it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from dulwich.graph import can_fast_forward
from dulwich.objects import ObjectID
from dulwich.repo import Repo as DulwichRepo

from contract.random_history import Graph, Plan, build, draw, tips_by_dulwich
from contract.readers import READERS
from support import Repo, Run

SEEDS = range(60)
SAMPLE = 2

Row = dict[str, Any]


class Judged:
    """One random repository, what triage says of it, and the graph as dulwich reads it."""

    def __init__(self, repo: Repo, plan: Plan, rows: Mapping[str, Row]) -> None:
        self.repo = repo
        self.plan = plan
        self.rows = rows
        self.tips = tips_by_dulwich(repo.path)
        self.graph = Graph(repo.path, list(self.tips.values()))
        local = "refs/heads/main" in self.tips
        self.base_ref = "refs/heads/main" if local else "refs/remotes/origin/main"
        bases = ["refs/heads/main", "refs/remotes/origin/main"]
        self.bases = [self.tips[ref] for ref in bases if ref in self.tips]

    def tip(self, branch: str) -> str:
        return self.tips[f"refs/heads/{branch}"]

    def counts(self, branch: str) -> tuple[int, int]:
        """Ahead and behind by sets of commits."""
        own, base = self.graph.reach(self.tip(branch)), self.graph.reach(self.tips[self.base_ref])
        return len(own - base), len(base - own)

    def verdicts(self, branch: str) -> set[tuple[str, str | None]]:
        """What may be said; nothing in these reflogs tells of work on a branch, or that there was none."""
        tip = self.tip(branch)
        containing = [base for base in self.bases if tip in self.graph.reach(base)]
        if containing:
            on_chain = any(tip in self.graph.first_parents(base) for base in containing)
            return {("ancestor", None), ("fresh", None)} if on_chain else {("ancestor", None)}
        if any(self.graph.reach(tip) & self.graph.reach(base) for base in self.bases):
            return {("empty", None)}  # no commit here changes a file
        return {("unrelated", None)}

    def upstream(self, branch: str) -> Row | None:
        """Its upstream by sets of commits, as the row shows it."""
        ref = self.repo.git("for-each-ref", "--format=%(upstream)", f"refs/heads/{branch}")
        if not ref:
            return None
        if ref not in self.tips:
            return {"ref": ref, "gone": True, "unpushed": None}
        unpushed = self.graph.reach(self.tip(branch)) - self.graph.reach(self.tips[ref])
        return {"ref": ref, "gone": False, "unpushed": len(unpushed)}


@pytest.fixture(params=SEEDS)
def judged(request: pytest.FixtureRequest, new_repo: Callable[..., Repo], kas: Run) -> Judged:
    """A random repository; each seed is read by one reader, neighbouring seeds by different ones."""
    repo = new_repo(f"random-{request.param}")
    plan = draw(request.param)
    build(repo, plan)
    repo.git("config", "kas.reader", READERS[request.param // 3 % len(READERS)])  # skew goes by 3
    if request.param % 4 < 2:
        repo.git("commit-graph", "write", "--reachable")
    rows = kas("triage", "--json", cwd=repo.path).data["rows"]
    return Judged(repo, plan, {row["branch"]: row for row in rows if row["tip"]})


def test_triage_agrees_with_git_and_dulwich(judged: Judged) -> None:
    check_rows(judged)
    check_counts(judged)
    check_verdicts(judged)
    check_upstreams(judged)


def check_rows(judged: Judged) -> None:
    branches = {ref.removeprefix("refs/heads/") for ref in judged.tips if ref.startswith("refs/heads/")}
    assert set(judged.rows) == branches
    dates = judged.repo.git("for-each-ref", "--format=%(refname:short) %(committerdate:unix)", "refs/heads/")
    for branch, date in (line.split() for line in dates.splitlines()):
        row = judged.rows[branch]
        assert row["tip"] == judged.tip(branch)
        assert datetime.fromisoformat(row["last_commit"]) == datetime.fromtimestamp(int(date), UTC)


def check_counts(judged: Judged) -> None:
    for branch, row in judged.rows.items():
        assert (row["ahead"], row["behind"]) == judged.counts(branch), branch
    for branch in sample(judged.rows):
        wanted = ["rev-list", "--left-right", "--count", f"{judged.base_ref}...refs/heads/{branch}"]
        behind, ahead = map(int, judged.repo.git(*wanted).split())
        assert (judged.rows[branch]["ahead"], judged.rows[branch]["behind"]) == (ahead, behind), branch


def check_verdicts(judged: Judged) -> None:
    for branch, row in judged.rows.items():
        if row["is_base"]:
            assert (row["verdict"], row["reason"]) == (None, None)
        else:
            assert (row["verdict"], row["reason"]) in judged.verdicts(branch), branch
    contained = {branch for branch, row in judged.rows.items() if row["verdict"] in {"ancestor", "fresh"}}
    assert contained | {"main"} == merged_by_git(judged) | {"main"}
    for branch in sample(judged.rows):
        if branch != "main" and judged.plan.in_order:  # dulwich stops too early where clocks are skewed
            assert (branch in contained) == contained_by_dulwich(judged, branch), branch


def check_upstreams(judged: Judged) -> None:
    for branch, row in judged.rows.items():
        assert row["upstream"] == judged.upstream(branch), branch
    tracking = {branch: row for branch, row in judged.rows.items() if row["upstream"]}
    for branch in sample(tracking):
        upstream = tracking[branch]["upstream"]
        if not upstream["gone"]:
            assert upstream["unpushed"] == unpushed_by_git(judged, upstream["ref"], branch), branch


def unpushed_by_git(judged: Judged, upstream: str, branch: str) -> int:
    # Where clocks are skewed, `rev-list A..B` may list commits of A (git 2.39, seed 41), `A...B` does not.
    if judged.plan.in_order:
        return int(judged.repo.git("rev-list", "--count", f"{upstream}..refs/heads/{branch}"))
    counted = judged.repo.git("rev-list", "--left-right", "--count", f"{upstream}...refs/heads/{branch}")
    return int(counted.split()[1])


def sample(rows: Mapping[str, Row]) -> list[str]:
    return random.Random(len(rows)).sample(sorted(rows), min(SAMPLE, len(rows)))


def merged_by_git(judged: Judged) -> set[str]:
    found: set[str] = set()
    for base in judged.bases:
        found |= set(judged.repo.git("branch", "--merged", base, "--format=%(refname:short)").splitlines())
    return found


def contained_by_dulwich(judged: Judged, branch: str) -> bool:
    tip = ObjectID(judged.tip(branch).encode())
    with DulwichRepo(str(judged.repo.path)) as repository:
        return any(can_fast_forward(repository, tip, ObjectID(base.encode())) for base in judged.bases)
