"""Finishing a plan: what may be finished, in which ways, and how far an operation has come (DESIGN 8)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.errors import InvalidName, InvalidTransition, StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.plan import Plan

FINISH: Final = "finish"
"""The kind of these operations in the journal."""


class Choice(StrEnum):
    """What becomes of the branch of a finished plan."""

    MERGE = "merge"
    PULL_REQUEST = "pr"
    KEEP = "keep"


CHOICE_MEANINGS: Final[Mapping[Choice, str]] = {
    Choice.MERGE: "merge the branch into the base here, then remove it and its worktree",
    Choice.PULL_REQUEST: "push the branch and ask for a pull request; the rest follows when that is merged",
    Choice.KEEP: "mark the plan done, and leave branch and worktree as they are",
}


class Strategy(StrEnum):
    """How a branch is merged into the base."""

    FF = "ff"
    NO_FF = "no-ff"
    SQUASH = "squash"
    REBASE = "rebase"


STRATEGY_MEANINGS: Final[Mapping[Strategy, str]] = {
    Strategy.FF: "move the base forward to the branch; refused where the base has commits of its own",
    Strategy.NO_FF: "make a merge commit, even where moving forward would do",
    Strategy.SQUASH: "make one commit of all that the branch changes",
    Strategy.REBASE: "copy the branch's commits onto the base, then move the base forward",
}


class Stage(StrEnum):
    """A part of finishing that is recorded: the intent before it, the fact behind it."""

    WORKTREE = "worktree"
    REBASE = "rebase"
    LAND = "land"
    BRANCH = "branch"
    PUSH = "push"
    REQUEST = "request"
    REVIEW = "review"
    DONE = "done"
    TIDY = "tidy"
    CLEANUP = "cleanup"
    ABORT = "abort"
    END = "end"


_WAYS_OUT: Final[Mapping[Status, str]] = {
    Status.READY: "Begin it: 'git kas plan transition {plan} implement_start'.",
    Status.PLANNING: "End planning first: 'git kas plan transition {plan} planner_finished'.",
    Status.CANCELLED: "To take it up again: 'git kas plan transition {plan} reopen'.",
}


def finishing_events(plan: Plan) -> tuple[Event, ...]:
    """The events that lead a plan from where it stands to done; none if a reviewer has said so already.

    Raises:
        InvalidTransition: a plan of this status cannot be finished; the next step is the way out.
    """
    if plan.status is Status.REVIEWING:
        return (Event.REVIEW_APPROVED,)
    if plan.status is Status.IMPLEMENTING:
        return (Event.IMPLEMENT_FINISHED, Event.REVIEW_APPROVED)
    if plan.status is Status.DONE:
        return ()
    known = isinstance(plan.status, Status)
    way = _WAYS_OUT[Status(plan.status)] if known else "'git kas plan set-status' gives it a known status."
    raise InvalidTransition(
        f"{plan.filename} is {plan.status}; only implementing, reviewing and done plans can be finished.",
        next_step=way.format(plan=plan.filename.key),
    )


def reviewing_events(plan: Plan) -> tuple[Event, ...]:
    """The events that lead a plan which may be finished to reviewing; none if it is there."""
    return finishing_events(plan)[:-1]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of finish, and what it found: the first step of the operation.

    ``tip`` and ``base_tip`` are where the branch and the local base stood; empty where a plan is only marked
    done. ``worktree`` is the branch's, empty without one. ``message`` is for the commit that is made,
    ``title`` and ``body`` are for the pull request. ``cleanup`` says whether branch and worktree are to go.
    """

    plan: str
    choice: str
    branch: str = ""
    tip: str = ""
    base: str = ""
    base_tip: str = ""
    strategy: str = ""
    worktree: str = ""
    message: str = ""
    title: str = ""
    body: str = ""
    remote: str = ""
    draft: bool = False
    cleanup: bool = True

    @property
    def plan_name(self) -> PlanName:
        """The plan."""
        return PlanName(self.plan)

    @property
    def branch_name(self) -> BranchName:
        """The plan's branch."""
        return BranchName(self.branch)

    @property
    def base_name(self) -> BranchName:
        """The base branch."""
        return BranchName(self.base)

    @property
    def branch_tip(self) -> ObjectId:
        """Where the branch stood."""
        return ObjectId(self.tip)


def encode_asked(asked: Asked) -> dict[str, Any]:
    """As a step of the journal."""
    return asdict(asked)


class Progress:
    """How far an operation has come, as its steps tell."""

    def __init__(self, operation: str, steps: Sequence[Mapping[str, Any]]) -> None:
        self.operation = operation
        self.asked = _decode_asked(operation, steps)
        self._intents: dict[str, Mapping[str, Any]] = {}
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._stopped: dict[str, Mapping[str, Any]] = {}
        self._ever_stopped: set[str] = set()
        for step in steps[1:]:
            self.add(step)

    def add(self, step: Mapping[str, Any]) -> None:
        """Take note of a step that was recorded."""
        if "intent" in step:
            self._intents[step["intent"]] = step
            self._stopped.pop(step["intent"], None)
        elif "fact" in step:
            self._facts[step["fact"]] = step
        elif "stopped" in step:
            self._stopped[step["stopped"]] = step
            self._ever_stopped.add(step["stopped"])

    def intent(self, stage: Stage) -> Mapping[str, Any] | None:
        """What was last intended, None if that was not begun."""
        return self._intents.get(stage)

    def fact(self, stage: Stage) -> Mapping[str, Any] | None:
        """What came of it, None if that is not known."""
        return self._facts.get(stage)

    def begun(self, stage: Stage) -> bool:
        """Whether it was begun."""
        return stage in self._intents

    def stopped(self, stage: Stage) -> Mapping[str, Any] | None:
        """How it was left to the user in the middle, to settle conflicts; None if it was not."""
        return self._stopped.get(stage)

    def was_stopped(self, stage: Stage) -> bool:
        """Whether it was ever left to the user, although it may have been begun anew since."""
        return stage in self._ever_stopped

    def done(self, stage: Stage) -> bool:
        """Whether it is known to be done."""
        return stage in self._facts

    @property
    def open(self) -> bool:
        """Whether something is left to do."""
        return not self.done(Stage.END)


def _decode_asked(operation: str, steps: Sequence[Mapping[str, Any]]) -> Asked:
    try:
        first = dict(steps[0])
        known = {name: first[name] for name in Asked.__slots__ if name in first}
        asked = Asked(**known)
        PlanName(asked.plan)
    except (IndexError, TypeError, InvalidName) as error:
        raise StoreCorrupt(
            f"The journal of the operation {operation} does not say what was asked.",
            next_step="'git status' in each worktree shows whether anything was left behind.",
        ) from error
    else:
        return asked
