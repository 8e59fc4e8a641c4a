"""Where plan state is kept: the contract that every store keeps (DESIGN 4).

A third party's store implements :class:`Store`; ``tests/contract`` checks any store that is installed. The
rules of what a mutation does are not the store's: it calls :func:`git_kas.domain.decide.decide` inside its
atomic step and makes the commit that comes of it durable.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from git_kas.domain.ledger import HistoryEntry, Outcome, Run
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan, Topic
    from git_kas.domain.project import Project
    from git_kas.domain.state_file import Remark
    from git_kas.ports.clock import Clock
    from git_kas.ports.watch import Watch

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def no_branches(path: str) -> Sequence[str]:
    """The answer of a repository without branches."""
    del path
    return ()


def no_repository() -> str:
    """The root commit of who has none."""
    return ""


def commit_each(
    commit: Callable[[Mutation, Request], Outcome], asked: Sequence[tuple[Mutation, Request]]
) -> Sequence[Outcome | KasError]:
    """:meth:`Store.commit_all` for a store to which several commits are no cheaper than one after the other."""
    answers: list[Outcome | KasError] = []
    for mutation, request in asked:
        try:
            answers.append(commit(mutation, request))
        except KasError as error:
            answers.append(error)
    return answers


class StoreRequest(NamedTuple):
    """What a store plugin is opened with.

    ``url`` is the configured store, of the form ``name`` or ``name:…``. ``project`` and ``plans_folder`` are
    functions, because finding out may take calls of Git that not every store needs; the folder is relative to
    a worktree, with ``/`` between segments. ``tracking_branches`` names the local and remote-tracking branches
    that hold a file at such a path. ``open_watch`` makes what tells of changes on disk. ``environment`` is that
    of the process, for what belongs to its user: tokens, proxies. ``repository_id`` is a function for the same
    reason: the root commit of the repository, which is the same in every clone, empty where it is not known.
    """

    url: str
    location: RepositoryLocation
    project: Callable[[], str]
    plans_folder: Callable[[], str]
    clock: Clock
    open_watch: Callable[[], Watch]
    tracking_branches: Callable[[str], Sequence[str]] = no_branches
    environment: Mapping[str, str] = NOTHING
    repository_id: Callable[[], str] = no_repository


class StoreDescription(NamedTuple):
    """Which store this is, for ``git kas where``: its kind, and the path or URL the state is read from."""

    kind: str
    place: str


class Store(Protocol):
    """Plans and topics of one project, with their history. Reading writes nothing.

    Each reading sees the effect of every mutation that was acknowledged before it began, and never an older
    state than an earlier reading saw.

    Every operation raises:
        StoreCorrupt: the stored bytes cannot be understood.
        Unreachable: the store cannot be reached.
    """

    def describe(self) -> StoreDescription:
        """Say which store this is."""

    def ping(self) -> None:
        """Find out whether the store answers."""

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        """The plans in one of ``statuses`` (all if there are none) and of ``topic`` (all if it is None).

        Without their texts, in bytewise order of their names.
        """

    def get_plan(self, name: PlanName) -> Plan:
        """One plan.

        Raises:
            NotFound: it does not exist; the message says whether it was removed or renamed.
        """

    def get_content(self, name: PlanName) -> bytes | None:
        """The plan's text as the store holds it, None if it holds none.

        Raises:
            NotFound: the plan does not exist.
        """

    def get_run(self, name: PlanName) -> Run | None:
        """The progress of the plan's waves, None if there never was any.

        Raises:
            NotFound: the plan does not exist.
        """

    def list_topics(self) -> Sequence[Topic]:
        """All topics, those that stand only in a plan included, in bytewise order."""

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        """What happened after the change number ``since``, oldest first, to ``plan`` or to the whole project.

        The history of a plan goes with it through renames, and is kept when it is removed.

        Raises:
            NotFound: there never was such a plan.
        """

    def outcome_of(self, key: str) -> Outcome | None:
        """What was committed under the idempotency key ``key``, None if nothing was."""

    def changes(self, since: int, wait: float) -> int:
        """The number of the project's last commit.

        While it is not greater than ``since``, wait for up to ``wait`` seconds, without any work meanwhile.
        """

    def remarks(self) -> Sequence[Remark]:
        """What there is to say about stored state that was mapped, doubled or could not be read as a plan.

        It may be as of the last list of this instance, of which it then speaks.
        """

    def export(self) -> Project:
        """Everything the store knows about the project, as of one moment."""

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        """Check, write and record ``mutation`` as one atomic step; on return it is durable.

        With ``request.key``: if it was committed before, nothing happens and the first outcome comes back.

        Raises:
            KeyReused: the key was used with another mutation or note.
            Conflict: the plan is not at the revision that was named.
            NotFound, AlreadyExists, InvalidTransition, NotAllowed, UsageError: as the rules say.
            Busy: a lock or lease was not free in time.
            StoreFull, ReadOnly: it cannot be written; nothing was changed.
        """

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        """Commit each in turn as :meth:`commit` does, at the price of one: its outcome, or why it was refused.

        They are not one step: one that is refused keeps none of the others back, and commits of others may come
        between. All that is acknowledged is durable on return.

        Raises:
            Busy, StoreFull, ReadOnly: nothing was committed.
            Unreachable: nobody knows; to ask again with the same keys is safe.
        """

    def close(self) -> None:
        """Free what the store holds open."""
