"""Judges all local branches in one pass over the history."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from git_kas.domain.base import Base, References
from git_kas.domain.branch import BranchSurvey, LocalBranch, UnknownReason, Upstream, Verdict, VerdictKind
from git_kas.domain.history import BaseHistory, Parents, own_commits
from git_kas.domain.names import ObjectId
from git_kas.domain.verdicts import unknown, verdict_inside_base, verdict_outside_base
from git_kas.errors import ProgramFailed
from git_kas.ports.git import Repository
from git_kas.usecases.compare_contents import Candidate


@dataclass(frozen=True, slots=True)
class Survey:
    """All local branches, judged, and what went wrong on the way."""

    branches: Sequence[BranchSurvey]
    warnings: Sequence[str] = ()


Compare: TypeAlias = Callable[[BaseHistory, Parents, Sequence[Candidate]], Mapping[ObjectId, Verdict]]
"""Judges branches outside a base by their contents, and says so by tip."""


def survey_branches(
    repository: Repository, references: References, base: Base | None, compare: Compare
) -> Survey:
    """Judge the local branches against ``base``; reads the history once."""
    branches, remote_branches = references.branches, references.remote_branches
    if base is None:
        return Survey(_unjudged(branches, remote_branches, UnknownReason.NO_BASE))
    tips = {branch.tip for branch in branches if branch.tip}
    tips |= {remote_branches[branch.upstream] for branch in branches if branch.upstream in remote_branches}
    try:
        parents = repository.parents(tips.union(base.tips))
    except ProgramFailed as error:
        return _survey_damaged(repository, references, base, compare, error)
    judge = _Judge(repository, base, parents, remote_branches)
    return judge.with_contents_compared([judge.survey(branch) for branch in branches], compare)


def _survey_damaged(
    repository: Repository, references: References, base: Base, compare: Compare, error: ProgramFailed
) -> Survey:
    """Read history branch by branch, so that one that is damaged takes the answer from no other."""
    unreadable = UnknownReason.HISTORY_UNREADABLE
    advice = "'git fsck' says what is missing."
    try:
        parents = dict(repository.parents(base.tips))
    except ProgramFailed:
        unjudged = _unjudged(references.branches, references.remote_branches, unreadable)
        return Survey(unjudged, [f"The base's history cannot be read: {error.message} {advice}"])
    readable = {commit for commit in references.remote_branches.values() if commit in parents}
    damaged: list[LocalBranch] = []
    for branch in references.branches:
        try:
            parents |= repository.parents([branch.tip] if branch.tip else [])
        except ProgramFailed:
            damaged.append(branch)
    pushed = {ref: tip for ref, tip in references.remote_branches.items() if tip in readable or tip in parents}
    judge = _Judge(repository, base, parents, pushed)
    surveys = [judge.survey(branch) for branch in references.branches if branch not in damaged]
    compared = judge.with_contents_compared(surveys, compare)
    unjudged = _unjudged(damaged, references.remote_branches, unreadable)
    names = ", ".join(branch.name for branch in damaged)
    return Survey(
        sorted([*compared.branches, *unjudged], key=lambda survey: survey.branch.name),
        [*compared.warnings, f"The history of {names} cannot be read: {error.message} {advice}"],
    )


def _unjudged(
    branches: Sequence[LocalBranch], remote_branches: Mapping[str, ObjectId], reason: UnknownReason
) -> list[BranchSurvey]:
    return [
        BranchSurvey(branch, unknown(reason), upstream=_unjudged_upstream(branch, remote_branches))
        for branch in branches
    ]


def _unjudged_upstream(branch: LocalBranch, remote_branches: Mapping[str, ObjectId]) -> Upstream | None:
    if not branch.upstream.startswith("refs/remotes/"):
        return None
    return Upstream(branch.upstream, gone=branch.upstream not in remote_branches)


def _is_open(survey: BranchSurvey) -> bool:
    return survey.verdict.reason is UnknownReason.CONTENT_NOT_COMPARED


def _evidence(verdict: Verdict) -> int:
    """How much a verdict against one base counts beside one against another."""
    return verdict.allows_removal + (verdict.kind is VerdictKind.LANDED)


class _Judge:
    """One pass: the base's history, prepared, and each branch against it."""

    def __init__(
        self, repository: Repository, base: Base, parents: Parents, remote_branches: Mapping[str, ObjectId]
    ) -> None:
        self._repository = repository
        self._parents = parents
        self._remote_branches = remote_branches
        self._base_names = base.names
        self._base = BaseHistory(base.tip, parents)
        self._bases = [self._base]
        if base.upstream_tip and base.upstream_tip not in self._base:
            self._bases.append(BaseHistory(base.upstream_tip, parents))

    def survey(self, branch: LocalBranch) -> BranchSurvey:
        if branch.tip is None:
            upstream = _unjudged_upstream(branch, self._remote_branches)
            return BranchSurvey(branch, unknown(UnknownReason.NO_COMMIT), upstream=upstream)
        own, boundary = own_commits(branch.tip, self._base, self._parents)
        return BranchSurvey(
            branch,
            self._verdict(branch, branch.tip, related=bool(boundary)),
            ahead=len(own),
            behind=len(self._base) - self._base.count_reachable(boundary),
            upstream=self._upstream(branch, own, boundary),
        )

    def _verdict(self, branch: LocalBranch, tip: ObjectId, *, related: bool) -> Verdict:
        containing = [base for base in self._bases if tip in base]
        if containing:
            return verdict_inside_base(tip, containing, self._repository.reflog(branch.name), self._base_names)
        related = related or any(own_commits(tip, base, self._parents)[1] for base in self._bases[1:])
        return verdict_outside_base(related=related, shallow=self._repository.is_shallow())

    def with_contents_compared(self, surveys: Sequence[BranchSurvey], compare: Compare) -> Survey:
        """The same, with verdicts on those that only their content can tell about."""
        tips = sorted({survey.branch.tip for survey in surveys if _is_open(survey) and survey.branch.tip})
        found: dict[ObjectId, Verdict] = {}
        try:
            for base in self._bases:
                for tip, verdict in compare(base, self._parents, self._candidates(base, tips)).items():
                    found[tip] = max(found.get(tip, verdict), verdict, key=_evidence)
        except ProgramFailed as error:
            return Survey(surveys, [f"The contents of branches cannot be compared: {error.message}"])
        return Survey(
            [
                replace(survey, verdict=found.get(survey.branch.tip, survey.verdict))
                if survey.branch.tip and _is_open(survey)
                else survey
                for survey in surveys
            ]
        )

    def _candidates(self, base: BaseHistory, tips: Sequence[ObjectId]) -> Sequence[Candidate]:
        candidates: list[Candidate] = []
        for tip in tips:
            own, boundary = own_commits(tip, base, self._parents)
            candidates.append(Candidate(tip, frozenset(own), frozenset(boundary)))
        return candidates

    def _upstream(self, branch: LocalBranch, own: set[ObjectId], boundary: set[ObjectId]) -> Upstream | None:
        upstream = _unjudged_upstream(branch, self._remote_branches)
        if upstream is None or upstream.gone:
            return upstream
        pushed, pushed_boundary = own_commits(self._remote_branches[upstream.ref], self._base, self._parents)
        both = self._base.count_reachable(boundary | pushed_boundary)
        unpushed = len(own - pushed) + both - self._base.count_reachable(pushed_boundary)
        return Upstream(upstream.ref, gone=False, unpushed=unpushed)
