"""Starts agents in sessions of a tmux server that is there for one repository.

The server has a socket of its own, so that it neither meets the user's sessions nor their configuration; among
that may be commands that restore sessions, and hooks. What is given to tmux is not looked at as a format or
as a list of commands: names are made safe, folders are handed over as the current one.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from git_kas.domain.agent_environment import environment_without_tokens
from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.run_ids import RunId

_CONFIGURATION: Final = os.path.join(os.path.dirname(__file__), "server.conf")
_SIZE: Final = ("-x", "200", "-y", "50")
_PATIENCE: Final = 30.0  # seconds
_TRIES: Final = 5
_PAUSE: Final = 0.05  # seconds, longer with every try
_OTHER_RUNNER: Final = "'git config kas.runner process' runs agents without a terminal."

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]|^-")
_LONGEST_NAME: Final = 100
_DIGITS_OF_HASH: Final = 12


def socket_name(common_dir: str) -> str:
    """The name of the socket of the server for the repository at ``common_dir``, as for ``tmux -L``."""
    return "kas-" + _digest(os.path.realpath(common_dir))


def session_name(run_id: RunId) -> str:
    """The name of the session of a run: the run's own if it has only letters, digits, ``_`` and ``-``.

    Otherwise each other character is replaced, and a hash tells such names apart: tmux changes some characters
    itself, and others have a meaning where a session is asked for (tmux(1), COMMANDS).
    """
    safe = _UNSAFE.sub("_", run_id)
    if safe == run_id and len(safe) <= _LONGEST_NAME:
        return safe
    return f"{safe[: _LONGEST_NAME - _DIGITS_OF_HASH - 1]}-{_digest(run_id)}"


class TmuxRunner:
    """The port :class:`~git_kas.ports.runner.Runner`: one session a run."""

    def __init__(self, common_dir: str, environment: Mapping[str, str]) -> None:
        kept = environment_without_tokens(environment)
        self._environment = {name: value for name, value in kept.items() if name not in {"TMUX", "TMUX_PANE"}}
        self._socket = socket_name(common_dir)

    def start(self, run_id: RunId, argv: Sequence[str], folder: str) -> None:
        """See :class:`git_kas.ports.runner.Runner`.

        Where there is a session of that name, another window is opened in it: whether the run has begun there
        cannot be seen from here, and if it has, what is started ends at once and the window with it. A server
        that ends just now, because its last session does, is tried again.
        """
        if not os.path.isdir(folder):
            raise ProgramFailed(f"{folder} is gone.", next_step="Look whether the folder is there.")
        name = session_name(run_id)
        command = ["--", *map(_argument, argv)]
        said = ""
        for number in range(_TRIES):
            time.sleep(_PAUSE * number)
            said = self._complaint(folder, "new-session", "-d", "-s", name, *_SIZE, *command)
            if not said or not self._complaint(folder, "new-window", "-t", f"={name}:", *command):
                return
        raise ProgramFailed(f"tmux cannot start {run_id}: {said}.", next_step=_OTHER_RUNNER)

    def attach_hint(self, run_id: RunId) -> str:
        """See :class:`git_kas.ports.runner.Runner`; it works inside of tmux, too."""
        folder = self._environment.get("TMUX_TMPDIR", "")
        place = f" {shlex.quote(f'TMUX_TMPDIR={folder}')}" if folder else ""
        return f"env -u TMUX{place} tmux -L {self._socket} attach-session -t '={session_name(run_id)}'"

    def _complaint(self, folder: str, *arguments: str) -> str:
        """Run ``tmux *arguments`` in ``folder``; the first line of what it says if it fails, else nothing."""
        try:
            finished = subprocess.run(
                ["tmux", "-L", self._socket, "-f", _CONFIGURATION, *arguments],
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_PATIENCE,
            )
        except FileNotFoundError as error:
            raise ProgramFailed(
                "The program tmux is not on PATH.", next_step=f"Install tmux. {_OTHER_RUNNER}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ProgramFailed(
                f"tmux gave no answer within {_PATIENCE:.0f} seconds.", next_step=_OTHER_RUNNER
            ) from error
        except OSError as error:
            raise ProgramFailed(
                f"tmux cannot be started: {error.strerror}.", next_step=_OTHER_RUNNER
            ) from error
        said = finished.stderr.decode("utf-8", "replace").strip() or f"it ended with {finished.returncode}"
        return said.splitlines()[0].rstrip(".") if finished.returncode else ""


def _argument(text: str) -> str:
    """So that tmux does not take a semicolon at the end for that of a list of commands (tmux(1), COMMANDS)."""
    return f"{text[:-1]}\\;" if text.endswith(";") else text


def _digest(text: str) -> str:
    return sha256(os.fsencode(text)).hexdigest()[:_DIGITS_OF_HASH]
