"""A command that watches, as the tests run it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from support import heed_interrupts

PATIENCE = 60.0


class Watching:
    """A running command that watches, its documents, and what it says beside them."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - no other thread runs yet
        )
        self._lines, self._said = queue.Queue[str](), queue.Queue[str]()
        streams = ((self.process.stdout, self._lines), (self.process.stderr, self._said))
        self._readers = [threading.Thread(target=_read, args=pair, daemon=True) for pair in streams]
        for reader in self._readers:
            reader.start()

    def line(self, seconds: float = PATIENCE) -> str:
        """The next line on standard output."""
        return self._lines.get(timeout=seconds)

    def said(self) -> str:
        """The next line on standard error."""
        return self._said.get(timeout=PATIENCE)

    def has_said(self) -> list[str]:
        """The lines on standard error that nobody has read; after the end, all of them."""
        return [self._said.get() for _ in range(self._said.qsize())]

    def rows(self) -> dict[str, Any]:
        """The rows of the next document, by plan."""
        document = json.loads(self.line())
        if document["kind"] == "plan.list":
            return {plan["filename"]: plan for plan in document["data"]}
        assert document["kind"] == "triage", document
        return {row["plan"]: row for row in document["data"]["rows"]}

    def is_quiet(self, seconds: float) -> bool:
        try:
            self.line(seconds)
        except queue.Empty:
            return True
        return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return status

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def _read(stream: IO[str], lines: queue.Queue[str]) -> None:
    for line in stream:
        lines.put(line)
