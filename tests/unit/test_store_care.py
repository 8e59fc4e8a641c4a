"""Copies are held against what was copied, and first tokens are written down before they open anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Create, Request
from git_kas.domain.names import PlanName
from git_kas.domain.project import Project
from git_kas.domain.tokens import Role, read_token
from git_kas.errors import AlreadyExists, NotFound, StoreCorrupt, StoreFull
from git_kas.ports.fake_new_files import FakeNewFiles
from git_kas.ports.fake_tokens import FakeTokens
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.store import Store, StoreDescription
from git_kas.ports.store_host import StoreHost
from git_kas.usecases.store_care import back_up, look_through
from git_kas.usecases.tokens import TokenPorts, first_token
from support import EPOCH

PLAN = PlanName("2026-01-01-a.md")
USER = Request(Author(Actor.USER, "Ada"))


class MemoryHost:
    """As much of a host as a copy needs; every opening finds the same stores."""

    def __init__(self, harm: Callable[[Project], None] | None = None) -> None:
        self.stores: dict[str, MemoryStore] = {}
        self.harm = harm

    def store(self, project: str) -> MemoryStore:
        return self.stores.setdefault(project, Harmed(FakeClock(EPOCH), self.harm))

    def describe(self) -> StoreDescription:
        return StoreDescription("memory", "memory")

    def projects(self) -> Sequence[str]:
        return sorted(self.stores)

    def close(self) -> None:
        pass


class Harmed(MemoryStore):
    def __init__(self, clock: FakeClock, harm: Callable[[Project], None] | None) -> None:
        super().__init__(clock)
        self.harm = harm

    def export(self) -> Project:
        project = super().export()
        if self.harm:
            self.harm(project)
        return project


def filled() -> MemoryStore:
    store = MemoryStore(FakeClock(EPOCH))
    store.commit(Create(PLAN, content=b"# A\n"), USER)
    return store


def copied(stores: Sequence[tuple[str, Store]], host: MemoryHost, files: FakeNewFiles) -> list[str]:
    def open_host(path: str) -> StoreHost:
        assert path in files.files
        return host  # type: ignore[return-value]  # as much of one as is needed

    return [one.name for one in back_up(stores, "/copy", files, open_host)]


def test_what_is_there_is_copied() -> None:
    host, files = MemoryHost(), FakeNewFiles()
    assert copied([("a", filled()), ("empty", MemoryStore(FakeClock())), ("b", filled())], host, files) == [
        "a",
        "b",
    ]
    assert files.files == {"/copy": "published"}
    assert host.stores["a"].get_content(PLAN) == b"# A\n"


@pytest.mark.parametrize(
    "harm", [lambda project: project.entries.clear(), lambda project: project.contents.update({"x": b""})]
)
def test_a_copy_that_differs_is_not_kept(harm: Callable[[Project], None]) -> None:
    files = FakeNewFiles()
    with pytest.raises(StoreCorrupt, match="is not what was copied"):
        copied([("a", filled())], MemoryHost(harm), files)
    assert files.files == {}


def test_nothing_is_no_copy() -> None:
    files = FakeNewFiles()
    with pytest.raises(NotFound):
        copied([("a", MemoryStore(FakeClock()))], MemoryHost(), files)
    assert files.files == {}


def test_whatever_stops_a_copy_leaves_nothing() -> None:
    class Full(MemoryHost):
        def store(self, project: str) -> MemoryStore:
            raise StoreFull(f"no room for {project}", next_step="make some")

    files = FakeNewFiles()
    with pytest.raises(StoreFull):
        copied([("a", filled())], Full(), files)
    assert files.files == {}
    with pytest.raises(AlreadyExists):
        copied([("a", filled())], MemoryHost(), FakeNewFiles({"/copy": "mine"}))


def test_a_store_that_cannot_be_read_is_a_finding() -> None:
    class Damaged(MemoryStore):
        def export(self) -> Project:
            raise StoreCorrupt("It is damaged.", next_step="Restore it.")

    (finding,) = look_through("shop", Damaged(FakeClock())).findings
    assert finding == ("shop", "It is damaged.")
    assert look_through("shop", filled()).findings == []


def test_a_first_token_is_written_down_before_it_opens_anything() -> None:
    tokens = FakeTokens()
    ports = TokenPorts(tokens, FakeClock(EPOCH), lambda count: b"r" * count)
    kept: list[str] = []

    def keep(text: str) -> None:
        assert list(tokens.tokens()) == []
        kept.append(text)

    made = first_token(ports, "first", keep)
    assert made is not None
    assert (made.role, made.project, made.expires_at) == (Role.USER, None, "")
    presented = read_token(kept[0])
    assert presented is not None
    assert presented.proves(made)
    assert first_token(ports, "second", keep) is None
    tokens.revoke(made.id, made.created_at)
    assert first_token(ports, "third", keep) is None  # who has revoked all wants to have none
    assert len(kept) == 1


def test_a_first_token_that_cannot_be_written_down_is_none() -> None:
    tokens = FakeTokens()

    def keep(text: str) -> None:
        raise StoreFull("no room", next_step="make some")

    with pytest.raises(StoreFull):
        first_token(TokenPorts(tokens, FakeClock(EPOCH), lambda count: b"r" * count), "first", keep)
    assert list(tokens.tokens()) == []
