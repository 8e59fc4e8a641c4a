"""The store plugins that are installed, places to keep stores in, and short words for what is asked of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

import http_stores
from git_kas.domain.codec import encode_project
from git_kas.domain.ledger import HistoryEntry, Outcome, PlanRecord
from git_kas.domain.lifecycle import Actor, Status
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.mutation import Author, Create, Mutation, Request, SetStatus
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan
from git_kas.errors import KasError
from git_kas.plugin.manager import PluginManager
from git_kas.ports.clock import Clock
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.store import Store, StoreRequest
from git_kas_files.watch import DiskWatch
from postgresql import postgresql_url
from support import EPOCH

PLUGINS = PluginManager(sys.path)
SAME = {
    "postgresql+psycopg": "postgresql",
    "https": "http",
}  # the driver may be named; TLS has tests of its own
SERVED = {"http": http_stores.KINDS}  # one store on a server is not like another
STORE_PLUGINS = [
    kind
    for name in (report.entry_point.name for report in PLUGINS.reports() if "kas_store" in report.hooks)
    if name not in SAME
    for kind in SERVED.get(name, [name])
]
MEMORY = "memory"
REOPENED = "-reopened"
ON_SERVERS = {"postgresql", *http_stores.KINDS}
"""Stores of which an instance holds nothing: whoever opens them asks a server that goes on."""

KINDS = [MEMORY, *STORE_PLUGINS, *(name + REOPENED for name in STORE_PLUGINS if name not in ON_SERVERS)]

PLAN = PlanName("2026-01-01-rate-limit.md")
OTHER = PlanName("2026-01-02-billing.md")
THIRD = PlanName("2026-01-03-export.md")

Refused = TypeVar("Refused", bound=KasError)


def by(actor: Actor, *, key: str = "", note: str = "") -> Request:
    """A request on behalf of ``actor``."""
    return Request(Author(actor, f"some {actor}"), key, note)


USER = by(Actor.USER)
AGENT = by(Actor.AGENT)
SYSTEM = by(Actor.SYSTEM)


def open_plugin(name: str, folder: Path, clock: Clock) -> Store:
    """The store of the plugin ``name`` for a project of its own, whose repository is in ``folder``."""
    common_dir = folder / ".git"
    common_dir.mkdir(parents=True, exist_ok=True)
    location = RepositoryLocation(str(common_dir), str(common_dir), str(folder), str(folder))
    if name in http_stores.KINDS:
        url, project = http_stores.server_url(name), http_stores.project_of(folder)
    else:
        url, project = postgresql_url() if name == "postgresql" else name, str(folder)
    request = StoreRequest(url, location, lambda: project, lambda: "docs/plans", clock, DiskWatch)
    store: Any = PLUGINS.call(url.partition(":")[0], "kas_store", request=request)
    return cast("Store", http_stores.OnClock(store, clock) if name in http_stores.KINDS else store)


class ReopeningStore:
    """A store that is given up for a second instance after each commit; both must see the same."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open = open_store
        self._store = open_store()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        try:
            return self._store.commit(mutation, request)
        finally:
            second = self._open()
            assert everything(second) == everything(self._store)
            self._store.close()
            self._store = second

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        answers = self._store.commit_all(asked)
        second = self._open()
        assert everything(second) == everything(self._store)
        self._store.close()
        self._store = second
        return answers


@dataclass
class Place:
    """Where a store of some kind is kept; every instance opened on it is of the same store."""

    kind: str
    folder: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(EPOCH))
    _opened: list[Store] = field(default_factory=list)

    def open(self) -> Store:
        """An instance of the store."""
        if self.kind == MEMORY and self._opened:
            return self._opened[0]
        self._opened.append(self._new())
        return self._opened[-1]

    def _new(self) -> Store:
        if self.kind == MEMORY:
            return MemoryStore(self.clock)
        name = self.kind.removesuffix(REOPENED)
        if name == self.kind:
            return open_plugin(name, self.folder, self.clock)
        return cast("Store", ReopeningStore(lambda: open_plugin(name, self.folder, self.clock)))

    def close(self) -> None:
        """Close every instance."""
        while self._opened:
            self._opened.pop().close()


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place for each kind of store."""
    made = Place(request.param, tmp_path / "repository")
    yield made
    made.close()


@pytest.fixture
def store(place: Place) -> Store:
    """An empty store of each kind."""
    return place.open()


@pytest.fixture
def clock(place: Place) -> FakeClock:
    """The clock of the store."""
    return place.clock


def exactly(value: object) -> str:
    """A text that differs where values differ in anything, the types of numbers included."""
    return json.dumps(value, sort_keys=True, indent=1, default=dict)


def exported(store: Store) -> str:
    """All that the store knows, as text."""
    return exactly(encode_project(store.export()))


def everything(store: Store) -> dict[str, object]:
    """What every reading operation says."""
    plans = store.list_plans()
    assert [store.get_plan(plan.filename) for plan in plans] == list(plans)
    return {
        "export": exported(store),
        "plans": exactly([plan._asdict() for plan in plans]),
        "contents": [store.get_content(plan.filename) for plan in plans],
        "runs": exactly([run._asdict() for plan in plans if (run := store.get_run(plan.filename))]),
        "histories": exactly([store.history(plan.filename) for plan in plans]),
        "history": exactly(store.history()),
        "topics": list(store.list_topics()),
        "change": store.changes(0, 0),
    }


def refused(
    store: Store, mutation: Mutation, error: type[Refused], request: Request = USER, *, says: str = ""
) -> Refused:
    """The error that ``mutation`` is refused with; nothing may have changed. ``says`` stands in its text."""
    before = everything(store)
    with pytest.raises(error) as caught:
        store.commit(mutation, request)
    assert everything(store) == before
    assert caught.value.next_step
    text = f"{caught.value.message} {caught.value.next_step}"
    assert says in text
    return caught.value


def commit(store: Store, mutation: Mutation, request: Request = USER) -> Plan:
    """The plan after ``mutation``; what came of it agrees with what is read afterwards."""
    before = store.changes(0, 0)
    outcome = store.commit(mutation, request)
    assert not outcome.replayed
    assert outcome.change == store.changes(0, 0) == before + 1
    assert [entry.change for entry in outcome.entries] == [before + 1] * len(outcome.entries)
    assert list(outcome.entries) == list(store.history(since=before))
    assert outcome.plan is not None
    return outcome.plan


def created(store: Store, name: PlanName = PLAN, status: Status = Status.READY) -> Plan:
    """A new plan in ``status``."""
    plan = commit(store, Create(name))
    return plan if status is Status.READY else commit(store, SetStatus(name, status))


def last_entry(store: Store, name: PlanName = PLAN) -> HistoryEntry:
    """The newest entry in the plan's history."""
    return store.history(name)[-1]


def record_of(plan: Plan) -> PlanRecord:
    """What another store would know about ``plan``, which was never renamed."""
    return PlanRecord(plan, f"of {plan.filename}")


def names(store: Store) -> list[str]:
    """The plans on the list."""
    return [str(plan.filename) for plan in store.list_plans()]
