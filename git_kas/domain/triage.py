"""Joining plans, branches and worktrees into one row each, with flags for what deserves a look (DESIGN 8)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from git_kas.domain.branch import BranchSurvey, Verdict
from git_kas.domain.lifecycle import FINISHED, IN_WORK, Status, StatusWord, UnknownStatus
from git_kas.domain.names import BranchName, PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.state_file import Remark, RemarkKind
from git_kas.domain.task_merges import plan_branch_of
from git_kas.domain.worktree import Dirt, FolderState, Worktree

SECONDS_PER_DAY = 86_400


class Flag(StrEnum):
    """Something about a row that deserves a look."""

    OPERATION = "operation"
    CONFLICTED = "conflicted"
    MISSING_WORKTREE = "missing_worktree"
    MOVED_WORKTREE = "moved_worktree"
    FOREIGN_FOLDER = "foreign_folder"
    UNREADABLE_WORKTREE = "unreadable_worktree"
    LOCK_FILE = "lock_file"
    LOCKED = "locked"
    DETACHED = "detached"
    NO_COMMIT = "no_commit"
    NO_BRANCH = "no_branch"
    NO_PLAN = "no_plan"
    TASK_BRANCH = "task_branch"
    SHARED_BRANCH = "shared_branch"
    FINISHED_WORKTREE = "finished_worktree"
    BASE_CONFLICTS = "base_conflicts"
    STALLED = "stalled"
    SIGNALS_WAITING = "signals_waiting"
    SIGNALS_REJECTED = "signals_rejected"
    UNDECIDED = "undecided"
    TEXT_CHANGED = "text_changed"
    STATE_FILE_DIFFERS = "state_file_differs"
    MISSING_PLAN_FILE = "missing_plan_file"
    GONE_UPSTREAM = "gone_upstream"
    LEGACY_STATUS = "legacy_status"
    AMBIGUOUS_DONE = "ambiguous_done"
    UNKNOWN_STATUS = "unknown_status"
    PROTECTED = "protected"


FLAG_MEANINGS: Mapping[Flag, str] = {
    Flag.OPERATION: "a rebase, merge, cherry-pick, revert, am or bisect was begun here and not finished",
    Flag.CONFLICTED: "paths have unresolved conflicts",
    Flag.MISSING_WORKTREE: "the worktree is registered, but its folder is not there",
    Flag.MOVED_WORKTREE: "the worktree's folder was moved without telling Git",
    Flag.FOREIGN_FOLDER: "what lies at the worktree's path does not belong to this worktree",
    Flag.UNREADABLE_WORKTREE: "git status failed in the worktree, so dirty is not known",
    Flag.LOCK_FILE: "a Git lock file is there: a Git process is at work or has died",
    Flag.LOCKED: "the worktree is locked (git worktree lock)",
    Flag.DETACHED: "the worktree has no branch checked out",
    Flag.NO_COMMIT: "the branch does not lead to a commit that is here",
    Flag.NO_BRANCH: "the plan is in implementation or review and its branch does not exist",
    Flag.NO_PLAN: "no plan belongs to the branch",
    Flag.TASK_BRANCH: "an agent's branch for one task of a plan, which is merged into the plan's",
    Flag.SHARED_BRANCH: "several plans name this branch, or would get it because they name none",
    Flag.FINISHED_WORKTREE: "the plan is done or cancelled and still has a worktree",
    Flag.BASE_CONFLICTS: "the branch has not landed, and merging it into the base as it is now would stop at "
    "conflicts",
    Flag.STALLED: "the plan is in work and nothing was committed for longer than kas.stalledAfter",
    Flag.SIGNALS_WAITING: "an agent has left signals about the plan that were not applied yet",
    Flag.SIGNALS_REJECTED: "signals about the plan were not applied; their texts are kept with the reason",
    Flag.UNDECIDED: "jobs of the plan did not go well, or it had too many reviews: people decide",
    Flag.TEXT_CHANGED: "the plan's text in its worktree (else the main one) is not the one the store holds",
    Flag.STATE_FILE_DIFFERS: "the earlier system's plan-state.json has changed since it was imported, and says "
    "something else",
    Flag.MISSING_PLAN_FILE: "the plan's text is in no worktree, not in the base, not on its branch, and "
    "not in the store",
    Flag.GONE_UPSTREAM: "the branch tracks a remote branch that no longer exists",
    Flag.LEGACY_STATUS: "the stored status is a word of the earlier system",
    Flag.AMBIGUOUS_DONE: "'done' in a flat file of the earlier system may have meant 'to be reviewed'",
    Flag.UNKNOWN_STATUS: "the stored status is no status; no transition is possible from it",
    Flag.PROTECTED: "the branch is protected by configuration",
}

_FLAG_ORDER = {flag: position for position, flag in enumerate(Flag)}

# Flags that inform and by themselves do not keep a finished plan on the list.
_QUIET_FLAGS = frozenset({Flag.LEGACY_STATUS, Flag.PROTECTED, Flag.MISSING_PLAN_FILE})


@dataclass(frozen=True, slots=True)
class Situation:
    """All that triage looks at, already read.

    ``dirt`` is keyed by worktree path. ``plans_with_text`` names the plans whose file was found,
    ``changed_texts`` the files that are not what the store holds. ``waiting`` and ``rejected`` are the words
    and reasons of signals, ``undecided`` says what people have to decide about. ``now`` is in seconds since
    1970 (UTC), ``stalled_after`` in days.
    """

    plans: Sequence[Plan]
    remarks: Sequence[Remark]
    plans_with_text: frozenset[PlanName]
    branches: Sequence[BranchSurvey]
    worktrees: Sequence[Worktree]
    dirt: Mapping[str, Dirt]
    base: BranchName | None
    protected: frozenset[BranchName]
    now: int
    stalled_after: int
    waiting: Mapping[PlanName, Sequence[str]] = field(default_factory=dict)
    rejected: Mapping[PlanName, Sequence[str]] = field(default_factory=dict)
    changed_texts: Mapping[PlanName, str] = field(default_factory=dict)
    undecided: Mapping[PlanName, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One plan, branch or worktree and where it stands.

    ``branch`` may be one that the plan names and that does not exist; then ``survey`` is None. ``notes`` gives
    each flag with its evidence, which may be empty.
    """

    plan: Plan | None = None
    branch: BranchName | None = None
    survey: BranchSurvey | None = None
    is_base: bool = False
    worktree: Worktree | None = None
    dirt: Dirt | None = None
    notes: tuple[tuple[Flag, str], ...] = ()

    @property
    def status(self) -> StatusWord | None:
        """The plan's status."""
        return self.plan.status if self.plan else None

    @property
    def flags(self) -> tuple[Flag, ...]:
        """The flags without their evidence."""
        return tuple(flag for flag, _ in self.notes)

    @property
    def verdict(self) -> Verdict | None:
        """The judgement on the branch; None for the base itself and where there is no branch."""
        return self.survey.verdict if self.survey and not self.is_base else None

    @property
    def last_commit(self) -> int | None:
        """When the branch's tip was committed, in seconds since 1970 (UTC)."""
        return self.survey.branch.committed_at if self.survey else None

    @property
    def uncommitted(self) -> int | None:
        """How many paths in the worktree no commit holds; None where that is not known."""
        if self.dirt is None or self.dirt.problem:
            return None
        return self.dirt.changed + self.dirt.untracked

    @property
    def settled(self) -> bool:
        """Whether this is a finished plan of which nothing is left to look at."""
        return (
            self.status in FINISHED
            and self.survey is None
            and self.worktree is None
            and _QUIET_FLAGS.issuperset(self.flags)
        )

    @property
    def name(self) -> str:
        """What a person would call the row: its plan, else its branch, else its worktree's path."""
        if self.plan:
            return self.plan.filename
        return self.branch or (self.worktree.path if self.worktree else "")


def triage_rows(situation: Situation) -> list[Row]:
    """One row for each plan, then each branch without a plan, then each worktree that is on no row yet."""
    return list(_Join(situation).rows())


class _Join:
    """One run over a situation."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._surveys = {survey.branch.name: survey for survey in situation.branches}
        self._worktrees: dict[BranchName, list[Worktree]] = {}
        for worktree in situation.worktrees:
            if worktree.branch:
                self._worktrees.setdefault(worktree.branch, []).append(worktree)
        self._remarks = {(remark.plan, remark.kind): remark.text for remark in situation.remarks}
        self._stored = {branch for plan in situation.plans if (branch := plan.branch_name())}
        self._defaults = Counter(plan.filename.default_branch for plan in situation.plans if not plan.branch)
        self._branch_of = {plan.filename: self._branch_of_plan(plan) for plan in situation.plans}
        self._claims = Counter(branch for branch in self._branch_of.values() if branch)

    def rows(self) -> Iterator[Row]:
        situation = self._situation
        for plan in situation.plans:
            branch = self._branch_of[plan.filename]
            yield self._row(plan, branch, self._first_worktree(branch))
        for survey in situation.branches:
            if survey.branch.name not in self._claims:
                yield self._row(None, survey.branch.name, self._first_worktree(survey.branch.name))
        for worktree in situation.worktrees:
            shown = worktree.branch in self._claims or worktree.branch in self._surveys
            if not shown or worktree is not self._first_worktree(worktree.branch):
                yield self._row(None, worktree.branch, worktree)

    def _branch_of_plan(self, plan: Plan) -> BranchName | None:
        stored = plan.branch_name()
        if stored or plan.branch:
            return stored
        default = plan.filename.default_branch
        return default if default in self._surveys and not self._is_contested(default) else None

    def _is_contested(self, default: BranchName) -> bool:
        """Whether a plan that names no branch cannot simply take its default one."""
        return default in self._stored or self._defaults[default] > 1

    def _first_worktree(self, branch: BranchName | None) -> Worktree | None:
        return self._worktrees.get(branch, [None])[0] if branch else None

    def _row(self, plan: Plan | None, branch: BranchName | None, worktree: Worktree | None) -> Row:
        row = Row(
            plan=plan,
            branch=branch,
            survey=self._surveys.get(branch) if branch else None,
            is_base=branch is not None and branch == self._situation.base,
            worktree=worktree,
            dirt=self._situation.dirt.get(worktree.path) if worktree else None,
        )
        found = (*self._worktree_notes(row), *self._branch_notes(row), *self._plan_notes(row))
        return replace(row, notes=tuple(sorted(found, key=lambda note: _FLAG_ORDER[note[0]])))

    def _worktree_notes(self, row: Row) -> Iterator[tuple[Flag, str]]:
        worktree = row.worktree
        if worktree is None:
            return
        yield from _folder_notes(worktree, row.dirt)
        if worktree.operations:
            yield Flag.OPERATION, ", ".join(worktree.operations)
        if worktree.lock_files:
            yield Flag.LOCK_FILE, ", ".join(worktree.lock_files)
        if worktree.locked:
            yield Flag.LOCKED, worktree.lock_reason
        if worktree.head and not worktree.branch:
            yield Flag.DETACHED, worktree.head
        if row.status in FINISHED and not worktree.is_main:
            yield Flag.FINISHED_WORKTREE, ""

    def _branch_notes(self, row: Row) -> Iterator[tuple[Flag, str]]:
        if row.branch and row.branch in self._situation.protected:
            yield Flag.PROTECTED, ""
        if row.survey is None:
            return
        if row.survey.branch.tip is None:
            yield Flag.NO_COMMIT, ""
        if row.survey.upstream and row.survey.upstream.gone:
            yield Flag.GONE_UPSTREAM, row.survey.upstream.ref
        if row.verdict and row.verdict.conflicts:
            yield Flag.BASE_CONFLICTS, ""
        named = row.is_base or row.branch in self._situation.protected or row.branch in self._claims
        if row.plan is not None or named:
            return
        whole = plan_branch_of(row.branch) if row.branch else None
        plans = [name for name, branch in self._branch_of.items() if branch and branch == whole]
        yield (Flag.TASK_BRANCH, ", ".join(plans)) if plans else (Flag.NO_PLAN, "")

    def _plan_notes(self, row: Row) -> Iterator[tuple[Flag, str]]:
        plan = row.plan
        if plan is None:
            return
        if plan.status in {Status.IMPLEMENTING, Status.REVIEWING} and row.survey is None:
            yield Flag.NO_BRANCH, row.branch or plan.branch
        if row.branch and self._claims[row.branch] > 1:
            others = (name for name, branch in self._branch_of.items() if branch == row.branch)
            yield Flag.SHARED_BRANCH, ", ".join(name for name in others if name != plan.filename)
        elif not plan.branch and self._is_contested(plan.filename.default_branch):
            yield Flag.SHARED_BRANCH, plan.filename.default_branch
        if (days := self._days_stalled(row)) is not None:
            yield Flag.STALLED, f"{days} days"
        yield from self._text_and_signal_notes(plan)
        if legacy := self._remarks.get((plan.filename, RemarkKind.LEGACY_STATUS)):
            yield Flag.LEGACY_STATUS, legacy
        if doubt := self._remarks.get((plan.filename, RemarkKind.AMBIGUOUS_DONE)):
            yield Flag.AMBIGUOUS_DONE, doubt
        if isinstance(plan.status, UnknownStatus):
            yield Flag.UNKNOWN_STATUS, str(plan.status)

    def _text_and_signal_notes(self, plan: Plan) -> Iterator[tuple[Flag, str]]:
        situation, name = self._situation, plan.filename
        if waiting := situation.waiting.get(name):
            yield Flag.SIGNALS_WAITING, ", ".join(waiting)
        if rejected := situation.rejected.get(name):
            yield Flag.SIGNALS_REJECTED, "; ".join(rejected)
        if name in situation.undecided:
            yield Flag.UNDECIDED, situation.undecided[name]
        if name in situation.changed_texts:
            yield Flag.TEXT_CHANGED, situation.changed_texts[name]
        if differing := self._remarks.get((name, RemarkKind.DIFFERENT_ELSEWHERE)):
            yield Flag.STATE_FILE_DIFFERS, differing
        if name not in situation.plans_with_text and not plan.content_id:
            yield Flag.MISSING_PLAN_FILE, ""

    def _days_stalled(self, row: Row) -> int | None:
        """Whole days since the last commit of a plan in work; None where that is not longer than it may be."""
        if row.status not in IN_WORK or row.last_commit is None or not (row.survey and row.survey.ahead):
            return None  # without commits of its own the tip's date says nothing about the plan
        seconds = self._situation.now - row.last_commit
        return seconds // SECONDS_PER_DAY if seconds > self._situation.stalled_after * SECONDS_PER_DAY else None


def _folder_notes(worktree: Worktree, dirt: Dirt | None) -> Iterator[tuple[Flag, str]]:
    if worktree.moved_to:
        yield Flag.MOVED_WORKTREE, worktree.moved_to
    elif worktree.folder is FolderState.MISSING:
        yield Flag.MISSING_WORKTREE, worktree.path
    elif worktree.folder is FolderState.FOREIGN:
        yield Flag.FOREIGN_FOLDER, worktree.path
    if dirt and dirt.conflicts:
        yield Flag.CONFLICTED, f"{dirt.conflicts} paths"
    if dirt and dirt.problem:
        yield Flag.UNREADABLE_WORKTREE, dirt.problem
