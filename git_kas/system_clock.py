"""The time of day."""

from __future__ import annotations

import time


class SystemClock:
    """The port :class:`~git_kas.ports.clock.Clock` over the system's clock."""

    def now(self) -> int:
        """See :class:`git_kas.ports.clock.Clock`."""
        return int(time.time())

    def now_ns(self) -> int:
        """See :class:`git_kas.ports.clock.Clock`."""
        return time.time_ns()
