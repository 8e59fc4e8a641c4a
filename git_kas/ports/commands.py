"""Commands of the user's own, such as the one that runs the tests."""

from __future__ import annotations

from typing import Protocol


class Commands(Protocol):
    """Runs what the user has configured."""

    def run(self, command: str, folder: str) -> int:
        """Run the shell command ``command`` in ``folder`` and wait; its exit status, below zero for a signal.

        It reads nothing, and all it prints goes to standard error.

        Raises:
            ProgramFailed: it cannot be started.
        """
