"""The port :class:`~git_kas.ports.agent_runs.AgentRuns` over folders in Git's common directory."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.disk import writing
from git_kas.domain.agent_environment import agent_environment, environment_without_tokens
from git_kas.domain.timestamps import timestamp
from git_kas.errors import Busy, ProgramFailed, ReadOnly
from git_kas.ports.agent_runs import RunReport, RunState
from git_kas_process import run_locks
from git_kas_process.detached import start_detached
from git_kas_process.run_folders import PROMPT, make_run_folder, run_folder
from git_kas_process.wrapper import BEGUN, ENVIRONMENT, LOCK, SPEC, STATUS, STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.run_ids import RunId
    from git_kas.ports.agent_runs import RunSpec

GRACE: Final = 10.0  # seconds from being asked to end until being killed

_WRAPPER: Final = "git_kas_process.wrapper"
_ENDER: Final = "git_kas_process.ender"
_NEVER: Final = RunReport(RunState.NEVER)
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.002


class FolderAgentRuns:
    """Runs of the repository at ``common_dir``; agents work in ``environment``, as far as they may."""

    def __init__(self, common_dir: str, environment: Mapping[str, str], *, grace: float = GRACE) -> None:
        self._common_dir = common_dir
        self._environment = environment
        self._grace = grace

    def prepare(self, spec: RunSpec) -> Sequence[str]:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`.

        ``-P`` keeps the current folder, which anybody may have filled, from being searched for modules.
        """
        folder = self.folder(spec.run_id)
        if not os.path.isdir(folder):
            wanted = {"command": spec.command, "folder": spec.folder, "grace": self._grace}
            environment = agent_environment(self._environment, spec.variables, os.path.join(folder, PROMPT))
            files = {
                SPEC: _encoded({"run": spec.run_id, **wanted, "variables": dict(spec.variables)}),
                ENVIRONMENT: _encoded(environment),
                PROMPT: spec.prompt.encode("utf-8", "surrogateescape"),
                LOCK: b"",
            }
            make_run_folder(self._common_dir, spec.run_id, files)
        return [sys.executable, "-P", "-m", _WRAPPER, folder]

    def reports(self, run_ids: Iterable[RunId]) -> Mapping[RunId, RunReport]:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`."""
        return {run_id: _report(self.folder(run_id)) for run_id in run_ids}

    def stop(self, run_id: RunId) -> bool:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`.

        What watches over the run hands the signal on, and sees to it that it is heeded. Where that was killed,
        everybody who still holds the run's lock is told, with his process group, and a process of our own sees
        to it.
        """
        folder = self.folder(run_id)
        if not os.path.isdir(folder):
            return False
        if _report(folder).state is RunState.NEVER:
            _keep_from_beginning(folder)
        if _report(folder).state is not RunState.RUNNING:
            return False
        host = str(_record(folder, BEGUN).get("host", ""))
        if host != platform.node():
            raise ProgramFailed(f"The run {run_id} is on {host}.", next_step="Stop it there.")
        watcher = _watcher(folder)
        if watcher is None:
            self._stop_holders(os.path.join(folder, LOCK))
            return True
        if watcher <= 0:
            raise ProgramFailed(
                f"The run {run_id} is where its processes cannot be seen from here, as in a container.",
                next_step="Stop it there.",
            )
        with suppress(ProcessLookupError):
            os.kill(watcher, signal.SIGTERM)
        return True

    def _stop_holders(self, lock: str) -> None:
        groups = run_locks.groups_with(lock)
        if not groups:
            raise ProgramFailed(
                f"Who holds {lock} cannot be seen from here.", next_step="End the agent's processes by hand."
            )
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
                os.killpg(group, signal.SIGCONT)
        argv = [sys.executable, "-P", "-m", _ENDER, lock, str(self._grace)]
        start_detached(argv, os.path.dirname(lock), environment_without_tokens(self._environment))

    def folder(self, run_id: RunId) -> str:
        """See :class:`git_kas.ports.agent_runs.AgentRuns`."""
        return run_folder(self._common_dir, run_id)


class _Ended(NamedTuple):
    status: int
    time: str


def _report(folder: str) -> RunReport:
    """What the files say. The lock is looked at last but one: who writes the status holds it meanwhile."""
    if not os.path.lexists(os.path.join(folder, BEGUN)):
        return _NEVER
    began = _time(_record(folder, BEGUN))
    ended = _ended(folder)
    if ended is None and _lock_is_held(folder):
        return RunReport(RunState.RUNNING, began=began)
    ended = ended or _ended(folder)
    if ended is None:
        return RunReport(RunState.LOST, began=began)
    return RunReport(RunState.EXITED, ended.status, began, ended.time)


def _ended(folder: str) -> _Ended | None:
    record = _record(folder, STATUS)
    status = record.get("status")
    return _Ended(status, _time(record)) if isinstance(status, int) else None


def _record(folder: str, name: str) -> Mapping[str, object]:
    """The record of that name; empty where there is none, or what is there is none."""
    try:
        with open(os.path.join(folder, name), "rb") as file:
            found = json.load(file)
    except FileNotFoundError:
        return {}
    except ValueError:
        return {}
    except OSError as error:
        raise _unreadable(os.path.join(folder, name), error) from error
    return found if isinstance(found, dict) else {}


def _time(record: Mapping[str, object]) -> str:
    time_ns = record.get("time_ns")
    return timestamp(time_ns) if isinstance(time_ns, int) else ""


@contextmanager
def _opened(path: str) -> Iterator[int]:
    try:
        opened = os.open(path, os.O_RDWR)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        yield opened
    finally:
        os.close(opened)


def _lock_is_held(folder: str) -> bool:
    with _opened(os.path.join(folder, LOCK)) as lock:
        return run_locks.is_held(lock)


def _watcher(folder: str) -> int | None:
    with _opened(os.path.join(folder, BEGUN)) as begun:
        return run_locks.record_lock_holder(begun)


def _keep_from_beginning(folder: str) -> None:
    """Make a run that has not begun one that cannot, unless it begins now."""
    deadline = time.monotonic() + _PATIENCE
    with _opened(os.path.join(folder, LOCK)) as lock:
        while not run_locks.take(lock):
            if os.path.lexists(os.path.join(folder, BEGUN)):
                return
            if time.monotonic() > deadline:
                raise Busy(f"The lock of the run in {folder} is not free.", next_step="Try again.")
            time.sleep(_PAUSE)
        if os.path.lexists(os.path.join(folder, BEGUN)):
            return
        path = os.path.join(folder, STOPPED)
        with writing(path):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        with suppress(OSError):  # there are secrets in it, and nobody will need them
            os.unlink(os.path.join(folder, ENVIRONMENT))


def _encoded(record: Mapping[str, object]) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _unreadable(path: str, error: OSError) -> ReadOnly:
    return ReadOnly(f"{path} cannot be read: {error.strerror}.", next_step="Make it readable.")
