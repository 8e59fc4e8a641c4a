"""Times as histories keep them: RFC 3339 in UTC with microseconds, so that their order is that of the text."""

from __future__ import annotations

import time
from typing import Final

_NANOSECONDS: Final = 1_000_000_000


def timestamp(nanoseconds: int) -> str:
    """Nanoseconds since 1970 as such a time, cut off to microseconds."""
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1000:06}Z"


def trimmed(text: str) -> str:
    """The same without trailing zeros in the fraction, as ``created_at`` is written (ORIGIN 1.1)."""
    return text.removesuffix("Z").rstrip("0").removesuffix(".") + "Z"


def nanoseconds_of(text: str) -> int:
    """The nanoseconds since 1970 of a time that :func:`timestamp` made."""
    import calendar

    seconds = calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    return seconds * _NANOSECONDS + int(text[20:26]) * 1000


def later(text: str, seconds: float) -> str:
    """The time ``seconds`` after the one in ``text``."""
    return timestamp(nanoseconds_of(text) + int(seconds * _NANOSECONDS))


def precise_time(nanoseconds: int) -> str:
    """Nanoseconds since 1970 in full precision and without trailing zeros (ORIGIN 1.1)."""
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    return trimmed(f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09}Z")
