"""Agents of a repository that the tests start by a runner, and what is left of them in the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from git_kas.domain.location import RepositoryLocation
from git_kas.domain.run_ids import RunId
from git_kas.plugin.manager import PluginManager
from git_kas.ports.agent_runs import RunReport, RunSpec, RunState
from git_kas.ports.runner import Runner
from git_kas_process.agent_runs import FolderAgentRuns
from git_kas_process.run_locks import groups_with, is_held
from git_kas_tmux.runner import socket_name
from support import needs_program

RUNNERS = ("process", "tmux")
RUN = RunId("2026-01-01-search-W1-T2-1")
PATIENCE = 60
GRACE = 0.4


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Look again and again until it has happened; nothing tells us of it."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.005)


def open_runner(kind: str, common_dir: str, environment: Mapping[str, str]) -> Runner:
    location = RepositoryLocation(common_dir, common_dir, None, None)
    found = PluginManager(sys.path).call(kind, "kas_runner", location=location, environment=environment)
    return cast("Runner", found)


@dataclass
class Agents:
    """Runs of a repository at ``common_dir`` whose agents work in ``folder``."""

    kind: str
    common_dir: Path
    folder: Path
    environment: dict[str, str]
    started: set[RunId] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.runs = FolderAgentRuns(str(self.common_dir), self.environment, grace=GRACE)
        self.runner = open_runner(self.kind, str(self.common_dir), self.environment)

    def prepare(self, command: str, run_id: RunId = RUN, **more: object) -> list[str]:
        """Prepare a run; the command line of its wrapper."""
        variables = cast("Mapping[str, str]", more.get("variables", {}))
        spec = RunSpec(run_id, command, str(self.folder), variables, str(more.get("prompt", "do it")))
        self.started.add(run_id)
        return list(self.runs.prepare(spec))

    def start(self, command: str, run_id: RunId = RUN, **more: object) -> None:
        self.runner.start(run_id, self.prepare(command, run_id, **more), str(self.folder))

    def report(self, run_id: RunId = RUN) -> RunReport:
        return self.runs.reports([run_id])[run_id]

    def wait_for(self, state: RunState, run_id: RunId = RUN) -> RunReport:
        wait_until(lambda: self.report(run_id).state is state, f"{run_id!r} {state}")
        return self.report(run_id)

    def exit_status(self, run_id: RunId = RUN) -> int | None:
        """The exit status, once the agent has ended."""
        return self.wait_for(RunState.EXITED, run_id).status

    def file(self, run_id: RunId, name: str) -> Path:
        return Path(self.runs.folder(run_id)) / name

    def wrapper(self, run_id: RunId = RUN) -> int:
        """The process number of the wrapper, once the run has begun."""
        begun = self.file(run_id, "begun")
        wait_until(begun.exists, "the beginning")
        return int(json.loads(begun.read_text())["pid"])

    def written(self, name: str) -> str:
        """What the agent has written to that file, once it is a whole line."""
        path = self.folder / name
        wait_until(lambda: path.exists() and path.read_text().endswith("\n"), name)
        return path.read_text().removesuffix("\n")

    def holders(self, run_id: RunId = RUN) -> set[int]:
        """The process groups in which somebody holds the run's lock."""
        return groups_with(str(self.file(run_id, "lock")))

    def is_free(self, run_id: RunId = RUN) -> bool:
        """Whether nobody holds it exclusively."""
        with self.file(run_id, "lock").open() as lock:
            return not is_held(lock.fileno())

    def tmux(self, *arguments: str, check: bool = True) -> str:
        """What the repository's tmux server answers."""
        finished = subprocess.run(
            ["tmux", "-L", socket_name(str(self.common_dir)), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=check,
        )
        return finished.stdout.removesuffix("\n")

    def close(self) -> None:
        """End whatever is left."""
        for run_id in self.started:
            for group in self.holders(run_id) if not self.is_free(run_id) else ():
                with suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
        if self.kind == "tmux":
            self.tmux("kill-server", check=False)


def zombies() -> list[str]:
    """Processes that have ended and that we should have waited for."""
    ours = f") Z {os.getpid()} "
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if ours in (text := path.read_text()):
                found.append(text)
    return found


@contextmanager
def agents(kind: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Agents]:
    """Agents under that runner; sockets are in a folder of their own, whose name is short enough for them."""
    if kind == "tmux":
        needs_program("tmux")
    common_dir, worktree = folder / "common.git", folder / "worktree"
    common_dir.mkdir()
    worktree.mkdir()
    with tempfile.TemporaryDirectory(prefix="kas-") as sockets:
        made = Agents(kind, common_dir, worktree, {**environment, "TMUX_TMPDIR": sockets})
        try:
            yield made
            assert zombies() == []
        finally:
            made.close()
