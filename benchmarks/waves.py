"""What starting a wave of agents costs: each runner beside what tmux itself needs.

``python -m benchmarks.waves [--rounds 15] [--tasks 8]``
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks.common import Runs, Sample, interleave, milliseconds, print_machine, print_table
from benchmarks.repository import clean_environment
from git_kas.domain.run_ids import RunId
from git_kas.ports.agent_runs import RunSpec
from git_kas.ports.runner import Runner
from git_kas_process.agent_runs import FolderAgentRuns
from git_kas_process.runner import ProcessRunner
from git_kas_tmux.runner import TmuxRunner, socket_name

_BARE: Final = "`tmux new-window`, bare"
_TMUX: Final = "runner `tmux`"
_PROCESS: Final = "runner `process`"
_PATIENCE: Final = 60.0
_SOCKET: Final = "bare"


@dataclass
class Waves:
    """A repository in which waves of agents are started; an agent makes a file and waits for being ended."""

    folder: Path
    environment: Mapping[str, str]
    tasks: int
    numbers: "count[int]" = field(default_factory=count)
    told: dict[str, list[Sample]] = field(default_factory=dict)

    def bare(self) -> Sample:
        """Windows of a server that is there."""
        return self._measure(_BARE, self._start_window)

    def by(self, name: str, runner: Runner) -> Sample:
        """Runs that are prepared and started."""
        runs = FolderAgentRuns(str(self.folder), self.environment)
        return self._measure(name, partial(self._start_run, runs, runner))

    def _measure(self, name: str, start: Callable[[int], None]) -> Sample:
        """Until all agents of a wave are at work; what the start alone took is taken down, too."""
        numbers = [next(self.numbers) for _ in range(self.tasks)]
        began = time.perf_counter()
        for number in numbers:
            start(number)
        self.told.setdefault(name, []).append(Sample(time.perf_counter() - began, 0, 0))
        _wait_for([self.folder / f"there-{number}" for number in numbers])
        seconds = time.perf_counter() - began
        for number in numbers:
            (self.folder / f"go-{number}").touch()
        _wait_for([self.folder / f"over-{number}" for number in numbers])
        return Sample(seconds, 0, 0)

    def _start_window(self, number: int) -> None:
        command = ["tmux", "-L", _SOCKET, "new-window", "-d", _agent(number)]
        subprocess.run(command, cwd=self.folder, env=dict(self.environment), check=True)

    def _start_run(self, runs: FolderAgentRuns, runner: Runner, number: int) -> None:
        spec = RunSpec(RunId(f"plan-W1-T{number}-1"), _agent(number), str(self.folder), {}, "Do it.\n" * 200)
        runner.start(spec.run_id, runs.prepare(spec), spec.folder)


def _agent(number: int) -> str:
    return f": > there-{number}; while [ ! -e go-{number} ]; do sleep 0.05; done; : > over-{number}"


def _wait_for(paths: Sequence[Path]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not all(map(os.path.exists, paths)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{paths[0].name} and others did not appear")
        time.sleep(0.0005)


def _print_results(results: Mapping[str, Runs], told: Mapping[str, Sequence[Sample]], tasks: int) -> None:
    bare = results[_BARE]
    rows = []
    for name, runs in results.items():
        each = Runs([Sample(sample.seconds / tasks, 0, 0) for sample in told[name]])
        working = Runs([Sample(sample.seconds / tasks, 0, 0) for sample in runs.samples])
        rows.append([name, milliseconds(each), milliseconds(working), f"{runs.times(bare):.2f}"])
    print(f"A wave of {tasks} agents, milliseconds a task: median (shortest).\n")
    print_table(["", "until started", "until the agent is at work", "/ bare"], rows)


def main() -> None:
    """Start waves, measure, and print a table."""
    parser = argparse.ArgumentParser(description="Measure the start of waves.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--tasks", type=int, default=8)
    given = parser.parse_args()
    print("## Waves\n")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="kas-waves-") as name:
        folder = Path(name)
        (folder / "home").mkdir()
        (folder / "home" / "gitconfig").write_text("")
        environment = {**clean_environment(folder / "home"), "TMUX_TMPDIR": name}
        waves = Waves(folder, environment, given.tasks)
        servers = [_SOCKET, socket_name(name)]
        try:
            for server in servers:  # neither pays for the start of a server
                command = [
                    "tmux",
                    "-L",
                    server,
                    "-f",
                    "/dev/null",
                    "new-session",
                    "-d",
                    "-x",
                    "200",
                    "-y",
                    "50",
                ]
                subprocess.run(command, env=environment, check=True)
            contestants: dict[str, Callable[[], Sample]] = {_BARE: waves.bare}
            contestants[_TMUX] = partial(waves.by, _TMUX, TmuxRunner(name, environment))
            contestants[_PROCESS] = partial(waves.by, _PROCESS, ProcessRunner(name, environment))
            _print_results(interleave(contestants, given.rounds), waves.told, given.tasks)
        finally:
            for server in servers:
                with suppress(OSError):
                    subprocess.run(["tmux", "-L", server, "kill-server"], env=environment, check=False)


if __name__ == "__main__":
    main()
