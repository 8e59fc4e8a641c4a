"""Many long polls from one process, and what a server does meanwhile; for benchmarks and tests."""

from __future__ import annotations

import os
import re
import selectors
import socket
import time
from contextlib import ExitStack
from pathlib import Path

_PATIENCE = 60.0


class LongPolls:
    """Requests that wait for a change of a project, each on a connection of its own."""

    def __init__(self, address: tuple[str, int], project: str, count: int, since: int, wait: int = 60) -> None:
        self._open = ExitStack()
        self._selector = self._open.enter_context(selectors.DefaultSelector())
        path = f"/v1/projects/{project}/changes?since={since}&wait={wait}"
        request = f"GET {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n\r\n".encode()
        self.answers: list[tuple[float, bytes]] = []
        for _ in range(count):
            connection = self._open.enter_context(socket.create_connection(address, timeout=_PATIENCE))
            connection.sendall(request)
            connection.settimeout(0)
            self._selector.register(connection, selectors.EVENT_READ, (connection, bytearray()))

    def gather(self, seconds: float, enough: int = 0) -> int:
        """Take in answers until ``enough`` are there, or for that long; how many there are."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and (not enough or len(self.answers) < enough):
            for key, _ in self._selector.select(left):
                connection, data = key.data
                piece = connection.recv(65536)
                data.extend(piece)
                if not piece or is_whole(data):
                    self.answers.append((time.monotonic(), bytes(data)))
                    self._selector.unregister(connection)
        return len(self.answers)

    def close(self) -> None:
        """Wait no more."""
        self._open.close()


def is_whole(data: bytearray) -> bool:
    """Whether that is an answer to its end."""
    head, end, body = bytes(data).partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(end) and length is not None and len(body) >= int(length[1])


def cpu_ticks(pid: int) -> int:
    """The processor time of a process so far, in clock ticks (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def resident_mb(pid: int) -> float:
    """The memory that a process holds, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_000_000
