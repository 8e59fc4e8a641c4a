"""Runs of agents: what is to be run, and what has become of it (DESIGN 10).

A run begins at most once, however often and by whomever it is started. What is known of it outlives every
process that takes part in it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.run_ids import RunId


class RunSpec(NamedTuple):
    """What is to be run: the shell command ``command``, in the folder ``folder``.

    ``variables`` are added to its environment, which then also names a file that holds ``prompt``
    (:data:`~git_kas.domain.agent_environment.PROMPT_VARIABLE`).
    """

    run_id: RunId
    command: str
    folder: str
    variables: Mapping[str, str]
    prompt: str


class RunState(StrEnum):
    """What has become of a run."""

    NEVER = "never"
    """It has not begun."""
    RUNNING = "running"
    """The agent is at work, or what it has started is while nobody is left who would see its end."""
    EXITED = "exited"
    """The agent has ended, and its exit status is known."""
    LOST = "lost"
    """It began and is over, but nobody has seen how it ended: all was killed, or the machine went down."""


class RunReport(NamedTuple):
    """A run as it is now.

    ``status`` is the agent's exit status, below zero where a signal has ended it, None unless it has exited.
    ``began`` and ``ended`` are RFC 3339 in UTC, empty where that is not known.
    """

    state: RunState
    status: int | None = None
    began: str = ""
    ended: str = ""


class AgentRuns(Protocol):
    """The runs of a repository."""

    def prepare(self, spec: RunSpec) -> Sequence[str]:
        """Keep, for good, what is to be run, and return the command line that a runner must start for it.

        For a run that was prepared before, what was kept then stays, and the answer is the same.

        Raises:
            StoreFull, ReadOnly: it cannot be written.
        """

    def reports(self, run_ids: Iterable[RunId]) -> Mapping[RunId, RunReport]:
        """What has become of each of these runs. It costs so little that it can be asked at every event.

        Raises:
            ReadOnly: what is known cannot be read.
        """

    def stop(self, run_id: RunId) -> bool:
        """Ask the agent, and all that it has started in its process group, to end; do not wait for that.

        Who does not heed is killed a while later. A run that has not begun never will any more. False: nothing
        ran.

        Raises:
            ProgramFailed: it runs where it cannot be reached from here.
            StoreFull, ReadOnly: it has not begun, and that it must not cannot be written.
        """

    def folder(self, run_id: RunId) -> str:
        """The folder in which all that belongs to the run is kept; it may not be there yet."""
