"""How a run against a plan store is disturbed."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from random import Random


class Fault(StrEnum):
    """A kind of disturbance."""

    KILL = "kill"
    STOP = "stop"
    DROP = "drop"
    LOST_ANSWER = "lost_answer"
    SERVER_KILL = "server_kill"
    SERVER_RESTART = "server_restart"
    SERVER_STOP = "server_stop"
    DATABASE_CUT = "database_cut"
    DATABASE_RESTART = "database_restart"


FAULT_MEANINGS: Final[Mapping[Fault, str]] = {
    Fault.KILL: "a client was killed and started again",
    Fault.STOP: "a client was stopped for a moment in the middle of whatever it did",
    Fault.DROP: "a client threw an answer away and asked again under the same key",
    Fault.LOST_ANSWER: "the answer to a mutation, or its second half, was lost on its way from the server",
    Fault.SERVER_KILL: "a server was killed and started again, at the same port and over the same database",
    Fault.SERVER_RESTART: "a server was asked to end, and started again",
    Fault.SERVER_STOP: "a server was stopped for a moment in the middle of whatever it did",
    Fault.DATABASE_CUT: "the database ended all connections of the run",
    Fault.DATABASE_RESTART: "the database was restarted",
}

_SHARES: Final[Mapping[Fault, int]] = {
    Fault.KILL: 2,
    Fault.STOP: 2,
    Fault.LOST_ANSWER: 3,
    Fault.SERVER_KILL: 1,
    Fault.SERVER_RESTART: 1,
    Fault.SERVER_STOP: 2,
    Fault.DATABASE_CUT: 1,
    Fault.DATABASE_RESTART: 1,
}
"""How often each comes in a round; a client loses answers by itself."""

FAULTS_OF_CLIENTS: Final = frozenset({Fault.KILL, Fault.STOP})
FAULTS_OF_SERVERS: Final = frozenset(
    {Fault.LOST_ANSWER, Fault.SERVER_KILL, Fault.SERVER_RESTART, Fault.SERVER_STOP}
)


class Deck:
    """Faults by chance, but each of its kinds in every round, so that short runs have all of them too."""

    def __init__(self, random: Random, kinds: Collection[Fault]) -> None:
        self._random = random
        self._round = [fault for fault, share in _SHARES.items() if fault in kinds for _ in range(share)]
        self._left: list[Fault] = []

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._round)

    def draw(self) -> Fault:
        """The next one."""
        if not self._left:
            self._left = self._random.sample(self._round, len(self._round))
        return self._left.pop()
