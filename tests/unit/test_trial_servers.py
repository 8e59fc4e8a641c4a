"""The servers of a run: started again whatever befalls them, and what is wrong with how they end is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType

import pytest

from git_kas.domain.anomalies import AnomalyKind
from git_kas.errors import ProgramFailed
from git_kas.ports.fake_processes import FakeLog, FakeRelay
from git_kas.ports.processes import Signal
from git_kas.usecases.faults import Deck, Fault
from git_kas.usecases.trial_servers import SERVER_MODULE, Launch, TrialServers

LAUNCH = Launch(2, ("--db", "x"), {"KAS_TOKEN": "secret"})


class Child:
    """A server that serves at once, and ends as it is told."""

    def __init__(self, said: str, status: int | None) -> None:
        self.said = said
        self.status = status
        self.at_end = 0
        self.signals: list[Signal] = []

    def send(self, line: str) -> None:
        raise AssertionError(line)

    def signal(self, signal: Signal) -> None:
        self.signals.append(signal)
        if self.status is None and signal in {Signal.KILL, Signal.END}:
            self.status = -9 if signal is Signal.KILL else self.at_end

    def exit_status(self) -> int | None:
        return self.status

    def wait(self) -> None:
        assert self.status is not None

    def errors(self) -> str:
        return self.said


class Machine:
    """Starts such servers; ``starts`` says how the next ones begin, as what they say and their status."""

    def __init__(self) -> None:
        self.now = 0
        self.children: list[Child] = []
        self.asked: list[tuple[str, Sequence[str], Mapping[str, str]]] = []
        self.relays: list[FakeRelay] = []
        self.starts: list[tuple[str, int | None]] = []

    def start(
        self, module: str, arguments: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
    ) -> Child:
        self.asked.append((module, arguments, variables))
        self.children.append(Child(*(self.starts.pop(0) if self.starts else ("Serving x\n", None))))
        return self.children[-1]

    def open_relay(self) -> FakeRelay:
        self.relays.append(FakeRelay(len(self.relays)))
        return self.relays[-1]

    def create_log(self, path: str) -> FakeLog:
        raise AssertionError(path)

    def read_log(self, path: str, offset: int = 0) -> tuple[Sequence[str], int]:
        raise AssertionError((path, offset))

    def monotonic_ns(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000_000)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def servers(machine: Machine) -> TrialServers:
    made = TrialServers(machine, LAUNCH, Random(1))
    made.start()
    return made


def sentences(servers: TrialServers) -> list[str]:
    assert all(anomaly.kind is AnomalyKind.BROKEN for anomaly in servers.anomalies)
    return [anomaly.sentence for anomaly in servers.anomalies]


def test_each_is_started_at_its_port(machine: Machine, servers: TrialServers) -> None:
    assert machine.asked == [
        (SERVER_MODULE, ["--port", str(relay.server_port), "--db", "x"], {"KAS_TOKEN": "secret"})
        for relay in machine.relays
    ]
    assert set(servers.addresses) == {
        f"http://127.0.0.1:{port}" for relay in machine.relays for port in (relay.port, relay.server_port)
    }
    assert servers.all_serve()


@pytest.mark.parametrize("fault", [Fault.SERVER_KILL, Fault.SERVER_RESTART])
def test_one_that_was_made_to_end_is_started_again(
    machine: Machine, servers: TrialServers, fault: Fault
) -> None:
    assert servers.disturb(fault, 0)
    assert not servers.all_serve()
    servers.look_after(0)
    servers.look_after(0)
    assert servers.all_serve()
    assert len(machine.children) == 3
    assert machine.asked[-1] in machine.asked[:2]
    assert sentences(servers) == []


def test_one_that_is_ending_is_left_alone(machine: Machine, servers: TrialServers) -> None:
    for _ in range(2):
        assert servers.disturb(Fault.SERVER_KILL, 0)
    assert not servers.disturb(Fault.LOST_ANSWER, 0)
    assert servers.lost_answers() == 0


def test_one_that_is_stopped_goes_on(machine: Machine, servers: TrialServers) -> None:
    assert servers.disturb(Fault.SERVER_STOP, 0)
    servers.look_after(1)
    stopped = next(child for child in machine.children if child.signals)
    assert stopped.signals == [Signal.STOP]
    servers.look_after(300_000_000)
    assert stopped.signals == [Signal.STOP, Signal.CONTINUE]


def test_answers_are_lost_by_the_network(servers: TrialServers) -> None:
    assert servers.disturb(Fault.LOST_ANSWER, 0)
    assert servers.lost_answers() == 1


def test_one_that_ends_by_itself_is_broken(machine: Machine, servers: TrialServers) -> None:
    machine.children[1].status = 1
    machine.children[1].said += "a trace\ngit-kas: Oops.\n"
    servers.look_after(0)
    assert sentences(servers) == ["Server 2 ended by itself, with status 1: a trace git-kas: Oops."]
    servers.look_after(0)
    assert servers.all_serve()


def test_one_that_does_not_end_well_is_broken(machine: Machine, servers: TrialServers) -> None:
    for child in machine.children:
        child.at_end = 1
    servers.disturb(Fault.SERVER_RESTART, 0)
    servers.look_after(0)
    assert len(sentences(servers)) == 1
    assert "asked to end, did so with status 1: it said nothing" in sentences(servers)[0]


def test_one_that_fails_while_it_starts_again_is_given_time(machine: Machine, servers: TrialServers) -> None:
    machine.starts = [("git-kas: the database is away\n", 6)] * 3
    servers.disturb(Fault.SERVER_KILL, 0)
    for _ in range(5):
        servers.look_after(0)
    assert servers.all_serve()
    assert len(machine.children) == 6
    machine.starts = [("git-kas: the database is away\n", 6)] * 3
    servers.disturb(Fault.SERVER_KILL, 0)
    servers.look_after(0)
    with pytest.raises(ProgramFailed, match="does not start: git-kas: the database is away"):
        servers.look_after(61_000_000_000)
    assert sentences(servers) == []


def test_one_that_never_served_is_not_tried_again(machine: Machine) -> None:
    machine.starts = [("git-kas: There is no such option.\n", 2)]
    servers = TrialServers(machine, LAUNCH, Random(1))
    with pytest.raises(ProgramFailed, match="There is no such option"):
        servers.start()
    servers.close()
    assert all(relay.is_closed for relay in machine.relays)


def test_one_that_says_nothing_is_not_waited_for_without_end(machine: Machine) -> None:
    machine.starts = [("", None)]
    with pytest.raises(ProgramFailed, match="does not answer in time"):
        TrialServers(machine, LAUNCH, Random(1)).start()


def test_at_the_end_all_are_asked_to_end(machine: Machine, servers: TrialServers) -> None:
    servers.disturb(Fault.SERVER_STOP, 0)
    servers.end()
    assert [child.status for child in machine.children] == [0, 0]
    assert all(child.signals[-2:] == [Signal.CONTINUE, Signal.END] for child in machine.children)
    servers.close()
    assert sentences(servers) == []


def test_one_that_does_not_end_well_at_the_end_is_broken(machine: Machine, servers: TrialServers) -> None:
    machine.children[0].at_end = 3
    servers.end()
    assert sentences(servers) == ["Server 1, asked to end, did so with status 3: it said nothing"]


def test_each_round_has_every_kind_of_fault() -> None:
    deck = Deck(Random(3), [Fault.KILL, Fault.STOP, Fault.SERVER_KILL, Fault.DROP])
    for _ in range(3):
        drawn = sorted(deck.draw() for _ in range(5))
        assert drawn == [Fault.KILL, Fault.KILL, Fault.SERVER_KILL, Fault.STOP, Fault.STOP]
    assert deck
    assert not Deck(Random(3), [Fault.DROP])
