"""Operating-system processes that ask the same store for something at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import cast

from contract.stores import open_plugin
from git_kas.domain.mutation import Mutation, Request
from git_kas.errors import Conflict, KasError
from git_kas.ports.fakes import FakeClock
from support import EPOCH

PATIENCE = 120  # seconds until a racer that does not answer is given up


@dataclass(frozen=True)
class Result:
    """What a racer was told. ``word`` is "won", "replayed", the code of an error, or what no store may do."""

    word: str
    change: int = 0
    revision: int = 0
    entries: int = 0
    current_revision: int = 0


@dataclass(frozen=True)
class Task:
    """What one racer asks, one after the other, in a store that it opened before the start."""

    plugin: str
    folder: Path
    asked: Sequence[tuple[Mutation, Request]]


def race_once(task: Task, start: Barrier) -> list[Result]:
    store = open_plugin(task.plugin, task.folder, FakeClock(EPOCH))
    start.wait(PATIENCE)
    results = []
    for mutation, request in task.asked:
        try:
            outcome = store.commit(mutation, request)
        except KasError as error:
            current = getattr(error, "current", None) if isinstance(error, Conflict) else None
            results.append(Result(error.code, current_revision=current.revision if current else 0))
        else:
            word = "replayed" if outcome.replayed else "won"
            revision = outcome.plan.revision if outcome.plan else 0
            results.append(Result(word, outcome.change, revision, len(outcome.entries)))
    store.close()
    return results


def serve(connection: Connection, start: Barrier) -> None:
    """What a racing process does: a race for each task, until there is none."""
    while (task := connection.recv()) is not None:
        try:
            connection.send(race_once(task, start))
        except Exception as error:  # the test shows it
            start.abort()
            connection.send([Result(f"{type(error).__name__}: {error}")])


class Racers:
    """Processes that wait for races."""

    def __init__(self, count: int) -> None:
        context: SpawnContext = get_context("spawn")
        self._start = context.Barrier(count)
        pairs = [context.Pipe() for _ in range(count)]
        self._connections = [ours for ours, _ in pairs]
        self._processes = [
            context.Process(target=serve, args=(theirs, self._start), daemon=True) for _, theirs in pairs
        ]
        for process, (_, theirs) in zip(self._processes, pairs, strict=True):
            process.start()
            theirs.close()

    def run(
        self, plugin: str, folder: Path, asked: Sequence[Sequence[tuple[Mutation, Request]]]
    ) -> list[list[Result]]:
        """The results of each racer; racer i asks ``asked[i]``, and waits at the start if there is nothing."""
        for number, connection in enumerate(self._connections):
            task = Task(plugin, folder, asked[number] if number < len(asked) else [])
            connection.send(task)
        results = []
        for connection in self._connections:
            assert connection.poll(PATIENCE), "a racer does not answer"
            results.append(cast("list[Result]", connection.recv()))
        return results[: len(asked)]

    def close(self) -> None:
        """Send all home."""
        for connection in self._connections:
            connection.send(None)
        for process in self._processes:
            process.join(PATIENCE)
            process.close()
        for connection in self._connections:
            connection.close()


def words(results: Sequence[Sequence[Result]]) -> Mapping[str, int]:
    """How often each word was said."""
    return Counter(result.word for racer in results for result in racer)
