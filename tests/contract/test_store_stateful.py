"""Every discovered store behaves as the memory store does, step by step, whatever is asked of it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from contract.stores import STORE_PLUGINS, USER, everything, exactly, open_plugin
from git_kas.domain.lifecycle import Status
from git_kas.domain.mutation import ClaimRun, Create, Import, Mutation, Request
from git_kas.domain.names import PlanName
from git_kas.errors import KasError
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.store import Store
from random_mutations import NAMES, mutations, names, requests, seconds_passed, statuses, topics
from support import EPOCH

Answer = tuple[object, ...]


def answer(store: Store, mutation: Mutation, request: Request) -> Answer:
    """What the store says to ``mutation``: the outcome, or the error with all its words."""
    try:
        outcome = store.commit(mutation, request)
    except KasError as error:
        return (type(error), error.code, error.message, error.next_step)
    return (exactly(outcome), outcome.replayed)


def answers(store: Store, asked: list[tuple[Mutation, Request]]) -> list[Answer]:
    """What the store says to several mutations that are committed together."""
    return [
        (type(said), said.code, said.message, said.next_step)
        if isinstance(said, KasError)
        else (exactly(said), said.replayed)
        for said in store.commit_all(asked)
    ]


def reading(store: Store, name: PlanName) -> Answer:
    """What the store says about ``name``."""
    said: list[object] = []
    for read in (store.get_plan, store.get_content, store.get_run, lambda name: list(store.history(name))):
        try:
            said.append(read(name))
        except KasError as error:
            said.append((type(error), error.message, error.next_step))
    return tuple(said)


class Comparison(RuleBasedStateMachine):
    """Drives a store and the memory store together."""

    plugin = ""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = FakeClock(EPOCH)
        self.memory: Store = MemoryStore(self.clock)
        self.stores = [self.opened()]

    def opened(self) -> Store:
        return open_plugin(self.plugin, Path(self.folder.name), self.clock)

    @property
    def store(self) -> Store:
        """One of the open instances; they take turns."""
        self.stores.append(self.stores.pop(0))
        return self.stores[0]

    @initialize(plans=st.sampled_from([0, 1, 2]))
    def begin(self, plans: int) -> None:
        for name in NAMES[:plans]:
            self.ask(Create(name, content=b"first"), USER)
            self.ask(ClaimRun(name, "one", 60), USER)

    @rule(mutation=mutations, request=requests)
    def ask(self, mutation: Mutation, request: Request) -> None:
        assert answer(self.store, mutation, request) == answer(self.memory, mutation, request)

    @rule(asked=st.lists(st.tuples(mutations, requests), max_size=5))
    def ask_all(self, asked: list[tuple[Mutation, Request]]) -> None:
        assert answers(self.store, asked) == answers(self.memory, asked)

    @rule(mutation=mutations, request=requests)
    def ask_twice(self, mutation: Mutation, request: Request) -> None:
        for _ in range(2):
            self.ask(mutation, request._replace(key="twice"))

    @rule(seconds=seconds_passed)
    def let_time_pass(self, seconds: int) -> None:
        self.clock.time += seconds

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.stores[0] = self.opened()

    @rule()
    def open_another(self) -> None:
        if len(self.stores) < 3:
            self.stores.append(self.opened())

    @rule(update=st.booleans())
    def import_own_past(self, update: bool) -> None:  # noqa: FBT001 - drawn by the name of the rule's argument
        self.ask(Import(self.memory.export(), "here", update=update), USER)

    @rule(name=names, wanted=st.frozensets(statuses, max_size=3), topic=st.none() | topics)
    def read(self, name: PlanName, wanted: frozenset[Status], topic: str | None) -> None:
        store = self.store
        assert reading(store, name) == reading(self.memory, name)
        assert list(store.list_plans(wanted, topic)) == list(self.memory.list_plans(wanted, topic))
        since = self.memory.changes(0, 0) // 2
        assert list(store.history(since=since)) == list(self.memory.history(since=since))

    @invariant()
    def all_see_the_same(self) -> None:
        expected = everything(self.memory)
        for store in self.stores:
            assert everything(store) == expected

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.folder.cleanup()


@pytest.mark.parametrize("plugin", STORE_PLUGINS)
def test_a_store_is_like_the_memory_store(plugin: str) -> None:
    machine = type(f"Comparison of {plugin}", (Comparison,), {"plugin": plugin})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            print_blob=True,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
