"""The triage use case on memory fakes: what it reads, in which order, and what it says when reading fails."""

from __future__ import annotations

import pytest

from git_kas.domain.base import Base, References
from git_kas.domain.branch import LocalBranch, UnknownReason, VerdictKind
from git_kas.domain.ledger import PlanRecord
from git_kas.domain.lifecycle import Actor, Status
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.mutation import Author, ClaimRun, Import, PutRun, Request
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.project import Project
from git_kas.domain.stage import RunDocument, encode_run
from git_kas.domain.triage import Flag
from git_kas.domain.worktree import Dirt, FolderState, Worktree
from git_kas.ports.fake_signals import MemorySignalBox
from git_kas.ports.fakes import (
    FakeCache,
    FakeClock,
    FakeContents,
    FakeFileMerge,
    FakeGitFolders,
    FakePlanFiles,
    FakePorcelain,
    FakeProgress,
    FakeRepository,
)
from git_kas.ports.memory_store import MemoryStore
from git_kas.usecases.remembered_verdicts import ComparisonPorts
from git_kas.usecases.triage import Triage, TriageContext, TriagePorts, triage

HERE = RepositoryLocation("/r/.git", "/r/.git", "/r", "/r")
ROOT_COMMIT, TIP, WORK = (ObjectId(letter * 40) for letter in "abc")
MAIN, FEATURE = BranchName("main"), BranchName("plan/x")
PLAN = Plan(PlanName("x.md"), Status.IMPLEMENTING, branch=FEATURE)


def run(
    repository: FakeRepository,
    worktrees: list[Worktree],
    progress: FakeProgress | None = None,
    store: MemoryStore | None = None,
) -> Triage:
    dirt = {"/r": Dirt(changed=2), "/gone": Dirt(changed=9)}
    ports = TriagePorts(
        git_folders=FakeGitFolders(listed=worktrees),
        repository=repository,
        porcelain=FakePorcelain(dirt=dirt),
        store=store or store_of(PLAN),
        plan_files=FakePlanFiles(listed={"/r": frozenset({"x.md"})}),
        signal_box=MemorySignalBox(),
        clock=FakeClock(1_000_000),
        progress=progress or FakeProgress(),
        comparison=ComparisonPorts(FakeContents(), FakeFileMerge, FakeCache()),
    )
    references = References(repository.local_branches(), {})
    context = TriageContext(references, Base(MAIN, MAIN.ref, TIP), "docs/plans", frozenset(), 3)
    return triage(ports, HERE, lambda: context)


def store_of(plan: Plan) -> MemoryStore:
    store = MemoryStore(FakeClock())
    project = Project()
    project.change = 1
    project.records[plan.filename] = PlanRecord(plan, "1.0")
    store.commit(Import(project, "test"), Request(Author(Actor.USER)))
    return store


def repository() -> FakeRepository:
    return FakeRepository(
        branches=[LocalBranch(MAIN, TIP, 10), LocalBranch(FEATURE, WORK, 20)],
        history={ROOT_COMMIT: [], TIP: [ROOT_COMMIT], WORK: [ROOT_COMMIT]},
    )


def test_joins_plan_branch_and_worktree() -> None:
    main = Worktree("", "/r", "/r/.git", branch=MAIN)
    answer = run(repository(), [main])
    plan_row, base_row = (row.row for row in answer.rows)
    assert plan_row.plan is PLAN
    assert plan_row.survey is not None
    assert (plan_row.survey.ahead, plan_row.survey.behind) == (1, 1)
    assert plan_row.verdict is not None
    assert plan_row.verdict.kind is VerdictKind.EMPTY
    assert (base_row.is_base, base_row.uncommitted, base_row.worktree) == (True, 2, main)


def test_a_missing_worktree_is_not_asked_for_its_status() -> None:
    gone = Worktree("gone", "/gone", "/r/.git/worktrees/gone", branch=FEATURE, folder=FolderState.MISSING)
    answer = run(repository(), [gone])
    assert answer.rows[0].row.uncommitted is None


def test_unreadable_history_is_said_and_judges_nothing() -> None:
    broken = repository()
    broken.history = {TIP: [ROOT_COMMIT], WORK: [ROOT_COMMIT]}
    answer = run(broken, [])
    (warning,) = answer.warnings
    assert f"commit {ROOT_COMMIT} is missing." in warning
    assert "git fsck" in warning
    reasons = {row.row.verdict.reason for row in answer.rows if row.row.verdict}
    assert reasons == {UnknownReason.HISTORY_UNREADABLE}


def test_progress_ends_before_the_answer() -> None:
    progress = FakeProgress()
    run(repository(), [], progress)
    assert progress.steps[-1] == "done"
    assert progress.steps.count("done") == 1


@pytest.mark.parametrize(
    ("document", "evidence", "warnings"),
    [
        ({}, None, []),
        ({"notice": "5 rounds of review are as many as are allowed"}, "5 rounds", []),
        ({"version": 99}, None, ["x.md: The progress of a plan is stored in version 99, and this is 1."]),
    ],
)
def test_what_people_have_to_decide_about(
    document: dict[str, object], evidence: str | None, warnings: list[str]
) -> None:
    store = store_of(PLAN)
    author = Request(Author(Actor.SYSTEM))
    store.commit(ClaimRun(PLAN.filename, "me", 1), author)
    store.commit(PutRun(PLAN.filename, {**encode_run(RunDocument()), **document}, 1), author)
    found = run(repository(), [Worktree("", "/r", "/r/.git", MAIN)], store=store)
    notes = dict(found.rows[0].row.notes)
    assert (Flag.UNDECIDED in notes) is (evidence is not None)
    assert notes.get(Flag.UNDECIDED, "").startswith(evidence or "")
    assert [one for one in found.warnings if "progress" in one] == warnings
