"""What cleanup looks at (DESIGN 8): the picture of triage, and all that stands in the way of removing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from git_kas.domain.janitor import Reason, ReasonCode, verdict_reason
from git_kas.domain.lifecycle import FINISHED
from git_kas.domain.task_merges import plan_branch_of
from git_kas.domain.timestamps import nanoseconds_of, timestamp
from git_kas.domain.triage import Flag
from git_kas.domain.worktree import FolderState
from git_kas.errors import KasError
from git_kas.usecases.cleanup import Candidates, CleanupRow, RowKind
from git_kas.usecases.cleanup_names import Names
from git_kas.usecases.inspect_worktrees import inspect_worktrees, lease_of
from git_kas.usecases.removal import BranchToRemove
from git_kas.usecases.shared_inspections import InspectingPorcelain, KnownInspections
from git_kas.usecases.triage import triage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.base import Base
    from git_kas.domain.branch import BranchSurvey
    from git_kas.domain.janitor import Inspection
    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.names import BranchName, ObjectId, PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.triage import Row
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.forge import Forge, PullRequest
    from git_kas.ports.store import StoreDescription
    from git_kas.usecases.cleanup import Asked
    from git_kas.usecases.inspect_worktrees import Inspected, InspectPorts
    from git_kas.usecases.removal import RemovalScope
    from git_kas.usecases.triage import TriageContext, TriagePorts

_LOCAL_STORES: Final = frozenset({"json", "memory"})
_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class CandidatePorts:
    """What is looked through. ``absolute`` makes an absolute path of one that a person gave."""

    triage: TriagePorts
    inspect: InspectPorts
    absolute: Callable[[str], str]
    open_forge: Callable[[], Forge]


def find_candidates(
    ports: CandidatePorts, scope: RemovalScope, asked: Asked, find_context: Callable[[], TriageContext]
) -> Candidates:
    """Look at everything once, as triage does, and at what would be lost.

    The context is asked for once, when the background work has begun.

    Raises:
        NotFound: there is nothing of a name in ``asked``.
    """
    worktrees = ports.triage.git_folders.worktrees(scope.location)
    linked = [worktree for worktree in worktrees if not worktree.is_main]
    watching = InspectingPorcelain(ports.triage.porcelain, ports.triage.porcelain.start_inspections(linked))
    contexts: list[TriageContext] = []

    def context() -> TriageContext:
        contexts.append(replace(find_context(), judge_afresh=asked.execute))
        return contexts[-1]

    seen = triage(replace(ports.triage, porcelain=watching), scope.location, context)
    picture = _Picture([row.row for row in seen.rows], worktrees, watching.found)
    return _Finder(ports, scope, asked, contexts[-1], picture).find(seen.warnings)


@dataclass(frozen=True, slots=True)
class _Picture:
    """What triage saw, all worktrees, and what was found in the linked ones, by path."""

    rows: Sequence[Row]
    worktrees: Sequence[Worktree]
    found: Mapping[str, Inspection]


class _Finder:
    """One run."""

    def __init__(
        self,
        ports: CandidatePorts,
        scope: RemovalScope,
        asked: Asked,
        context: TriageContext,
        picture: _Picture,
    ) -> None:
        self._ports = ports
        self._scope = scope
        self._asked = asked
        self._context = context
        self._rows = rows = picture.rows
        self._worktrees = picture.worktrees
        self._surveys: dict[BranchName, BranchSurvey] = {
            row.survey.branch.name: row.survey for row in rows if row.survey
        }
        self._led_to = {survey.branch.leads_to for survey in self._surveys.values()}
        self._plans = with_tasks(_plans_by_branch(rows), self._surveys)
        self._problems: list[str] = []
        self._found = picture.found
        self._now = ports.inspect.clock.now()
        self._time = timestamp(ports.inspect.clock.now_ns())

    def find(self, warnings: Sequence[str]) -> Candidates:
        names = Names(self._asked.names, self._rows, self._worktrees, self._plans, self._ports.absolute)
        kinds = self._asked.kinds
        worktrees = self._worktree_rows(names)
        going = {row.name for row in worktrees if row.goes and RowKind.WORKTREE in kinds}
        branches = list(self._branch_rows(names, going)) if RowKind.BRANCH in kinds else []
        going_branches = {row.name for row in branches if row.goes}
        rows = [
            *(worktrees if RowKind.WORKTREE in kinds else ()),
            *branches,
            *(self._plan_rows(names, going_branches) if RowKind.PLAN in kinds else ()),
        ]
        base = self._context.base
        return Candidates(
            rows=rows,
            unless_changed=_foundations(base) if base else {},
            plans_of={
                worktree.path: tuple(plan.filename for plan in self._plans.get(worktree.branch, ()))
                for worktree in self._worktrees
                if worktree.branch
            },
            warnings=[*warnings, *self._problems],
        )

    # -- worktrees ---------------------------------------------------------------------------------------------

    def _worktree_rows(self, names: Names) -> list[CleanupRow]:
        wanted = []
        for worktree in self._worktrees:
            if names.given:
                is_wanted = names.names_worktree(worktree)
            else:
                missing = worktree.folder is FolderState.MISSING
                is_wanted = not worktree.is_main and (missing or self._is_finished(worktree.branch))
            if is_wanted:
                wanted.append(worktree)
        plans = {
            worktree.path: [plan.filename for plan in self._plans.get(worktree.branch, ())]
            for worktree in wanted
            if worktree.branch
        }
        inspected = inspect_worktrees(
            self._ports.inspect,
            self._worktrees,
            plans,
            self._scope.plans_folder,
            only=wanted,
            pending=KnownInspections(self._found),
        )
        return [self._worktree_row(inspected[worktree.path], named=names.given) for worktree in wanted]

    def _worktree_row(self, inspected: Inspected, *, named: bool) -> CleanupRow:
        worktree, folder = inspected.facts.worktree, inspected.facts.folder
        plans = self._plans.get(worktree.branch, ()) if worktree.branch else ()
        found = [*inspected.reasons(self._scope.untouchable)]
        in_work = [plan.filename for plan in plans if plan.status not in FINISHED]
        if in_work and worktree.folder is not FolderState.MISSING:
            found.append(Reason(ReasonCode.PLAN_IN_WORK, ", ".join(in_work)))
        found += self._age_reasons(folder.used_at)
        kept = [reason for reason in found if reason.keeps(self._asked.accepted)]
        evidence = [f"branch {worktree.branch}" if worktree.branch else f"detached at {worktree.head}"]
        evidence += [f"plan {plan.filename} is {plan.status}" for plan in plans]
        if worktree.folder is FolderState.MISSING:
            evidence.append("its folder is not there")
        evidence += [f"accepted: {reason.text}" for reason in found if reason not in kept]
        readable = worktree.readable and not worktree.is_main
        return CleanupRow(
            RowKind.WORKTREE,
            worktree.path,
            plan=plans[0].filename if plans else None,
            reasons=tuple(kept),
            evidence=tuple(evidence),
            size=self._ports.inspect.trash.size(worktree.path) if readable else None,
            named=named,
            worktree=worktree,
        )

    # -- branches ----------------------------------------------------------------------------------------------

    def _branch_rows(self, names: Names, going: set[str]) -> Iterator[CleanupRow]:
        places: dict[BranchName, list[str]] = defaultdict(list)
        for worktree in self._worktrees:
            for name in worktree.held_branches:
                places[name].append(worktree.path)
        if self._scope.location.main_worktree is None:
            target = self._ports.triage.repository.symbolic_target("HEAD")
            for name in self._surveys:
                if name.ref == target:
                    places[name].append(self._scope.location.common_dir)
        base = self._context.base
        for name, survey in self._surveys.items():
            if names.given:
                is_wanted = name in names.branches
            else:
                gone = self._asked.remote and survey.upstream is not None and survey.upstream.gone
                over = gone or name not in self._plans or self._is_finished(name)
                is_base = base is not None and name == base.name
                is_wanted = over and not is_base and name not in self._scope.untouchable.protected
            if is_wanted:
                staying = [path for path in places[name] if path not in going]
                yield self._branch_row(survey, staying, named=names.given)

    def _branch_row(self, survey: BranchSurvey, places: Sequence[str], *, named: bool) -> CleanupRow:
        branch = survey.branch
        plans = self._plans.get(branch.name, ())
        found = list(self._scope.untouchable.reasons(branch.name))
        if places:
            found.append(Reason(ReasonCode.CHECKED_OUT, ", ".join(places)))
        if branch.leads_to or branch.name.ref in self._led_to:
            found.append(Reason(ReasonCode.SYMBOLIC))
        in_work = [plan.filename for plan in plans if plan.status not in FINISHED]
        gone = self._asked.remote and survey.upstream is not None and survey.upstream.gone
        if in_work and not gone:
            found.append(Reason(ReasonCode.PLAN_IN_WORK, ", ".join(in_work)))
        if judged := verdict_reason(survey.verdict):
            found.append(judged)
        found += self._age_reasons(branch.committed_at)
        if not found:  # asking the store or a forge costs more than all the rest
            leases = (lease_of(self._ports.inspect.store, plan.filename, self._time) for plan in plans)
            found += [Reason(ReasonCode.LEASE, lease) for lease in leases if lease]
            found += self._request_reasons(survey)
        kept = [reason for reason in found if reason.keeps(self._asked.accepted)]
        evidence = [*_evidence(survey), *(f"plan {plan.filename} is {plan.status}" for plan in plans)]
        evidence += [f"accepted: {reason.text}" for reason in found if reason not in kept]
        return CleanupRow(
            RowKind.BRANCH,
            branch.name,
            plan=plans[0].filename if plans else None,
            reasons=tuple(kept),
            evidence=tuple(evidence),
            named=named,
            branch=BranchToRemove(branch.name, branch.tip) if branch.tip else None,
        )

    def _request_reasons(self, survey: BranchSurvey) -> Iterator[Reason]:
        """Open pull requests into the branch; a branch that is on no remote has none, and nobody is asked."""
        upstream = survey.upstream
        if upstream is None or upstream.gone:
            return
        names = {str(survey.branch.name), upstream.ref.removeprefix("refs/remotes/").partition("/")[2]}
        for request in self._open_requests:
            if request.base in names:
                yield Reason(ReasonCode.REQUEST_BASE, request.url)

    @cached_property
    def _open_requests(self) -> Sequence[PullRequest]:
        try:
            return self._ports.open_forge().open_requests()
        except KasError as error:
            self._problems.append(f"Whether pull requests are open is not known: {error.message}")
            return ()

    # -- plans -------------------------------------------------------------------------------------------------

    def _plan_rows(self, names: Names, going: set[str]) -> Iterator[CleanupRow]:
        wanted: dict[PlanName, tuple[Plan, Row]] = {}
        for row in self._rows:
            plan = row.plan
            if plan is None or (names.given and plan.filename not in names.plans):
                continue
            textless = not plan.content_id and Flag.MISSING_PLAN_FILE in row.flags
            if plan.status in FINISHED and textless:
                wanted[plan.filename] = plan, row
        held = self._held_anywhere(list(wanted)) if wanted else {}
        for name, (plan, row) in wanted.items():
            yield replace(self._plan_row(plan, row, held[name], going), named=names.given)

    def _plan_row(self, plan: Plan, row: Row, holder: str, going: set[str]) -> CleanupRow:
        store = self._ports.inspect.store
        found = [Reason(ReasonCode.HAS_TEXT, holder)] if holder else []
        if row.survey and row.survey.branch.name not in going:
            found.append(Reason(ReasonCode.HAS_BRANCH, row.survey.branch.name))
        if Flag.SIGNALS_WAITING in row.flags:
            found.append(Reason(ReasonCode.SIGNALS))
        if not _is_local(store.describe(), self._scope.location):
            found.append(Reason(ReasonCode.SHARED_STORE))
        if self._asked.older_than is not None:
            entries = store.history(plan.filename)
            found += self._age_reasons(nanoseconds_of(entries[-1].time) // _NANOSECONDS if entries else None)
        return CleanupRow(
            RowKind.PLAN,
            plan.filename,
            plan=plan.filename,
            reasons=tuple(found),
            evidence=(f"is {plan.status}", "its text is in no worktree and no branch, and not in the store"),
            entry=plan,
        )

    def _held_anywhere(self, plans: Sequence[PlanName]) -> Mapping[PlanName, str]:
        """For each plan a branch that holds its text, local or remote-tracking; empty if none does."""
        references = self._context.references
        tips = {branch.name.ref: branch.tip for branch in references.branches if branch.tip}
        tips |= references.remote_branches
        asked = [(plan, ref, tip) for plan in plans for ref, tip in tips.items()]
        answers = self._ports.triage.repository.existing_paths(
            [(tip, f"{self._scope.plans_folder}/{plan}") for plan, _, tip in asked]
        )
        held = dict.fromkeys(plans, "")
        for (plan, ref, _), exists in zip(asked, answers, strict=True):
            if exists:
                held[plan] = ref
        return held

    def _is_finished(self, branch: BranchName | None) -> bool:
        """Whether the branch has plans, and all of them are done or cancelled."""
        plans = self._plans.get(branch, ()) if branch else ()
        return bool(plans) and all(plan.status in FINISHED for plan in plans)

    def _age_reasons(self, used_at: int | None) -> Iterator[Reason]:
        limit = self._asked.older_than
        if limit is not None and (used_at is None or self._now - used_at < limit):
            yield Reason(ReasonCode.TOO_YOUNG)


def with_tasks(
    plans: Mapping[BranchName, Sequence[Plan]], branches: Iterable[BranchName]
) -> Mapping[BranchName, Sequence[Plan]]:
    """The plans by branch, the branches of their tasks included, which nobody else has named."""
    tasks = {
        name: plans[whole]
        for name in branches
        if name not in plans and (whole := plan_branch_of(name)) and whole in plans
    }
    return {**plans, **tasks}


def _plans_by_branch(rows: Sequence[Row]) -> Mapping[BranchName, Sequence[Plan]]:
    """The plans that name a branch, or would get it because they name none."""
    found: dict[BranchName, list[Plan]] = defaultdict(list)
    for plan in (row.plan for row in rows if row.plan):
        branch = plan.branch_name() or (None if plan.branch else plan.filename.default_branch)
        if branch:
            found[branch].append(plan)
    return dict(found)


def _foundations(base: Base) -> Mapping[str, ObjectId]:
    found = {base.ref: base.tip}
    if base.upstream and base.upstream_tip:
        found[base.upstream] = base.upstream_tip
    return found


def _evidence(survey: BranchSurvey) -> Iterator[str]:
    verdict = survey.verdict
    words = [f"verdict {verdict.kind}", *([f"by {verdict.how}"] if verdict.how else [])]
    if verdict.landed_at:
        words.append(f"at {verdict.landed_at}")
    if verdict.now:
        words.append(f"now {verdict.now}")
    yield " ".join(words)
    if survey.ahead is not None:
        yield f"{survey.ahead} ahead, {survey.behind} behind"
    if survey.branch.tip:
        yield f"tip {survey.branch.tip}"
    if survey.upstream and survey.upstream.gone:
        yield f"upstream {survey.upstream.ref} is gone"


def _is_local(store: StoreDescription, location: RepositoryLocation) -> bool:
    """Whether nobody but this repository keeps plans in ``store``."""
    return store.kind in _LOCAL_STORES or store.place.startswith(f"{location.common_dir}/")
