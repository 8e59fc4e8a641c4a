"""The servers of a run against plan stores: real ones, each behind a network that can lose answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.anomalies import Anomaly, AnomalyKind
from git_kas.errors import ProgramFailed
from git_kas.ports.processes import Signal
from git_kas.usecases.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from git_kas.ports.processes import ChildProcess, Processes

SERVER_MODULE: Final = "git_kas.cli.store_server"
_NANOSECONDS: Final = 1_000_000_000
_TICK: Final = 0.01  # seconds
_LONGEST_START: Final = 60  # seconds
_LONGEST_END: Final = 60  # seconds
_BANNER: Final = "Serving "
_LAST_LINES: Final = 2  # what went wrong, and what to do
_STOPPED_FOR: Final = (0.01, 0.25)  # seconds


class Launch(NamedTuple):
    """How many servers there are (none: the store itself is tried), and how each is started."""

    number: int = 0
    arguments: Sequence[str] = ()
    variables: Mapping[str, str] = {}


class _Server:
    """A server: one process after another, all at the same port."""

    def __init__(self, processes: Processes, launch: Launch, name: str) -> None:
        self._processes = processes
        self._launch = launch
        self.name = name
        self.relay = processes.open_relay()
        self.serves = False
        self.is_ending = False
        self.continue_at: int | None = None
        self._has_served = False
        self._start_until = 0
        self.process = self._start()

    def _start(self) -> ChildProcess:
        self.serves = self.is_ending = False
        self.continue_at = None
        arguments = ["--port", str(self.relay.server_port), *self._launch.arguments]
        return self._processes.start(SERVER_MODULE, arguments, self._launch.variables)

    def begin(self, now: int) -> None:
        """Give the process that was started last its time."""
        self._start_until = now + _LONGEST_START * _NANOSECONDS

    def look_after(self, now: int) -> str:
        """Start it again if it has ended; what is wrong about that, empty if nothing is.

        Raises:
            ProgramFailed: it does not start.
        """
        if self.continue_at is not None and now >= self.continue_at:
            self.go_on()
        status = self.process.exit_status()
        if status is None:
            if not self.serves:
                self._wait_for(now)
            return ""
        self.process.wait()
        wrong = ""
        if self.serves and not self.is_ending:
            wrong = f"Server {self.name} ended by itself, with status {status}: {self._last_words()}"
        elif self.is_ending:
            wrong = self.end_was_wrong()
        elif not self.serves and (now > self._start_until or not self._has_served):
            raise ProgramFailed(
                f"Server {self.name} does not start: {self._last_words()}",
                next_step="Start it yourself to see more: git kas serve --db, with the same database.",
            )
        if self.serves:
            self.begin(now)
        self.process = self._start()
        return wrong

    def end_was_wrong(self) -> str:
        """What is wrong with how it ended when it was asked to; empty if nothing is."""
        status = self.process.exit_status() or 0
        was_killed = status < 0
        if not status or was_killed:
            return ""
        return f"Server {self.name}, asked to end, did so with status {status}: {self._last_words()}"

    def go_on(self) -> None:
        """End a stop."""
        self.process.signal(Signal.CONTINUE)
        self.continue_at = None

    def kill(self) -> None:
        """End it at once; it counts as asked for."""
        self.is_ending = True
        self.process.signal(Signal.KILL)

    def close(self) -> None:
        """Leave nothing behind."""
        self.kill()
        self.process.wait()
        self.relay.close()

    def _wait_for(self, now: int) -> None:
        if _BANNER in self.process.errors():  # it listens before: what it does in between may still fail
            self.serves = self._has_served = True
        elif now > self._start_until:
            raise ProgramFailed(
                f"Server {self.name} does not answer in time.",
                next_step="Try it while the machine has less to do.",
            )

    def _last_words(self) -> str:
        lines = [line for line in self.process.errors().splitlines() if line and not line.startswith(_BANNER)]
        return " ".join(lines[-_LAST_LINES:]) or "it said nothing"


class TrialServers:
    """All servers of a run; each has two addresses, one of which is behind its relay."""

    def __init__(self, processes: Processes, launch: Launch, random: Random) -> None:
        self.anomalies: list[Anomaly] = []
        self._processes = processes
        self._launch = launch
        self._random = random
        self._servers: list[_Server] = []

    def all_serve(self) -> bool:
        """Whether all of them can be reached."""
        return all(server.serves and not server.is_ending for server in self._servers)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The URLs under which they are reached."""
        ports = [port for one in self._servers for port in (one.relay.port, one.relay.server_port)]
        return tuple(f"http://127.0.0.1:{port}" for port in ports)

    def start(self) -> None:
        """Start them all, and wait until they serve.

        Raises:
            ProgramFailed: one does not.
        """
        for number in range(self._launch.number):
            server = _Server(self._processes, self._launch, str(number + 1))
            self._servers.append(server)
            server.begin(self._processes.monotonic_ns())
        while not all(server.serves for server in self._servers):
            self._processes.sleep(_TICK)
            self.look_after(self._processes.monotonic_ns())

    def look_after(self, now: int) -> None:
        """Have stopped ones go on, and start those that have ended.

        Raises:
            ProgramFailed: one does not start.
        """
        for server in self._servers:
            if wrong := server.look_after(now):
                self.anomalies.append(Anomaly(AnomalyKind.BROKEN, wrong))

    def disturb(self, fault: Fault, now: int) -> bool:
        """Disturb one that serves; whether there was one."""
        able = [server for server in self._servers if server.serves and not server.is_ending]
        if not able:
            return False
        server = self._random.choice(able)
        if fault is Fault.LOST_ANSWER:
            server.relay.lose_answer()
        elif fault is Fault.SERVER_KILL:
            server.kill()
        elif fault is Fault.SERVER_RESTART:
            server.go_on()
            server.is_ending = True
            server.process.signal(Signal.END)
        else:
            server.process.signal(Signal.STOP)
            server.continue_at = now + int(self._random.uniform(*_STOPPED_FOR) * _NANOSECONDS)
        return True

    def lost_answers(self) -> int:
        """How many answers the networks have lost."""
        return sum(server.relay.lost() for server in self._servers)

    def end(self) -> None:
        """Have all finish what has begun, and end: afterwards nothing is written any more."""
        running = [server for server in self._servers if server.process.exit_status() is None]
        for server in running:
            server.go_on()
            server.process.signal(Signal.END)
        latest = self._processes.monotonic_ns() + _LONGEST_END * _NANOSECONDS
        while waiting := [server for server in running if server.process.exit_status() is None]:
            if self._processes.monotonic_ns() > latest:
                for server in waiting:
                    text = f"Server {server.name} was still there {_LONGEST_END} s after it was asked to end."
                    self.anomalies.append(Anomaly(AnomalyKind.BROKEN, text))
                return
            self._processes.sleep(_TICK)
        for server in running:
            if server.serves and (wrong := server.end_was_wrong()):
                self.anomalies.append(Anomaly(AnomalyKind.BROKEN, wrong))

    def close(self) -> None:
        """Leave nothing behind."""
        for server in self._servers:
            server.close()
