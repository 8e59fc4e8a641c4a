"""How long to wait before something that failed is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORTEST: Final = 0.5
LONGEST: Final = 30.0


def growing_pauses(chance: Callable[[], float]) -> Iterator[float]:
    """Seconds, about twice as many each time, up to a limit and without end.

    ``chance`` gives a number from 0 to 1, so that not all who lost the same server come back at the same time.
    """
    pause = SHORTEST
    while True:
        yield pause * (0.75 + chance() / 2)
        pause = min(2 * pause, LONGEST)
