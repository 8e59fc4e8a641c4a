"""Runs the user's command after a plan's status has changed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.domain.agent_environment import command_environment
from git_kas.domain.transitions import OBSERVING_VARIABLE, observer_variables
from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from git_kas.domain.transitions import PlanTransition
    from git_kas.ports.observer import Surroundings

LIMIT: Final = 30.0  # seconds
_STANDARD_ERROR: Final = 2
_SETTING: Final = "The command of kas.onTransition"


def run_command(transition: PlanTransition, surroundings: Surroundings, limit: float = LIMIT) -> None:
    """Run the command with the transition in its environment, and as JSON on its standard input.

    Not from within itself: a command that moves plans would otherwise go on for ever.

    Raises:
        ProgramFailed: it could not be started, failed, or took too long and was ended with all it had started.
    """
    if not surroundings.command or surroundings.environment.get(OBSERVING_VARIABLE):
        return
    location = surroundings.location
    folder = location.main_worktree or location.common_dir
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", surroundings.command],
            cwd=folder,
            env=command_environment(surroundings.environment) | observer_variables(transition),
            stdin=subprocess.PIPE,
            stdout=_STANDARD_ERROR,
            start_new_session=True,  # so that all it starts can be ended together
        )
    except OSError as error:
        raise ProgramFailed(
            f"{_SETTING} cannot be started in {folder}: {error.strerror}.",
            next_step="Look whether the folder is there.",
        ) from error
    _wait(process, json.dumps({"schema": 1, **transition._asdict()}).encode(), limit)


def _wait(process: subprocess.Popen[bytes], told: bytes, limit: float) -> None:
    try:
        process.communicate(told, timeout=limit)
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(
            f"{_SETTING} did not end within {limit:g} seconds and was ended.",
            next_step="Let it start in the background what takes long.",
        ) from error
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        ended = f"status {process.returncode}" if process.returncode > 0 else f"signal {-process.returncode}"
        raise ProgramFailed(f"{_SETTING} ended with {ended}.", next_step="Look at what it printed.")
