"""Other processes of this program: started, disturbed and ended; and the files that they leave."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Signal(StrEnum):
    """What can be sent to a process. None of these can be refused by it."""

    KILL = "kill"
    STOP = "stop"
    CONTINUE = "continue"


class LineLog(Protocol):
    """A file to which lines are added. A line that was added survives the sudden death of the process."""

    def append(self, line: str) -> None:
        """Add ``line``, which has no line end.

        Raises:
            StoreFull, ReadOnly: it cannot be written.
        """

    def close(self) -> None:
        """Free the file."""


class ChildProcess(Protocol):
    """A process that was started."""

    def send(self, line: str) -> None:
        """Write a line to its standard input; without effect if it has ended."""

    def signal(self, signal: Signal) -> None:
        """Send it a signal; without effect if it has ended."""

    def exit_status(self) -> int | None:
        """Its exit status (below zero: ended by a signal), None while it runs. Stopped processes run."""

    def wait(self) -> None:
        """Wait for its end."""

    def errors(self) -> str:
        """What it has written to standard error."""


class Processes(Protocol):
    """Starts processes of this program."""

    def start(self, module: str, arguments: Sequence[str]) -> ChildProcess:
        """Run ``module`` of this program with the Python that runs us; ends with us.

        Raises:
            ProgramFailed: it cannot be started.
        """

    def create_log(self, path: str) -> LineLog:
        """A new file for lines.

        Raises:
            AlreadyExists: there is something at ``path``.
            ReadOnly: it cannot be made.
        """

    def read_log(self, path: str, offset: int = 0) -> tuple[Sequence[str], int]:
        """The lines from byte ``offset`` on, and where they end; a last line without its end is left out.

        No lines if there is no such file.
        """

    def monotonic_ns(self) -> int:
        """Nanoseconds of a clock that never goes back and is the same in all processes of the machine.

        Linux and macOS have such a one for :func:`time.monotonic_ns`.
        """

    def sleep(self, seconds: float) -> None:
        """Wait."""
