"""A forge: where branches are reviewed as pull requests."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.names import BranchName, ObjectId


class RequestState(StrEnum):
    """Where a pull request stands. One that waits in a merge queue is open."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class PullRequest(NamedTuple):
    """A pull request of this repository: from ``head``, at the commit ``head_id``, into ``base``.

    ``merge_commit`` is set once it is merged, where the forge says so. ``waits`` says whether it will be merged
    by itself when its checks have passed. Branches are as the forge names them.
    """

    number: int
    url: str
    state: RequestState
    head: str
    base: str
    head_id: ObjectId
    merge_commit: ObjectId | None = None
    draft: bool = False
    waits: bool = False


class NewPullRequest(NamedTuple):
    """What a pull request is made from; ``head`` has been pushed."""

    head: BranchName
    base: BranchName
    title: str
    body: str
    draft: bool = False


class Forge(Protocol):
    """The forge of one repository. Nothing is ever merged, closed or deleted through it.

    Every operation raises:
        NotAllowed: nobody is logged in, or who is may not do that.
        Busy: the forge has had too many questions for now.
        Unreachable: the forge cannot be reached.
        ProgramFailed: there is no program to reach it with, or its answer cannot be understood.
    """

    def create(self, asked: NewPullRequest) -> None:
        """Ask for a pull request.

        Raises:
            AlreadyExists: there is an open one from the same branch into the same base.
        """

    def find(self, head: BranchName) -> Sequence[PullRequest]:
        """All pull requests from the branch ``head`` of the repository itself, newest first."""

    def open_requests(self) -> Sequence[PullRequest]:
        """All open pull requests, those from other repositories included."""
