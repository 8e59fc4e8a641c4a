"""The memory fakes of the ports :class:`~git_kas.ports.agent_runs.AgentRuns` and of runners."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from git_kas.domain.timestamps import timestamp
from git_kas.errors import ProgramFailed
from git_kas.ports.agent_runs import RunReport, RunState
from git_kas.ports.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.run_ids import RunId
    from git_kas.ports.agent_runs import RunSpec

_NEVER: Final = RunReport(RunState.NEVER)
_TERMINATED: Final = -15


@dataclass
class MemoryAgentRuns:
    """Runs as values. What happens to them is said by :meth:`begin`, :meth:`end` and :meth:`lose`.

    ``begun`` lists the runs in the order in which they began. A run that is stopped ends at once, unless it is
    in ``deaf``.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    specs: dict[RunId, RunSpec] = field(default_factory=dict)
    begun: list[RunId] = field(default_factory=list)
    stopped: set[RunId] = field(default_factory=set)
    deaf: set[RunId] = field(default_factory=set)
    _reports: dict[RunId, RunReport] = field(default_factory=dict)

    def prepare(self, spec: RunSpec) -> Sequence[str]:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`."""
        self.specs.setdefault(spec.run_id, spec)
        return ["run", spec.run_id]

    def reports(self, run_ids: Iterable[RunId]) -> Mapping[RunId, RunReport]:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`."""
        return {run_id: self._reports.get(run_id, _NEVER) for run_id in run_ids}

    def stop(self, run_id: RunId) -> bool:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`."""
        state = self._reports.get(run_id, _NEVER).state
        if state is RunState.NEVER:
            self.stopped.add(run_id)
        elif state is RunState.RUNNING:
            if run_id not in self.deaf:
                self.end(run_id, _TERMINATED)
            return True
        return False

    def folder(self, run_id: RunId) -> str:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`."""
        return f"memory/{run_id}"

    def begin(self, run_id: RunId) -> None:
        """What a runner starts begins the run, once."""
        if run_id in self.specs and run_id not in self._reports and run_id not in self.stopped:
            self.begun.append(run_id)
            self._reports[run_id] = RunReport(RunState.RUNNING, began=timestamp(self.clock.now_ns()))

    def end(self, run_id: RunId, status: int) -> None:
        """The agent ends."""
        ended = timestamp(self.clock.now_ns())
        self._reports[run_id] = self._reports[run_id]._replace(
            state=RunState.EXITED, status=status, ended=ended
        )

    def lose(self, run_id: RunId) -> None:
        """Everything of the run is killed."""
        self._reports[run_id] = self._reports[run_id]._replace(state=RunState.LOST)


@dataclass
class MemoryRunner:
    """The port :class:`~git_kas.ports.runner.Runner` over such runs.

    ``started`` has every call; with ``failure`` each fails, saying that. Without ``begins`` a start is lost on
    its way, as when the machine goes down.
    """

    runs: MemoryAgentRuns
    started: list[RunId] = field(default_factory=list)
    failure: str = ""
    begins: bool = True

    def start(self, run_id: RunId, argv: Sequence[str], folder: str) -> None:
        """See :class:`git_kas.ports.runner.Runner`."""
        del argv, folder
        self.started.append(run_id)
        if self.failure:
            raise ProgramFailed(self.failure, next_step="Mend it.")
        if self.begins:
            self.runs.begin(run_id)

    def attach_hint(self, run_id: RunId) -> str:
        """See :class:`git_kas.ports.runner.Runner`."""
        return f"attach {run_id}"
