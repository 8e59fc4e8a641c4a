"""The naive store for many projects, so that ``git kas serve`` serves it, with defects of servers.

``hosted::/folder`` is the sound one; ``hosted:stale_replica:/folder`` and so on have one defect each.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

from git_kas.domain.codec import decode_project, encode_project
from git_kas.domain.ledger import Outcome
from git_kas.domain.mutation import Mutation, Request
from git_kas.domain.project import Project
from git_kas.errors import KasError
from git_kas.ports.store import Store, StoreDescription, StoreRequest, commit_each
from git_kas.ports.store_host import Asked, HostRequest, Moment
from git_kas.ports.watch import Changes, WatchedFolder
from planted.naive_store import NaiveStore

WRITTEN_EVERY = 0.3  # seconds
CACHED_FOR = 3.0  # seconds


def kas_store(request: StoreRequest) -> Store:
    """What is on the disk, without any server."""
    folder = request.url.rpartition(":")[2]
    os.makedirs(folder, exist_ok=True)
    store = NaiveStore(request)
    store.path = os.path.join(folder, f"{request.project()}.json")
    return store


def kas_store_host(request: HostRequest) -> NaiveHost:
    _, defect, folder = request.url.split(":")
    return DEFECTS[defect](request, folder)


class HostedStore(NaiveStore):
    """One project of a host."""

    def __init__(self, host: NaiveHost, project: str) -> None:
        self.host = host
        self.path = os.path.join(host.folder, f"{project}.json")
        self.clock = host.request.clock


class NaiveHost:
    """The sound host."""

    store_type: Callable[[NaiveHost, str], NaiveStore] = HostedStore

    def __init__(self, request: HostRequest, folder: str) -> None:
        self.request = request
        self.folder = folder

    def describe(self) -> StoreDescription:
        return StoreDescription("hosted", self.folder)

    def projects(self) -> Sequence[str]:
        return sorted(path.stem for path in Path(self.folder).glob("*.json"))

    def change_of(self, project: str) -> int:
        change: int = self.store(project).load().change
        return change

    def recalled_change_of(self, project: str) -> int | None:
        del project
        return None

    @contextmanager
    def moment(self, project: str) -> Iterator[Moment]:
        store = self.store(project)
        found = store.load()

        def load(path: str = "") -> Project:
            del path
            return found

        store.load = load  # type: ignore[method-assign]
        yield Moment(self.change_at(project, found), store)

    def change_at(self, project: str, found: Project) -> int:
        """The number of the last commit of the project that was found."""
        del project
        return found.change

    @contextmanager
    def moment_at_once(self, project: str) -> Iterator[Moment | None]:
        del project
        yield None

    def store(self, project: str) -> NaiveStore:
        return type(self).store_type(self, project)

    def watch(self) -> AbstractContextManager[Changes]:
        return self.request.open_watch().changes([WatchedFolder(self.folder)])

    def commit_all(self, asked: Sequence[Asked]) -> Sequence[Outcome | KasError]:
        return [
            answer
            for one in asked
            for answer in commit_each(self.store(one.project).commit, [(one[1], one[2])])
        ]

    def close(self) -> None:
        pass


# -- defects -------------------------------------------------------------------------------------------------


class MemoryStore(HostedStore):
    """A project whose truth is in the memory of its host."""

    host: WrittenBehind

    def load(self, path: str = "") -> Project:
        text = self.host.texts.get(self.path)
        return decode_project(json.loads(text)) if text else super().load(path)

    def save(self, project: Project) -> None:
        self.host.texts[self.path] = json.dumps(encode_project(project))


class WrittenBehind(NaiveHost):
    """Says that it is done when it is done in memory; the disk follows a little later, and at the end."""

    store_type = MemoryStore

    def __init__(self, request: HostRequest, folder: str) -> None:
        super().__init__(request, folder)
        self.texts: dict[str, str] = {}
        self.closed = Event()
        self.thread = Thread(target=self.write_behind, daemon=True)
        self.thread.start()

    def write_behind(self) -> None:
        while not self.closed.wait(WRITTEN_EVERY):
            self.write()

    def write(self) -> None:
        for path, text in list(self.texts.items()):
            Path(f"{path}.new").write_text(text, encoding="utf-8")
            os.replace(f"{path}.new", path)

    def close(self) -> None:
        self.closed.set()
        self.thread.join()
        self.write()


class StaleReplica(NaiveHost):
    """Learns late of what other servers have committed."""

    def __init__(self, request: HostRequest, folder: str) -> None:
        super().__init__(request, folder)
        self.lock = Lock()
        self.known: dict[str, tuple[float, int]] = {}

    def change_of(self, project: str) -> int:
        with self.lock:
            at, change = self.known.get(project, (0.0, 0))
            if time.monotonic() > at + CACHED_FOR:
                change = super().change_of(project)
                self.known[project] = (time.monotonic(), change)
            return change

    def change_at(self, project: str, found: Project) -> int:
        del found
        return self.change_of(project)

    def commit_all(self, asked: Sequence[Asked]) -> Sequence[Outcome | KasError]:
        answers = super().commit_all(asked)
        with self.lock:
            for one in asked:
                self.known.pop(one.project, None)
        return answers


class ForgetfulStore(HostedStore):
    """Knows the keys that this process has seen."""

    host: KeysInMemory

    def decide(self, project: Project, mutation: Mutation, request: Request) -> Outcome:
        keys = dict(project.keys)
        for key in set(keys) - self.host.keys:
            del project.keys[key]
        outcome: Outcome = super().decide(project, mutation, request)
        self.host.keys.add(request.key)
        project.keys = {**keys, **project.keys}
        return outcome


class KeysInMemory(NaiveHost):
    """Forgets over a restart under which keys it was asked before."""

    store_type = ForgetfulStore

    def __init__(self, request: HostRequest, folder: str) -> None:
        super().__init__(request, folder)
        self.keys: set[str] = set()


DEFECTS: dict[str, Callable[[HostRequest, str], NaiveHost]] = {
    "": NaiveHost,
    "written_behind": WrittenBehind,
    "stale_replica": StaleReplica,
    "keys_in_memory": KeysInMemory,
}
