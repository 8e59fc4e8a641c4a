"""One instance of the store lives on after its disk failed: it knows what is there, no more and no less."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from contract.stores import USER
from fault.cases import LARGE_NOTE
from fault.worlds import ONE, World
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import Create, Mutation, Transition
from git_kas.domain.names import PlanName
from git_kas.errors import ReadOnly, StoreFull

CALLS: Final = ("fsync", "replace", "pwrite", "ftruncate", "mkdir")
ERRORS: Final = {errno.ENOSPC: StoreFull, errno.EIO: ReadOnly}


class FailingOnce:
    """Lets one of the calls fail, counted over all of :data:`CALLS`."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, error: int) -> None:
        self._left = number
        self._error = error
        for name in CALLS:
            patch.setattr(os, name, self._wrapped(getattr(os, name)))

    @property
    def has_failed(self) -> bool:
        return self._left <= 0

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                raise OSError(self._error, os.strerror(self._error))
            return call(*arguments, **options)

        return counted


def test_a_store_whose_call_failed_goes_on_with_what_is_there(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    world = World(tmp_path, environment)
    world.keep()
    number, failing = 0, True
    problems: list[str] = []
    while failing:
        number += 1
        world.put_back()
        try:
            failing = check_one_failure(world, number, list(ERRORS)[number % len(ERRORS)])
        except AssertionError as problem:
            problems.append(f"call {number}: {problem}")
    assert number > 20
    assert problems == []


def check_one_failure(world: World, number: int, error: int) -> bool:
    """Let the ``number``-th call fail over some mutations of one instance; False if there are fewer calls."""
    store = world.store()
    mutations: list[Mutation] = [
        Create(ONE, content=b"# One\n"),
        Transition(ONE, (Event.IMPLEMENT_START,)),
        Create(PlanName("2020-05-05-large.md"), description=LARGE_NOTE),
        Transition(ONE, (Event.IMPLEMENT_FINISHED,)),
    ]
    with pytest.MonkeyPatch.context() as patch:
        fate = FailingOnce(patch, number, error)
        for mutation in mutations:
            before = store.changes(0, 0)
            try:
                store.commit(mutation, USER)
            except ERRORS[error]:
                assert store.changes(0, 0) == before, (number, type(mutation).__name__)
                assert world.store().changes(0, 0) == before
                store.commit(mutation, USER)
            assert store.changes(0, 0) == before + 1
            assert list(store.history()) == list(world.store().history())
            assert store.list_plans() == world.store().list_plans()
    world.commit(Create(PlanName("2020-06-06-last.md")))
    world.check_files_agree()
    assert world.leftovers() == [], number
    return fate.has_failed
