"""Says where every plan, branch and worktree stands (DESIGN 8). Writes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from git_kas.domain.base import Base, References
from git_kas.domain.lifecycle import FINISHED, IN_WORK
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.domain.next_step import next_step
from git_kas.domain.plan import Plan
from git_kas.domain.signals import signal_folders
from git_kas.domain.stage import decode_run
from git_kas.domain.triage import Row, Situation, triage_rows
from git_kas.domain.worktree import Worktree
from git_kas.errors import NotFound, ProgramFailed, StoreCorrupt
from git_kas.ports.clock import Clock
from git_kas.ports.files import PlanFiles
from git_kas.ports.git import GitFolderReader, Porcelain, Repository
from git_kas.ports.progress import Progress
from git_kas.ports.signals import SignalBox
from git_kas.ports.store import Store
from git_kas.usecases.remembered_verdicts import ComparisonPorts, afresh, remembering
from git_kas.usecases.signals import SignalState, list_signals, signal_places
from git_kas.usecases.survey import Survey, survey_branches
from git_kas.usecases.waves import undecided


@dataclass(frozen=True, slots=True)
class TriagePorts:
    """What triage reads through."""

    git_folders: GitFolderReader
    repository: Repository
    porcelain: Porcelain
    store: Store
    plan_files: PlanFiles
    signal_box: SignalBox
    clock: Clock
    progress: Progress
    comparison: ComparisonPorts


@dataclass(frozen=True, slots=True)
class TriageContext:
    """What the rows are judged by.

    ``stalled_after`` is in days. ``judge_afresh``: trust no verdict that was remembered, and try no merges.
    """

    references: References
    base: Base | None
    plans_folder: str
    protected: frozenset[BranchName]
    stalled_after: int
    judge_afresh: bool = False


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
    ports: TriagePorts, location: RepositoryLocation, find_context: Callable[[], TriageContext]
) -> Triage:
    """Look at everything once and join it.

    The statuses of the worktrees take longest. They are determined in the background from the very beginning,
    while ``find_context`` reads references and configuration, and history is read.
    """
    worktrees = ports.git_folders.worktrees(location)
    statuses = ports.porcelain.start_statuses([worktree for worktree in worktrees if worktree.readable])
    context = find_context()
    ports.progress.step("reading plans")
    plans = ports.store.list_plans()
    ports.progress.step("reading history")
    survey = _survey(ports, context)
    with_text, warnings = _plans_with_text(ports, plans, worktrees, context)
    signals = _signals(ports, plans, worktrees, context)
    decisions, problems = _undecided(ports.store, plans)
    ports.progress.step("waiting for git status")
    situation = Situation(
        plans=plans,
        remarks=ports.store.remarks(),
        plans_with_text=with_text,
        branches=survey.branches,
        worktrees=worktrees,
        dirt=statuses.collect(signal_folders(context.plans_folder)),
        base=context.base.name if context.base else None,
        protected=context.protected,
        now=ports.clock.now(),
        stalled_after=context.stalled_after,
        waiting=signals.waiting,
        rejected=signals.rejected,
        changed_texts=_changed_texts(ports, plans, worktrees, context),
        undecided=decisions,
    )
    ports.progress.done()
    remarks = [f"{remark.text}." for remark in situation.remarks if remark.plan is None]
    warnings = [*remarks, *survey.warnings, *warnings, *signals.warnings, *problems]
    rows = _with_next_steps(triage_rows(situation), context.base, location.main_worktree)
    return Triage(rows, context.base, location.main_worktree, warnings)


def _with_next_steps(rows: Sequence[Row], base: Base | None, main_worktree: str | None) -> Sequence[TriageRow]:
    return [TriageRow(row, next_step(row, base, main_worktree)) for row in rows]


def _survey(ports: TriagePorts, context: TriageContext) -> Survey:
    if context.judge_afresh:  # by who is about to remove, to whom it does not matter what could be merged
        compare = afresh(ports.comparison, merges=False)
    else:
        compare = remembering(ports.comparison)
    return survey_branches(ports.repository, context.references, context.base, compare)


@dataclass(frozen=True, slots=True)
class _Signals:
    """What there is to say about signals: by plan, and beside the plans."""

    waiting: Mapping[PlanName, Sequence[str]]
    rejected: Mapping[PlanName, Sequence[str]]
    warnings: Sequence[str]


def _signals(
    ports: TriagePorts, plans: Sequence[Plan], worktrees: Sequence[Worktree], context: TriageContext
) -> _Signals:
    listed, problems = list_signals(ports.signal_box, signal_places(worktrees, context.plans_folder))
    known = {plan.filename for plan in plans}
    waiting: dict[PlanName, list[str]] = {}
    rejected: dict[PlanName, list[str]] = {}
    others = 0
    for signal in listed:
        if signal.plan not in known or signal.plan is None:
            others += 1
        elif signal.state is SignalState.REJECTED:
            rejected.setdefault(signal.plan, []).append(f"{signal.event}: {signal.reason}")
        else:
            waiting.setdefault(signal.plan, []).append(signal.event)
    files = f"{others} file lies" if others == 1 else f"{others} files lie"
    about = f"{files} in signal folders that concerns no plan of the list; see 'git kas signals list'."
    return _Signals(waiting, rejected, [*problems, *([about] if others else [])])


def _undecided(store: Store, plans: Sequence[Plan]) -> tuple[Mapping[PlanName, str], Sequence[str]]:
    """What people have to decide about, by plan; and what is stored about others and cannot be understood."""
    found: dict[PlanName, str] = {}
    problems: list[str] = []
    for plan in plans:
        if plan.status not in IN_WORK:
            continue
        try:
            run = store.get_run(plan.filename)
            why = undecided(plan, decode_run(run.document)) if run else ""
        except NotFound:  # somebody has removed it since
            continue
        except StoreCorrupt as error:
            problems.append(f"{plan.filename}: {error.message}")
            continue
        if why:
            found[plan.filename] = why
    return found, problems


def _changed_texts(
    ports: TriagePorts, plans: Sequence[Plan], worktrees: Sequence[Worktree], context: TriageContext
) -> Mapping[PlanName, str]:
    """Plans whose working copy, in their own worktree or else the main one, is not what the store holds."""
    readable = [worktree for worktree in worktrees if worktree.readable]
    main = [worktree.path for worktree in readable if worktree.is_main]
    by_branch = {worktree.branch: worktree.path for worktree in readable if worktree.branch}
    changed: dict[PlanName, str] = {}
    for plan in plans:
        if not plan.content_id or plan.status in FINISHED:
            continue
        own = by_branch.get(plan.branch_name() or plan.filename.default_branch)
        for worktree in dict.fromkeys([*([own] if own else []), *main]):
            digest = ports.plan_files.digest(worktree, context.plans_folder, plan.filename)
            if digest is not None:
                if digest != plan.content_id:
                    changed[plan.filename] = f"{worktree}/{context.plans_folder}/{plan.filename}"
                break
    return changed


def _plans_with_text(
    ports: TriagePorts, plans: Sequence[Plan], worktrees: Sequence[Worktree], context: TriageContext
) -> tuple[frozenset[PlanName], list[str]]:
    """The plans whose text is in any worktree, in the base, or on the plan's branch."""
    paths = [worktree.path for worktree in worktrees if worktree.readable]
    on_disk = frozenset[str]().union(*ports.plan_files.names(paths, context.plans_folder).values())
    found = {plan.filename for plan in plans if plan.filename in on_disk}
    tips = {branch.name: branch.tip for branch in context.references.branches if branch.tip}
    bases = context.base.tips if context.base else ()
    asked: list[tuple[PlanName, ObjectId]] = []
    for plan in plans:
        if plan.filename not in found:
            branch = plan.branch_name() or plan.filename.default_branch
            commits = {*bases, *([tips[branch]] if branch in tips else [])}
            asked += [(plan.filename, commit) for commit in sorted(commits)]
    candidates = [(commit, f"{context.plans_folder}/{name}") for name, commit in asked]
    try:
        answers = ports.repository.existing_paths(candidates)
    except ProgramFailed as error:
        return frozenset(plan.filename for plan in plans), [error.message]
    found |= {name for (name, _), exists in zip(asked, answers, strict=True) if exists}
    return frozenset(found), []
