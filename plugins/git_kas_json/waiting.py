"""Waiting for a change of the store's files without any work meanwhile."""

from __future__ import annotations

import os
import time
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_for(folder: str, happened: Callable[[], bool], seconds: float) -> None:
    """Return as soon as ``happened``, which is asked whenever something in ``folder`` changes, or in time."""
    deadline = time.monotonic() + seconds
    while not happened() and (left := deadline - time.monotonic()) > 0:
        watched = folder if os.path.isdir(folder) else os.path.dirname(folder)

        def stale(watched: str = watched) -> bool:
            return happened() or (watched != folder and os.path.isdir(folder))

        _wait_once(watched, stale, left)


def _wait_once(folder: str, needless: Callable[[], bool], seconds: float) -> None:
    """Wait for one change in ``folder``, unless that turns out ``needless`` once changes are watched for."""
    from watchdog.events import (
        DirCreatedEvent,
        FileClosedEvent,
        FileCreatedEvent,
        FileModifiedEvent,
        FileMovedEvent,
        FileSystemEvent,
        FileSystemEventHandler,
    )
    from watchdog.observers import Observer

    changed = Event()

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            del event
            changed.set()

    observer = Observer()
    kinds = [DirCreatedEvent, FileClosedEvent, FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
    observer.schedule(Handler(), folder, recursive=False, event_filter=kinds)
    observer.start()
    try:
        if not needless():
            changed.wait(seconds)
    finally:
        observer.stop()
        observer.join()
