"""How far a longer piece of work is."""

from typing import Protocol


class Progress(Protocol):
    """Told what is being done now; whether anybody sees it is not the caller's concern."""

    def step(self, text: str) -> None:
        """``text`` says what begins now, such as ``reading history``."""

    def done(self) -> None:
        """The work has ended, well or not."""
