"""Starts agents as processes without a terminal."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from git_kas.disk import writing
from git_kas.domain.agent_environment import environment_without_tokens
from git_kas.errors import ProgramFailed
from git_kas_process.detached import start_detached
from git_kas_process.run_folders import LOG, run_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.run_ids import RunId


class ProcessRunner:
    """The port :class:`~git_kas.ports.runner.Runner`; what agents print goes to the ``log`` of their run."""

    def __init__(self, common_dir: str, environment: Mapping[str, str]) -> None:
        self._common_dir = common_dir
        self._environment = environment_without_tokens(environment)

    def start(self, run_id: RunId, argv: Sequence[str], folder: str) -> None:
        """See :class:`git_kas.ports.runner.Runner`; it is started in a session of its own."""
        path = self._log(run_id)
        if not os.access(argv[0], os.X_OK):
            raise ProgramFailed(f"{argv[0]} cannot be run.", next_step="Look at that path.")
        with writing(path):
            log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            start_detached(argv, folder, self._environment, log)
        finally:
            os.close(log)

    def attach_hint(self, run_id: RunId) -> str:
        """See :class:`git_kas.ports.runner.Runner`."""
        path = self._log(run_id)
        return f"tail -n +1 -f {shlex.quote(path)}" if os.path.exists(path) else ""

    def _log(self, run_id: RunId) -> str:
        return os.path.join(run_folder(self._common_dir, run_id), LOG)
