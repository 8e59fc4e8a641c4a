"""The port :class:`~git_kas.ports.watch.Watch` over the system's notifications."""

from __future__ import annotations

import os
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Final

from git_kas.errors import KasError
from git_kas.ports.watch import SETTLING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from watchdog.events import FileSystemEvent
    from watchdog.observers.api import BaseObserver

    from git_kas.ports.watch import WatchedFolder

_MOST_SETTLINGS: Final = 10
"""After so many it is told that something has changed, even if it goes on."""

_TRIES: Final = 20
"""Folders may go between being found and being watched; then others are to be watched instead of them."""


class DiskWatch:
    """Watches folders on disk."""

    @contextmanager
    def changes(self, folders: Sequence[WatchedFolder], settling: float = SETTLING) -> Iterator[DiskChanges]:
        """See :class:`git_kas.ports.watch.Watch`."""
        happened = DiskChanges(settling)
        observer = _started(folders, happened)
        try:
            yield happened
        finally:
            observer.stop()
            observer.join()


def _started(folders: Sequence[WatchedFolder], happened: DiskChanges) -> BaseObserver:
    """What watches the folders that are there.

    Raises:
        KasError: the system does not let us.
    """
    for left in reversed(range(_TRIES)):
        observer = _observer(_existing(folders), happened)
        try:
            observer.start()
        except OSError as error:
            observer.stop()
            if left and isinstance(error, FileNotFoundError | NotADirectoryError):
                continue
            raise KasError(
                f"The folders cannot be watched: {error.strerror}.",
                next_step="Raise fs.inotify.max_user_watches, or run the command again when you want to know.",
            ) from error
        return observer
    raise AssertionError  # the loop has no other end


def _observer(found: Mapping[str, tuple[bool, frozenset[str]]], happened: DiskChanges) -> BaseObserver:
    import logging

    from watchdog import events
    from watchdog.observers import Observer

    logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # it tells of what comes while it is stopped
    writing = [events.FileClosedEvent, events.FileModifiedEvent]
    coming = [events.DirCreatedEvent, events.FileCreatedEvent, events.DirMovedEvent, events.FileMovedEvent]
    going = [events.DirDeletedEvent, events.FileDeletedEvent]
    observer = Observer()
    for path, (recursive, names) in found.items():
        handler = events.FileSystemEventHandler()
        handler.on_any_event = happened.teller(names)  # type: ignore[method-assign,assignment]  # its way is a subclass
        observer.schedule(handler, path, recursive=recursive, event_filter=[*writing, *coming, *going])
    return observer


class DiskChanges:
    """The port :class:`~git_kas.ports.watch.Changes`."""

    def __init__(self, settling: float = SETTLING) -> None:
        self._happened = Event()
        self._settling = settling

    def wait(self, seconds: float | None) -> bool:
        """See :class:`git_kas.ports.watch.Changes`."""
        if not self._happened.wait(seconds):
            return False
        self._happened.clear()
        for _ in range(_MOST_SETTLINGS):
            if not self._happened.wait(self._settling):
                break
            self._happened.clear()
        return True

    def notify(self) -> None:
        """See :class:`git_kas.ports.watch.Changes`."""
        self._happened.set()

    def teller(self, names: frozenset[str]) -> Callable[[FileSystemEvent], None]:
        """What watchdog calls where something happens to files of these names; to any, if there are none."""

        def tell(event: FileSystemEvent) -> None:
            paths = (os.fsdecode(event.src_path), os.fsdecode(event.dest_path))
            if not names or not names.isdisjoint(map(os.path.basename, paths)):
                self.notify()

        return tell


def _existing(folders: Sequence[WatchedFolder]) -> dict[str, tuple[bool, frozenset[str]]]:
    """Folders that are there, with those in them or not, and names; for a missing one the nearest above."""
    found: dict[str, tuple[bool, frozenset[str]]] = {}
    for folder in folders:
        path, recursive, names = folder
        while not os.path.isdir(path) and os.path.dirname(path) != path:
            path, recursive, names = os.path.dirname(path), False, frozenset()
        if path in found:
            before_recursive, before = found[path]
            recursive, names = (
                recursive or before_recursive,
                names | before if names and before else frozenset(),
            )
        found[path] = recursive, names
    return found
