"""The memory fake of :mod:`git_kas.ports.forge`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from git_kas.errors import AlreadyExists
from git_kas.ports.forge import PullRequest, RequestState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.names import BranchName, ObjectId
    from git_kas.errors import KasError
    from git_kas.ports.forge import NewPullRequest


@dataclass
class FakeForge:
    """Pull requests in memory; ``pushed`` maps branches to their tips, ``error`` is raised by everything."""

    pushed: Mapping[str, ObjectId] = field(default_factory=dict)
    requests: list[PullRequest] = field(default_factory=list)
    asked: list[NewPullRequest] = field(default_factory=list)
    error: KasError | None = None

    def create(self, asked: NewPullRequest) -> None:
        """See :class:`git_kas.ports.forge.Forge`."""
        self._fail()
        open_ = (request for request in self.requests if request.state is RequestState.OPEN)
        if any((request.head, request.base) == (asked.head, asked.base) for request in open_):
            raise AlreadyExists("There is an open pull request.", next_step="Look at it.")
        number = len(self.requests) + 1
        url = f"https://forge.invalid/pull/{number}"
        tip = self.pushed[asked.head]
        self.asked.append(asked)
        self.requests.append(
            PullRequest(number, url, RequestState.OPEN, asked.head, asked.base, tip, draft=asked.draft)
        )

    def find(self, head: BranchName) -> Sequence[PullRequest]:
        """See :class:`git_kas.ports.forge.Forge`."""
        self._fail()
        return [request for request in reversed(self.requests) if request.head == head]

    def open_requests(self) -> Sequence[PullRequest]:
        """See :class:`git_kas.ports.forge.Forge`."""
        self._fail()
        return [request for request in self.requests if request.state is RequestState.OPEN]

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error
