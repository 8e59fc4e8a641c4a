"""Shows on a terminal what takes longer than a second; elsewhere nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.cli.style import printable

if TYPE_CHECKING:
    from threading import Event, Thread
    from typing import TextIO

_PATIENCE: Final = 1.0
_ERASE_LINE: Final = "\r\033[K"


class TerminalProgress:
    """The port :class:`~git_kas.ports.progress.Progress` as one line on standard error.

    The line appears a second after the first step, shows the running one, and is erased at the end.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._thread: Thread | None = None
        self._ended: Event | None = None

    def step(self, text: str) -> None:
        """See :class:`git_kas.ports.progress.Progress`."""
        self._text = text
        if self._thread is None and self._stream.isatty():
            from threading import Event, Thread

            self._ended = Event()
            self._thread = Thread(target=self._show, args=(self._ended,), daemon=True)
            self._thread.start()

    def done(self) -> None:
        """See :class:`git_kas.ports.progress.Progress`."""
        if self._thread and self._ended:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _show(self, ended: Event) -> None:
        import time

        started = time.monotonic()
        shown = False
        while not ended.wait(_PATIENCE):
            seconds = int(time.monotonic() - started)
            self._stream.write(f"{_ERASE_LINE}git-kas: {printable(self._text)} ({seconds} s)")
            self._stream.flush()
            shown = True
        if shown:
            self._stream.write(_ERASE_LINE)
            self._stream.flush()
