"""Starts programs that survive us, and that nobody has to wait for."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The shell ends at once, so that the system, and not we, will wait for what it has started.
_LET_GO: Final = '"$@" &'


def start_detached(
    argv: Sequence[str], folder: str, environment: Mapping[str, str], log: int = subprocess.DEVNULL
) -> None:
    """Start ``argv`` in ``folder`` and a session of its own; what it prints goes to the open file ``log``.

    Raises:
        ProgramFailed: it cannot be started.
    """
    try:
        finished = subprocess.run(
            ["/bin/sh", "-c", _LET_GO, "sh", *argv],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    except OSError as error:
        raise ProgramFailed(
            f"{argv[0]} cannot be started in {folder}: {error.strerror}.",
            next_step="Look whether the folder is there.",
        ) from error
    if finished.returncode:
        raise ProgramFailed(f"The shell cannot start {argv[0]}.", next_step="Look at that path.")
