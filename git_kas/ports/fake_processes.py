"""The memory fake of :mod:`git_kas.ports.processes`."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Thread
from types import MappingProxyType
from typing import TYPE_CHECKING

from git_kas.errors import AlreadyExists

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.ports.processes import Signal

    Program = Callable[[str, Sequence[str], Callable[[], str]], tuple[int, str]]


@dataclass
class FakeLog:
    """Lines in memory."""

    lines: list[str] = field(default_factory=list)

    def append(self, line: str) -> None:
        """See :class:`git_kas.ports.processes.LineLog`."""
        self.lines.append(line)

    def close(self) -> None:
        """See :class:`git_kas.ports.processes.LineLog`."""


class FakeRelay:
    """A relay with nothing at its ends; it loses answers at once."""

    def __init__(self, number: int) -> None:
        self.server_port = 1000 + number
        self.port = 2000 + number
        self.losses = 0
        self.is_closed = False

    def lose_answer(self) -> None:
        """See :class:`git_kas.ports.processes.Relay`."""
        self.losses += 1

    def lost(self) -> int:
        """See :class:`git_kas.ports.processes.Relay`."""
        return self.losses

    def close(self) -> None:
        """See :class:`git_kas.ports.processes.Relay`."""
        self.is_closed = True


class FakeProcesses:
    """Processes one of which runs at a time, from one line of its input to the next.

    ``program`` is called with module, arguments and a function that gives the next line; it returns exit status
    and error output. Each look at the clock takes a microsecond.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.logs: dict[str, FakeLog] = {}
        self.started: list[FakeChild] = []
        self.variables: list[Mapping[str, str]] = []
        self.relays: list[FakeRelay] = []
        self._now = 0

    def start(
        self, module: str, arguments: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
    ) -> FakeChild:
        """See :class:`git_kas.ports.processes.Processes`."""
        self.variables.append(variables)
        child = FakeChild(self.program, module, arguments)
        self.started.append(child)
        return child

    def open_relay(self) -> FakeRelay:
        """See :class:`git_kas.ports.processes.Processes`."""
        relay = FakeRelay(len(self.relays) + 1)
        self.relays.append(relay)
        return relay

    def create_log(self, path: str) -> FakeLog:
        """See :class:`git_kas.ports.processes.Processes`."""
        if path in self.logs:
            raise AlreadyExists(f"{path} exists.", next_step="Name a new file.")
        self.logs[path] = FakeLog()
        return self.logs[path]

    def read_log(self, path: str, offset: int = 0) -> tuple[Sequence[str], int]:
        """See :class:`git_kas.ports.processes.Processes`; offsets count lines."""
        lines = self.logs[path].lines[offset:] if path in self.logs else []
        return lines, offset + len(lines)

    def monotonic_ns(self) -> int:
        """See :class:`git_kas.ports.processes.Processes`."""
        self._now += 1000
        return self._now

    def sleep(self, seconds: float) -> None:
        """See :class:`git_kas.ports.processes.Processes`."""
        self._now += int(seconds * 1_000_000_000)


class FakeChild:
    """Such a process, in a thread."""

    def __init__(self, program: Program, module: str, arguments: Sequence[str]) -> None:
        self.signals: list[Signal] = []
        self._input: SimpleQueue[str] = SimpleQueue()
        self._waits = Event()
        self._result: tuple[int, str] | None = None
        self._thread = Thread(target=self._run, args=(program, module, arguments), daemon=True)
        self._thread.start()
        self._waits.wait()

    def send(self, line: str) -> None:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        self._waits.clear()
        self._input.put(line)
        if self._result is None:
            self._waits.wait()

    def signal(self, signal: Signal) -> None:
        """See :class:`git_kas.ports.processes.ChildProcess`; it is only taken down."""
        self.signals.append(signal)

    def exit_status(self) -> int | None:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        return self._result[0] if self._result else None

    def wait(self) -> None:
        """See :class:`git_kas.ports.processes.ChildProcess`; one that waits for a line gets an empty one."""
        while self._result is None:
            self.send("")

    def errors(self) -> str:
        """See :class:`git_kas.ports.processes.ChildProcess`."""
        return self._result[1] if self._result else ""

    def _run(self, program: Program, module: str, arguments: Sequence[str]) -> None:
        try:
            self._result = program(module, arguments, self._next_line)
        finally:
            self._result = self._result or (1, "failed")
            self._waits.set()

    def _next_line(self) -> str:
        self._waits.set()
        return self._input.get()
