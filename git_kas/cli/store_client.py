"""A client process of ``git kas verify-store``, which starts it; it is no command of its own.

Run as a module with one argument, the job. It ends as soon as its standard input does: then nobody is left
to work for.
"""

from __future__ import annotations

import os
import sys
from threading import Thread
from typing import TYPE_CHECKING

from git_kas.app import App
from git_kas.cli.progress import TerminalProgress
from git_kas.errors import KasError
from git_kas.store_trial import StoreTrial

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Do the job and return the exit status."""
    app = App.from_process({}, TerminalProgress(sys.stderr))
    try:
        StoreTrial(app).run_client(arguments[0], _wait_for_word)
    except KasError as error:
        print(error.message, file=sys.stderr)
        return error.exit_status
    return 0


def _wait_for_word() -> str:
    word = sys.stdin.readline()
    Thread(target=end_with_parent, daemon=True).start()
    return word


def end_with_parent() -> None:
    """Leave when the parent has gone, however it went."""
    while os.read(0, 1):  # not through sys.stdin, whose lock could not be taken at the end of the program
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
