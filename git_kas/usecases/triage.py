"""Says where every plan, branch and worktree stands (DESIGN 8). Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from git_kas.domain.base import Base, References
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.domain.next_step import next_step
from git_kas.domain.plan import Plan
from git_kas.domain.signals import SIGNAL_FOLDER_NAMES
from git_kas.domain.triage import Row, Situation, triage_rows
from git_kas.domain.worktree import Worktree
from git_kas.errors import ProgramFailed
from git_kas.ports.clock import Clock
from git_kas.ports.files import PlanFiles
from git_kas.ports.git import GitFolderReader, Porcelain, Repository
from git_kas.ports.progress import Progress
from git_kas.ports.store import Store
from git_kas.usecases.survey import survey_branches


@dataclass(frozen=True, slots=True)
class TriagePorts:
    """What triage reads through."""

    git_folders: GitFolderReader
    repository: Repository
    porcelain: Porcelain
    store: Store
    plan_files: PlanFiles
    clock: Clock
    progress: Progress


@dataclass(frozen=True, slots=True)
class TriagePolicy:
    """What configuration says. ``stalled_after`` is in days."""

    plans_folder: str
    protected: frozenset[BranchName]
    stalled_after: int


@dataclass(frozen=True, slots=True)
class TriageRow:
    """A row, and the command to run next (empty if there is nothing to do)."""

    row: Row
    next: str


@dataclass(frozen=True, slots=True)
class Triage:
    """The answer: a row for each plan, branch and worktree."""

    rows: Sequence[TriageRow]
    base: Base | None
    main_worktree: str | None
    warnings: Sequence[str]


def triage(
    ports: TriagePorts,
    location: RepositoryLocation,
    references: References,
    base: Base | None,
    policy: TriagePolicy,
) -> Triage:
    """Look at everything once and join it.

    The statuses of the worktrees are determined in the background while history is read.
    """
    worktrees = ports.git_folders.worktrees(location)
    statuses = ports.porcelain.start_statuses(
        [worktree for worktree in worktrees if worktree.readable], signal_folders(policy.plans_folder)
    )
    ports.progress.step("reading plans")
    plans = ports.store.list_plans()
    ports.progress.step("reading history")
    survey = survey_branches(ports.repository, references, base)
    tips = {branch.name: branch.tip for branch in references.branches if branch.tip}
    with_text, warnings = _plans_with_text(ports, plans, worktrees, policy.plans_folder, base, tips)
    ports.progress.step("waiting for git status")
    situation = Situation(
        plans=plans,
        remarks=ports.store.remarks(),
        plans_with_text=with_text,
        branches=survey.branches,
        worktrees=worktrees,
        dirt=statuses.collect(),
        base=base.name if base else None,
        protected=policy.protected,
        now=ports.clock.now(),
        stalled_after=policy.stalled_after,
    )
    rows = [
        TriageRow(row, next_step(row, situation.base, location.main_worktree)) for row in triage_rows(situation)
    ]
    ports.progress.done()
    remarks = [remark.text for remark in situation.remarks if remark.plan is None]
    return Triage(rows, base, location.main_worktree, [*remarks, *survey.warnings, *warnings])


def signal_folders(plans_folder: str) -> list[str]:
    """Where agents leave signals, relative to a worktree; what lies there is never dirt."""
    return [name.format(plans=plans_folder) for name in SIGNAL_FOLDER_NAMES]


def _plans_with_text(
    ports: TriagePorts,
    plans: Sequence[Plan],
    worktrees: Sequence[Worktree],
    plans_folder: str,
    base: Base | None,
    tips: dict[BranchName, ObjectId],
) -> tuple[frozenset[PlanName], list[str]]:
    """The plans whose text is in any worktree, in the base, or on the plan's branch."""
    folders = ports.plan_files.names(
        [worktree.path for worktree in worktrees if worktree.readable], plans_folder
    )
    on_disk = frozenset[str]().union(*folders.values())
    found = {plan.filename for plan in plans if plan.filename in on_disk}
    asked: list[tuple[PlanName, ObjectId]] = []
    for plan in plans:
        if plan.filename not in found:
            branch = plan.branch_name() or plan.filename.default_branch
            commits = {*(base.tips if base else ()), *([tips[branch]] if branch in tips else [])}
            asked += [(plan.filename, commit) for commit in sorted(commits)]
    try:
        answers = ports.repository.existing_paths(
            [(commit, f"{plans_folder}/{name}") for name, commit in asked]
        )
    except ProgramFailed as error:
        return frozenset(plan.filename for plan in plans), [error.message]
    found |= {name for (name, _), exists in zip(asked, answers, strict=True) if exists}
    return frozenset(found), []
