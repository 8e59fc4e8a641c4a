"""``--watch``: an answer as it is now, and again after each change that shows in it."""

from __future__ import annotations

from random import random
from typing import TYPE_CHECKING, Final

from git_kas.cli.result import Notice
from git_kas.domain.pauses import growing_pauses
from git_kas.errors import Busy, KasError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from git_kas.cli.result import Result
    from git_kas.cli.style import Style
    from git_kas.usecases.watch_store import Moments

_CLEAR: Final = "\033[H\033[2J"
_PATIENCE: Final = 8
"""Failures in a row, over about a minute, after which something is wrong that does not pass."""


def watch(moments: Moments, show: Callable[[], Result]) -> Result:
    """What ``show`` answers now, and at each of ``moments`` at which it answers something else."""
    next(moments)
    first = show()
    return first._replace(text=_on_clear_screen(first), more=_later(moments, show, first))


def _later(moments: Moments, show: Callable[[], Result], first: Result) -> Iterator[Result | Notice]:
    looking = _Looking(show, first)
    is_told = False
    while True:
        silent = moments.send(looking.next_pause())
        result = looking.look()
        if result is not None:
            yield result._replace(text=_on_clear_screen(result))
        trouble = looking.outage or silent
        if trouble is not None and not is_told:
            yield Notice((trouble.message, "It is asked again until it answers; what is shown may be old."))
        elif trouble is None and is_told:
            yield Notice(("The plan store answers again.",))
        is_told = trouble is not None


class _Looking:
    """Looks, and bears failures: a store that is away for as long as it takes, others for a while."""

    def __init__(self, show: Callable[[], Result], first: Result) -> None:
        self.outage: KasError | None = None
        self._show = show
        self._shown = (first.data(), first.warnings)
        self._pauses: Iterator[float] | None = None
        self._failures = 0

    def next_pause(self) -> float | None:
        """The seconds after which to look again in any case."""
        return next(self._pauses) if self._pauses is not None else None

    def look(self) -> Result | None:
        """The answer, if there is one and it is another one than before.

        Raises:
            KasError: looking failed again and again.
        """
        self.outage = None
        try:
            result = self._show()
        except KasError as error:
            self._pauses = self._pauses or growing_pauses(random)
            if isinstance(error, Unreachable | Busy):
                self.outage = error
                return None
            self._failures += 1  # somebody may be in the middle of something
            if self._failures == _PATIENCE:
                raise
            return None
        self._pauses, self._failures = None, 0
        found = (result.data(), result.warnings)
        if found == self._shown:
            return None
        self._shown = found
        return result


def _on_clear_screen(result: Result) -> Callable[[Style], str]:
    return lambda style: (_CLEAR if style.is_terminal else "") + result.text(style)
