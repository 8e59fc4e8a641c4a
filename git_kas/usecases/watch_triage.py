"""Triage again whenever something it shows may have changed; nothing is done meanwhile."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from git_kas.errors import KasError
from git_kas.ports.watch import WatchedFolder
from git_kas.usecases.signals import signal_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from git_kas.domain.location import RepositoryLocation
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.store import Store
    from git_kas.ports.watch import Changes, Watch

_STORE_PATIENCE: Final = 600.0
_SHORTEST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0


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
    watch: Watch, find_folders: Callable[[], Sequence[WatchedFolder]], store: Store
) -> Iterator[None]:
    """Yield at once, and then each time that something has changed; what changes while one looks counts, too.

    ``find_folders`` is called anew each time, because folders and worktrees come and go.
    """
    feed = _StoreFeed(store)
    while True:
        with watch.changes(find_folders()) as changes:
            feed.listener = changes
            yield
            changes.wait(None)


class _StoreFeed:
    """Tells its listener of commits in a store that may be elsewhere."""

    def __init__(self, store: Store) -> None:
        self.listener: Changes | None = None
        self._store = store
        Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        """A store that cannot be asked is asked again later; what was committed meanwhile is told then."""
        seen, pause = None, _SHORTEST_PAUSE
        while True:
            try:
                now = self._store.changes(seen or 0, 0 if seen is None else _STORE_PATIENCE)
            except KasError:
                Event().wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            if seen not in {None, now} and self.listener is not None:
                self.listener.notify()
            seen, pause = now, _SHORTEST_PAUSE
