"""Where plan state is kept."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from git_kas.domain.location import RepositoryLocation
from git_kas.domain.plan import Plan, Topic
from git_kas.domain.state_file import Remark


class StoreRequest(NamedTuple):
    """What a store plugin is opened with.

    ``url`` is the configured store, of the form ``name`` or ``name:…``. ``project`` and ``plans_folder`` are
    functions, because finding out may take calls of Git that not every store needs; the folder is relative to
    a worktree, with ``/`` between segments.
    """

    url: str
    location: RepositoryLocation
    project: Callable[[], str]
    plans_folder: Callable[[], str]


class StoreDescription(NamedTuple):
    """Which store this is, for ``git kas where``: its kind, and the path or URL the state is read from."""

    kind: str
    place: str


class Store(Protocol):
    """Plans and topics of one project. Reading writes nothing.

    Every operation raises:
        StoreCorrupt: the stored bytes cannot be understood.
        Unreachable: the store cannot be reached.
    """

    def describe(self) -> StoreDescription:
        """Say which store this is."""

    def list_plans(self) -> Sequence[Plan]:
        """All plans, without their texts, in bytewise order of their names."""

    def list_topics(self) -> Sequence[Topic]:
        """All topics, those that stand only in a plan included, in bytewise order."""

    def remarks(self) -> Sequence[Remark]:
        """What there is to say about stored state that was mapped, doubled or could not be read as a plan."""

    def close(self) -> None:
        """Free what the store holds open."""
