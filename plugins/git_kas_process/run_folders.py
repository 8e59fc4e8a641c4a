"""Where runs are kept in Git's common directory, and how their files come there."""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.disk import sync, write_file, writing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.run_ids import RunId

LOG: Final = "log"
PROMPT: Final = "prompt.md"

_RUNS: Final = ("kas", "runs")
_UNFINISHED: Final = ("kas", "runs.unfinished")
_OLD: Final = 3600  # seconds after which a folder that is not finished is nobody's any more


def run_folder(common_dir: str, run_id: RunId) -> str:
    """The folder of a run."""
    return os.path.join(common_dir, *_RUNS, run_id)


def make_run_folder(common_dir: str, run_id: RunId, files: Mapping[str, bytes]) -> None:
    """Make the folder of a run with these files, durably and for its owner only; leave one that is there.

    It is made elsewhere and then renamed, so that it is there as a whole or not at all.
    """
    from secrets import token_hex

    runs = os.path.join(common_dir, *_RUNS)
    unfinished = os.path.join(common_dir, *_UNFINISHED)
    made = os.path.join(unfinished, token_hex(8))
    with writing(run_folder(common_dir, run_id)):
        new = not os.path.isdir(runs)
        for folder in (runs, unfinished):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        _remove_old(unfinished)
        try:
            os.mkdir(made, 0o700)
            for name, data in files.items():
                write_file(os.path.join(made, name), [data], os.O_EXCL, 0o600)
            sync(made)
            _rename(made, run_folder(common_dir, run_id))
        finally:
            shutil.rmtree(made, ignore_errors=True)
        for folder in (runs, os.path.dirname(runs), common_dir) if new else (runs,):
            sync(folder)


def _rename(made: str, wanted: str) -> None:
    try:
        os.rename(made, wanted)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
            raise


def _remove_old(unfinished: str) -> None:
    """Remove what killed processes have left: there may be secrets in it."""
    for name in os.listdir(unfinished):
        path = os.path.join(unfinished, name)
        with suppress(OSError):
            if time.time() - os.stat(path).st_mtime > _OLD:
                shutil.rmtree(path, ignore_errors=True)
