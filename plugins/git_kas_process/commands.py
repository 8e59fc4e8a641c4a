"""Runs the user's own commands by the system's shell."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

# In a hook they would lead a git that the command starts to another repository than that of its folder.
_REPOSITORY_BOUND: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
_STANDARD_ERROR: Final = 2


class ShellCommands:
    """The port :class:`~git_kas.ports.commands.Commands`; children get ``environment``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = without_repository(environment)

    def run(self, command: str, folder: str) -> int:
        """See :class:`git_kas.ports.commands.Commands`."""
        try:
            finished = subprocess.run(  # noqa: S602 - a shell command is what the user has configured
                command,
                shell=True,
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=_STANDARD_ERROR,
                check=False,
            )
        except OSError as error:
            raise ProgramFailed(
                f"The command cannot be started in {folder}: {error.strerror}.",
                next_step="Look whether the folder is there.",
            ) from error
        return finished.returncode


def without_repository(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without what binds a git to one repository."""
    return {name: value for name, value in environment.items() if name not in _REPOSITORY_BOUND}
