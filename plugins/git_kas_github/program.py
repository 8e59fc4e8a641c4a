"""Runs the program ``gh``; its failures as errors of ours.

Exit statuses are those of ``gh help exit-codes`` (0 done, 1 failed, 2 cancelled, 4 not logged in). They do not
tell a rate limit from a wrong argument, so what gh prints is looked at, too. Tokens come to gh by its own ways
and never through an argument; what it prints is quoted without them.
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Final

from git_kas.errors import Busy, KasError, NotAllowed, ProgramFailed, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE: Final = 60.0  # seconds
_NOT_LOGGED_IN: Final = 4
_ANY_TOKEN: Final = re.compile(r"\b(?:gh[a-z]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})")
_TOKEN_VARIABLES: Final = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")

# They lead gh, which asks git, to another repository, or make it print for a terminal (gh help environment).
_TAKEN_AWAY: Final = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GH_FORCE_TTY", "GH_DEBUG", "CLICOLOR_FORCE"}
)
_ADDED: Final = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1", "GH_PAGER": "cat"}

_LOGIN: Final = re.compile(r"gh auth login|HTTP 401|Bad credentials", re.IGNORECASE)
_RATE: Final = re.compile(r"rate limit|HTTP 429|submitted too quickly", re.IGNORECASE)
_FORBIDDEN: Final = re.compile(
    r"HTTP 403|Resource not accessible|must have .* (?:access|permission)", re.IGNORECASE
)
_NETWORK: Final = re.compile(
    r"error connecting to|dial tcp|no such host|i/o timeout|connection refused|TLS handshake|HTTP 5\d\d",
    re.IGNORECASE,
)


class GhProgram:
    """``gh`` in the repository that ``folder`` lies in."""

    def __init__(self, folder: str, environment: Mapping[str, str]) -> None:
        self._folder = folder
        kept = {name: value for name, value in environment.items() if name not in _TAKEN_AWAY}
        self._environment = kept | _ADDED
        self._tokens = [environment[name] for name in _TOKEN_VARIABLES if environment.get(name)]

    def run(self, *arguments: str, stdin: str = "") -> str:
        """What ``gh *arguments`` printed.

        Raises:
            NotAllowed, Busy, Unreachable, ProgramFailed: see :class:`git_kas.ports.forge.Forge`.
        """
        if not os.path.isdir(self._folder):
            raise ProgramFailed(f"{self._folder} is gone.", next_step="Change to a worktree that is there.")
        try:
            finished = subprocess.run(
                ["gh", *arguments],
                cwd=self._folder,
                env=self._environment,
                input=stdin.encode("utf-8", "replace"),
                capture_output=True,
                check=False,
                timeout=_PATIENCE,
            )
        except FileNotFoundError as error:
            raise ProgramFailed(
                "The program gh is not on PATH.", next_step="Install GitHub's command line, or use --merge."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise Unreachable(
                f"gh gave no answer within {_PATIENCE:.0f} seconds.",
                next_step="Look at the network; try again.",
            ) from error
        except OSError as error:
            raise ProgramFailed(
                f"gh cannot be started: {error.strerror}.", next_step="Try 'gh --version'."
            ) from error
        errors = finished.stderr.decode("utf-8", "replace")
        if finished.returncode:
            raise self._failure(finished.returncode, errors)
        return finished.stdout.decode("utf-8", "replace")

    def _failure(self, status: int, errors: str) -> KasError:
        said = (
            self._without_tokens(" ".join(errors.split())[:400]).rstrip(".") or f"it ended with status {status}"
        )
        if status == _NOT_LOGGED_IN or _LOGIN.search(errors):
            return NotAllowed("gh is not logged in to the forge.", next_step="Run 'gh auth login'.")
        if _RATE.search(errors):
            return Busy(f"The forge asks to wait: {said}.", next_step="Try again later.")
        if _FORBIDDEN.search(errors):
            return NotAllowed(f"The forge does not allow it: {said}.", next_step="Try 'gh auth status'.")
        if _NETWORK.search(errors):
            return Unreachable(f"The forge cannot be reached: {said}.", next_step="Try again later.")
        return ProgramFailed(f"gh failed: {said}.", next_step="Run it by hand to see more.")

    def _without_tokens(self, text: str) -> str:
        for token in self._tokens:
            text = text.replace(token, "***")
        return _ANY_TOKEN.sub("***", text)
