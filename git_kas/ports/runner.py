"""Keeps something running that survives us (DESIGN 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.run_ids import RunId


class Runner(Protocol):
    """Starts agents."""

    def start(self, run_id: RunId, argv: Sequence[str], folder: str) -> None:
        """Start the command line ``argv`` of a prepared run in ``folder``, and do not wait for it.

        Whatever of it is there is no proof that the run has begun: ask
        :meth:`git_kas.ports.agent_runs.AgentRuns.reports`. Started again, the run goes on or stays over.

        Raises:
            ProgramFailed: nothing was started.
        """

    def attach_hint(self, run_id: RunId) -> str:
        """A command line that shows a person the agent at work, empty if there is none."""
