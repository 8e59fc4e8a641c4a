"""A clock that a test sets and another process reads."""

from __future__ import annotations

import os
from pathlib import Path

from git_kas.ports.clock import Clock


class SharedClock:
    """The port ``Clock`` over a file of one line; without the file, it is the time of day of nobody: 0."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> int:
        return self.now_ns() // 1_000_000_000

    def now_ns(self) -> int:
        return int(self.path.read_text() or 0) if self.path.exists() else 0

    def follow(self, clock: Clock) -> None:
        """Show what ``clock`` shows; readers see the time before or after."""
        if self.now_ns() != clock.now_ns():
            new = self.path.with_name(f"{self.path.name}.{os.getpid()}")
            new.write_text(str(clock.now_ns()))
            new.replace(self.path)
