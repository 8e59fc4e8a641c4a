"""What goes to a server and what comes back, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE: Final = 5.0
"""Seconds in which a server must be reached, and then answer (ORIGIN 1.3)."""


class Asking(NamedTuple):
    """A request. ``path`` comes behind the address, encoded; ``patience`` is in seconds.

    ``body`` is sent as it is, if it is bytes, and as JSON otherwise.

    ``is_safe``: it may be sent again when nobody knows whether it was done, as it is done once all the same.
    """

    method: str
    path: str
    body: Any = None
    patience: float = PATIENCE
    is_safe: bool = True

    @property
    def changes_something(self) -> bool:
        """Whether it asks for more than an answer."""
        return self.method != "GET"


class Received(NamedTuple):
    """What came back, whoever sent it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
