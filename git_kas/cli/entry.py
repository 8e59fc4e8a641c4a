"""The program ``git-kas``: :func:`git_kas.cli.main.main` between a quick start and a quick end."""

import gc
import os
import sys
from typing import NoReturn

# A run makes thousands of small objects at once, hardly any of them garbage; looking for it after every 700 of
# them takes a tenth of the time of ``git kas plan list``.
_GARBAGE_THRESHOLDS = (100_000, 50, 100)


def run() -> NoReturn:
    """Run the program, then leave at once.

    Everything is printed and closed by then; taking the interpreter down piece by piece would add a sixth to
    the time of ``git kas plan list``.
    """
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    from git_kas.cli.main import main

    status = main()
    sys.stderr.flush()
    os._exit(status)
