"""Other processes of this program: started, disturbed and ended; and the files that they leave."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Signal(StrEnum):
    """What can be sent to a process. Only ``END`` asks it; the others it cannot refuse."""

    END = "end"
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


class Relay(Protocol):
    """Stands between clients and one server of this machine, as a network does, and can lose answers.

    The server is to listen at the port ``server_port`` of 127.0.0.1, which nobody else is given while it is
    away. The relay listens at ``port``.
    """

    server_port: int
    port: int

    def lose_answer(self) -> None:
        """Let the next request that changes something reach the server, and its client no answer.

        The connection ends as soon as the server has begun to answer: what was asked has been done.
        """

    def lost(self) -> int:
        """How many answers were lost."""

    def close(self) -> None:
        """End all connections."""


class Processes(Protocol):
    """Starts processes of this program."""

    def start(
        self, module: str, arguments: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
    ) -> ChildProcess:
        """Run ``module`` of this program with the Python that runs us; ends with us.

        Its environment is ours with those ``variables``, which are no more public than ours.

        Raises:
            ProgramFailed: it cannot be started.
        """

    def open_relay(self) -> Relay:
        """A relay to a server that need not listen yet.

        Raises:
            ProgramFailed: there is no port to be had.
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
