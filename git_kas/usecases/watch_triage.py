"""Triage again whenever something it shows may have changed; nothing is done meanwhile."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from git_kas.ports.watch import SETTLING, WatchedFolder
from git_kas.usecases.signals import signal_places
from git_kas.usecases.watch_store import moments_of_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.store import Store
    from git_kas.ports.watch import Changes, Watch
    from git_kas.usecases.watch_store import Moments


def watched_folders(
    location: RepositoryLocation, worktrees: Sequence[Worktree], plans_folder: str
) -> list[WatchedFolder]:
    """References, HEADs, indexes, the store's files, plan texts and signals."""
    common = location.common_dir
    folders = [
        WatchedFolder(common),
        WatchedFolder(f"{common}/refs", recursive=True),
        WatchedFolder(f"{common}/worktrees", recursive=True),
        WatchedFolder(f"{common}/kas"),
        WatchedFolder(f"{common}/kas/signals", recursive=True),
    ]
    for place in signal_places(worktrees, plans_folder):
        folders.append(WatchedFolder(f"{place.worktree}/{plans_folder}"))
        folders += [WatchedFolder(f"{place.worktree}/{folder}") for folder in place.folders]
    return folders


def moments_to_look(
    watch: Watch,
    find_folders: Callable[[], Sequence[WatchedFolder]],
    store: Store,
    settling: float = SETTLING,
) -> Moments:
    """When to look at folders and a store; what changes while one looks counts, too.

    ``find_folders`` is called anew each time, because folders and worktrees come and go. ``settling`` is as in
    :class:`git_kas.ports.watch.Watch`.
    """
    feed = _StoreFeed(store)
    while True:
        with watch.changes(find_folders(), settling) as changes:
            feed.listener = changes
            again = yield feed.trouble
            changes.wait(again)


class _StoreFeed:
    """Tells its listener of what happens in a store that may be elsewhere, and of its going and coming."""

    def __init__(self, store: Store) -> None:
        self.listener: Changes | None = None
        self._moments = moments_of_store(store)
        self.trouble = next(self._moments)  # before anybody looks, so that nothing is committed in between
        Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        for trouble in self._moments:
            self.trouble = trouble
            if self.listener is not None:
                self.listener.notify()
