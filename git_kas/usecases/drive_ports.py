"""What driving plans goes through, and how it is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.agents import Mode, Role
    from git_kas.domain.base import Base
    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.names import PlanName
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.agent_runs import AgentRuns
    from git_kas.ports.clock import Clock
    from git_kas.ports.files import PlanFiles
    from git_kas.ports.git import Porcelain
    from git_kas.ports.progress import Progress
    from git_kas.ports.runner import Runner
    from git_kas.ports.signals import SignalBox
    from git_kas.ports.store import Store

LEASE: Final = 900.0
"""Seconds for which a plan is claimed; nobody else drives it so long after its driver has died."""

RENEWAL: Final = 300.0
"""So many seconds before its end a claim is renewed."""

SYSTEM: Final = Author(Actor.SYSTEM, "watcher")


@dataclass(frozen=True, slots=True)
class DrivePorts:
    """What driving goes through; ``worktrees`` reads them anew each time."""

    store: Store
    box: SignalBox
    plan_files: PlanFiles
    runs: AgentRuns
    runner: Runner
    porcelain: Porcelain
    worktrees: Callable[[], Sequence[Worktree]]
    clock: Clock
    progress: Progress


class DriveSettings(NamedTuple):
    """How plans are driven.

    ``commands`` holds a shell command for each role that agents are started for. ``most_agents`` may work at
    the same time; one that works for more than ``longest_work`` seconds (0: no limit) is unknown. A job is
    tried again ``retries`` times by itself; after ``most_rounds`` reviews (0: no limit) a user has to decide.
    ``worktree_folder`` is where worktrees are made, relative to the main one. ``per_task``: each task gets a
    worktree and branch of its own.
    """

    commands: Mapping[Role, str]
    most_agents: int = 4
    longest_work: float = 0.0
    retries: int = 0
    most_rounds: int = 0
    worktree_folder: str = ".worktrees"
    per_task: bool = False


@dataclass(frozen=True, slots=True)
class DriveScope:
    """Where plans are driven, and by whom. ``template`` gives the prompt of a mode, and where it stands.

    ``base`` is the branch that new branches start at, None where there is none.
    """

    location: RepositoryLocation
    plans_folder: str
    owner: str
    settings: DriveSettings
    base: Callable[[], Base | None]
    template: Callable[[Mode], tuple[str, str]]


class Step(StrEnum):
    """What driving has done."""

    BEGUN = "begun"
    STARTED = "started"
    COMPLETE = "complete"
    MERGED = "merged"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RETRIED = "retried"
    STOPPED = "stopped"
    MOVED = "moved"
    APPLIED = "applied"
    REJECTED = "rejected"
    WAITING = "waiting"
    ENDED = "ended"


STEP_MEANINGS: Final[Mapping[Step, str]] = {
    Step.BEGUN: "a stage of the plan began",
    Step.STARTED: "an agent was started",
    Step.COMPLETE: "a job is complete",
    Step.MERGED: "the branch of a task was taken into the plan's branch",
    Step.FAILED: "a job failed, or could not be started",
    Step.UNKNOWN: "an agent has been at work for too long",
    Step.RETRIED: "a job that failed is tried again",
    Step.STOPPED: "an agent was asked to end",
    Step.MOVED: "the plan came into another status",
    Step.APPLIED: "a signal was applied",
    Step.REJECTED: "a signal was rejected; it is kept with its reason",
    Step.WAITING: "somebody has to decide how it goes on",
    Step.ENDED: "a stage of the plan is over",
}


class Happening(NamedTuple):
    """Something that was done. ``job`` is the id of a job, empty for what concerns the whole plan."""

    step: Step
    plan: PlanName | None
    job: str = ""
    detail: str = ""
