"""Server-sent events (WHATWG HTML, "Server-sent events"): the commits of a project as a stream.

A stream ends after a while, and clients come again with the number that they were told last: so one whose
client has stopped reading ends too, and what waits for it to read stays small.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from git_kas.server.hub import Followed

KIND: Final = "text/event-stream"
BEAT: Final = 15.0
"""Seconds of silence after which there is a comment; sending it finds out whether anybody is there."""

LONGEST: Final = 600.0
"""Seconds after which a stream ends."""

_PACE: Final = 0.1
"""Seconds between two events at least; what is committed meanwhile comes as one."""

_BEGIN: Final = b"retry: 1000\n\n"
_COMMENT: Final = b": still here\n\n"


def wants_events(accept: str) -> bool:
    """Whether an ``Accept`` names the type of streams."""
    return any(part.partition(";")[0].strip().lower() == KIND for part in accept.split(","))


class EventStream:
    """The body of an answer: one event for each commit that can be told in time."""

    def __init__(self, followed: Followed, *, beat: float = BEAT, longest: float = LONGEST) -> None:
        self._followed = followed
        self._beat = beat
        self._end = time.monotonic() + longest
        self._next = 0.0
        self._has_begun = False

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> bytes:
        if not self._has_begun:
            self._has_begun = True
            return _BEGIN
        self._followed.pause(self._next - time.monotonic())
        change = self._followed.wait(min(self._beat, max(0.0, self._end - time.monotonic())))
        if change is not None:
            self._next = time.monotonic() + _PACE
            return f'id: {change}\nevent: change\ndata: {{"change": {change}}}\n\n'.encode("ascii")
        if self._followed.has_ended or time.monotonic() >= self._end:
            raise StopIteration
        return _COMMENT

    def close(self) -> None:
        """See PEP 3333."""
        self._followed.close()
