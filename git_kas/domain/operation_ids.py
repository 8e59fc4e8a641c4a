"""Names of operations: file names, and parts of references, that sort by time."""

from __future__ import annotations

import re
import time
from typing import Final

_FORM: Final = re.compile(r"\d{8}-\d{6}-\d{9}")
_NANOSECONDS: Final = 1_000_000_000


def is_operation_id(text: str) -> bool:
    """Whether ``text`` has the form of an operation's id."""
    return _FORM.fullmatch(text) is not None


def operation_id(now_ns: int) -> str:
    """The id of an operation that begins at ``now_ns`` (nanoseconds since 1970, UTC)."""
    seconds, rest = divmod(now_ns, _NANOSECONDS)
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(seconds))}-{rest:09}"


def next_operation_id(now_ns: int, last: str) -> str:
    """The same, but always behind the id ``last`` (empty: none yet), also where the clock went back."""
    wanted = operation_id(now_ns)
    return wanted if wanted > last else operation_id(began_ns(last) + 1)


def began_ns(operation: str) -> int:
    """The moment in an operation's id, in nanoseconds since 1970 (UTC)."""
    import calendar

    date, _, rest = operation.rpartition("-")
    return calendar.timegm(time.strptime(date, "%Y%m%d-%H%M%S")) * _NANOSECONDS + int(rest)
