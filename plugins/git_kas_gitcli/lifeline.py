"""Children that do not outlive this process."""

from __future__ import annotations

import sys
from signal import SIGTERM
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_SET_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of prctl(2)


def bound_to_us() -> Callable[[], None] | None:
    """What a child does before it becomes Git, so that the kernel ends it when this process ends.

    A Git that went on alone, while a slow hook runs, say, would do what was taken back meanwhile. Only Linux
    can do that; None elsewhere.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    prctl = ctypes.CDLL(None).prctl

    def bind() -> None:
        prctl(_SET_DEATH_SIGNAL, int(SIGTERM))

    return bind
