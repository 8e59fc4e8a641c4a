"""The time of day."""

from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Seconds since 1970-01-01 00:00:00 UTC."""

    def now_ns(self) -> int:
        """The same in nanoseconds."""
