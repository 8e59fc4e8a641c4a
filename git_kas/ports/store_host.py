"""A place that keeps the plans of many projects: what a server serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from git_kas.domain.ledger import Outcome
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.errors import KasError
    from git_kas.ports.clock import Clock
    from git_kas.ports.store import Store, StoreDescription
    from git_kas.ports.watch import Changes, Watch


class HostRequest(NamedTuple):
    """What a host plugin is opened with: the store's URL, the clock, and what tells of changes on disk."""

    url: str
    clock: Clock
    open_watch: Callable[[], Watch]


class Asked(NamedTuple):
    """A mutation of one project.

    ``repository`` is the root commit of whoever asks, empty where that is not known. The first commit that
    names one binds the project to it, in the same durable step; one that names another is refused afterwards.
    """

    project: str
    mutation: Mutation
    request: Request
    repository: str = ""


class Outage(Protocol):
    """A place is away for a moment, for the users of one URL alone."""

    @property
    def url(self) -> str:
        """The URL that those use; it names the same place as the one without outages."""

    def cut(self) -> int:
        """End their connections, whatever they do, as a restart of the place would; how many there were.

        Raises:
            Unreachable: the place is away in earnest.
        """


class Moment(NamedTuple):
    """A project at one moment: the number of its last commit, and a store that reads it and nothing newer."""

    change: int
    store: Store


class NotAtOnce(Exception):
    """It takes long, or nobody knows how long it takes."""


class StoreHost(Protocol):
    """Many projects in one place, from any thread.

    Every operation raises StoreCorrupt and Unreachable as those of :class:`~git_kas.ports.store.Store` do.
    """

    def describe(self) -> StoreDescription:
        """Say which place this is."""

    def projects(self) -> Sequence[str]:
        """The names of all projects that hold something, in bytewise order."""

    def change_of(self, project: str) -> int:
        """The number of the project's last commit, 0 before the first; never older than what was acknowledged.

        It is asked for every request, and costs next to nothing where the place allows.
        """

    def repository_of(self, project: str) -> str:
        """The root commit of the repository that the project is bound to, empty if there is none.

        Only a commit can change it, and only where there was none.
        """

    def recalled_change_of(self, project: str) -> int | None:
        """The same, if it can be said without waiting for anybody; None if not, which may always be."""

    def moment(self, project: str) -> AbstractContextManager[Moment]:
        """The project as of one moment that is not before now, for as long as the context is open."""

    def moment_at_once(self, project: str) -> AbstractContextManager[Moment | None]:
        """The same, for a thread that may not wait: None if that cannot be had, which may always be.

        Its store lists plans and reads them; it raises NotAtOnce where that would take long, and for texts.
        """

    def store(self, project: str) -> Store:
        """The store of one project; it shares the host's connections, and closing it does nothing."""

    def commit_all(self, asked: Sequence[Asked]) -> Sequence[Outcome | KasError]:
        """As :meth:`git_kas.ports.store.Store.commit_all`, over several projects at the price of one.

        What comes from a repository that the project is not bound to is refused with ProjectMismatch.
        """

    def keep_piece(self, project: str, piece: bytes) -> str:
        """Keep a piece of a request that is too large for one, for an hour or so; its SHA-256.

        It is no part of the project, and nothing else shows it.

        Raises:
            Busy: too much is kept for the project already.
        """

    def pieces(self, project: str, ids: Sequence[str]) -> Sequence[bytes]:
        """The pieces that were kept.

        Raises:
            NotFound: one of them is not, or not any more.
        """

    def drop_pieces(self, project: str, ids: Sequence[str]) -> None:
        """Keep these no longer; they may be gone already."""

    def watch(self) -> AbstractContextManager[Changes]:
        """Be told, without asking, that somebody has committed something, in whatever process.

        It is told when it can be seen. A host that only knows when it is about to be tells again, at growing
        pauses, and no more after a while: who waits where nothing happens does nothing.
        """

    def close(self) -> None:
        """Free what the host holds open."""
