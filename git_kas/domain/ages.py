"""Spans of time as people write them on a command line."""

from __future__ import annotations

import re
from typing import Final

from git_kas.errors import UsageError

_FORM: Final = re.compile(r"(\d{1,6})([hdw]?)")
_SECONDS: Final = {"h": 3600, "": 86_400, "d": 86_400, "w": 604_800}


def parse_age(text: str) -> int:
    """Seconds in ``30`` or ``30d`` (days), ``12h`` (hours) or ``2w`` (weeks).

    Raises:
        UsageError: it is none of these.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise UsageError(f"'{text}' is no age.", next_step="Write 30d, 12h or 2w; a bare number is days.")
    return int(found.group(1)) * _SECONDS[found.group(2)]
