"""What the scenarios of doctor share: asking it, and finding what it says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support import Repo

Row = dict[str, Any]
Doctor = Callable[..., list[Row]]


def only(rows: list[Row], check: str) -> Row:
    """The one finding, which is of ``check``."""
    assert [row["check"] for row in rows] == [check], rows
    return rows[0]


def age(path: Path, seconds: int) -> None:
    """Make the file look as if it was written ``seconds`` ago."""
    then = path.lstat().st_mtime - seconds
    os.utime(path, (then, then))


def set_aside(repo: Repo, common_dir: Path | None = None) -> list[Path]:
    """What doctor has put away."""
    return sorted(((common_dir or repo.path / ".git") / "kas/set-aside").glob("*"))
