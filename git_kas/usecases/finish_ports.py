"""What finishing reaches the world through, what it is asked for, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from git_kas.domain.finish import Choice, Strategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.base import Base
    from git_kas.domain.location import ConfigEntries, RepositoryLocation
    from git_kas.domain.mutation import Author
    from git_kas.domain.names import BranchName, ObjectId, PlanName
    from git_kas.errors import KasError
    from git_kas.ports.clock import Clock
    from git_kas.ports.commands import Commands
    from git_kas.ports.files import Scratch
    from git_kas.ports.git import GitFolderReader, Porcelain
    from git_kas.ports.operations import OperationJournal
    from git_kas.ports.progress import Progress
    from git_kas.ports.signals import SignalBox
    from git_kas.ports.store import Store
    from git_kas.usecases.plan_texts import TextPlaces


class Landed(NamedTuple):
    """A branch whose work is where it was to go: what may be removed, and what proves it.

    ``tip`` is the branch's, and ``worktree`` the path of its worktree, empty without one. ``landed_at`` is the
    commit of ``base`` that was read again after landing, None where a forge has proved it.
    """

    branch: BranchName
    tip: ObjectId
    worktree: str
    base: BranchName
    landed_at: ObjectId | None


class RemoveLanded(Protocol):
    """Removes a worktree and its branch by cleanup's safe path."""

    def __call__(self, operation: str, plan: PlanName, landed: Landed) -> Sequence[str]:
        """Remove what may be removed, recording it in the begun ``operation``: clauses on what was kept.

        The worktree may be one in which waves of ``plan`` are driven. The caller holds the journal's lock.
        To ask again for what is gone already does nothing.
        """


@dataclass(frozen=True, slots=True)
class FinishPorts:
    """What finishing works through. Without ``remove``, branch and worktree are left."""

    store: Store
    porcelain: Porcelain
    git_folders: GitFolderReader
    signal_box: SignalBox
    commands: Commands
    scratch: Scratch
    journal: OperationJournal
    clock: Clock
    progress: Progress
    remove: RemoveLanded | None = None


@dataclass(frozen=True, slots=True)
class FinishScope:
    """Where finishing happens, and by whom. ``test_command`` is empty without one."""

    location: RepositoryLocation
    base: Base | None
    plans_folder: str
    texts: TextPlaces
    author: Author
    config: ConfigEntries
    test_command: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. ``cleanup`` says whether branch and worktree go when the work has landed."""

    plan: PlanName
    choice: Choice
    strategy: Strategy = Strategy.NO_FF
    draft: bool = False
    cleanup: bool = True


class CheckName(StrEnum):
    """What is looked at before anything is changed."""

    STATUS = "status"
    BRANCH = "branch"
    COMMITS = "commits"
    WORKTREE = "worktree"
    SIGNALS = "signals"
    BASE = "base"
    TRIAL = "trial"
    REMOTE = "remote"
    TESTS = "tests"


CHECK_MEANINGS = {
    CheckName.STATUS: "the plan is implementing or reviewing",
    CheckName.BRANCH: "the plan's branch exists, and is neither the base nor another open plan's",
    CheckName.COMMITS: "the branch has commits that the base lacks",
    CheckName.WORKTREE: "the branch's worktree is clean, untracked files count, and nothing is begun there",
    CheckName.SIGNALS: "no signal about the plan waits to be applied",
    CheckName.BASE: (
        "the base exists here; where it is checked out, no tracked file is changed, nothing begun, and no "
        "untracked or ignored file is in the way"
    ),
    CheckName.TRIAL: "branch and base merge without conflict, tried where it leaves no object behind",
    CheckName.REMOTE: "there is a remote to push to",
    CheckName.TESTS: "the test command, if one is configured, succeeds in the branch's worktree",
}


class Check(NamedTuple):
    """A check: what was found, and the refusal if it failed."""

    name: CheckName
    text: str
    problem: KasError | None = None


class State(StrEnum):
    """How far it has come."""

    PLANNED = "planned"
    WAITING = "waiting"
    DONE = "done"
    ABORTED = "aborted"


STATE_MEANINGS = {
    State.PLANNED: "nothing was done; this is what would be",
    State.WAITING: "the pull request is not merged yet; `--continue` goes on when it is",
    State.DONE: "the plan is done",
    State.ABORTED: "what was begun was taken back, as far as it could be",
}


@dataclass(frozen=True, slots=True)
class PullRequestShown:
    """The pull request, for people."""

    number: int
    url: str
    state: str


@dataclass(slots=True)
class Finish:
    """The answer. ``did`` are sentences on what was done, or would be if it is only planned.

    ``left`` are sentences on what was not.
    """

    state: State
    plan: PlanName
    choice: Choice
    operation: str | None = None
    strategy: Strategy | None = None
    branch: str = ""
    base: str = ""
    from_status: str = ""
    to_status: str = ""
    landed_at: str = ""
    pull_request: PullRequestShown | None = None
    checks: list[Check] = field(default_factory=list)
    did: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
