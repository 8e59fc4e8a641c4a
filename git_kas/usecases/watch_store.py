"""Being told of commits in a plan store that may be elsewhere, and that may go away and come back."""

from __future__ import annotations

from random import random
from threading import Event
from typing import TYPE_CHECKING, Final

from git_kas.domain.pauses import growing_pauses
from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from git_kas.ports.store import Store

    Moments = Generator[KasError | None, float | None, None]
    """Moments to look: at once, and then each time that something may have changed.

    What is yielded is why the store does not tell of changes, None if it does. What is sent is after how many
    seconds to look again in any case; None for no such time.
    """

_PATIENCE: Final = 600.0
_PROBE: Final = 0.05
"""Seconds to wait for a change, to see whether the store tells of changes again."""


def moments_of_store(store: Store, pause: Callable[[float], object] | None = None) -> Moments:
    """When to look at a store: each time that somebody has committed, that it goes away, and that it is back.

    What is committed while one looks counts, too. ``pause`` waits for some seconds.
    """
    feed = _Feed(store, pause or Event().wait)
    while True:
        again = yield feed.trouble
        if again is None:
            feed.wait()
        else:
            feed.pause(again)


class _Feed:
    """A store that tells of changes, or that says why it does not: ``trouble``."""

    def __init__(self, store: Store, pause: Callable[[float], object]) -> None:
        self.trouble: KasError | None = None
        self.pause = pause
        self._store = store
        self._pauses = growing_pauses(random)
        self._seen = 0
        self._ask(0.0)

    def wait(self) -> None:
        """Return as soon as there is something to see. A store that is away is asked at growing pauses."""
        while True:
            was_in_trouble, seen = self.trouble is not None, self._seen
            if was_in_trouble:
                self.pause(next(self._pauses))
                self._ask(_PROBE)
            else:
                self._ask(_PATIENCE)
                if self.trouble is None:
                    self._pauses = growing_pauses(random)
            if (self.trouble is not None) != was_in_trouble or self._seen != seen:
                return

    def _ask(self, wait: float) -> None:
        try:
            self._seen = self._store.changes(self._seen, wait)
        except KasError as error:
            self.trouble = error
        else:
            self.trouble = None
