"""Measures what a real server does while many clients wait for changes, and how soon a commit wakes them.

``python -m benchmarks.watchers [--watchers 500] [--seconds 60] [--db PATH|URL]``

Clients are bare sockets in this process, so that what is measured is the server's. With a file, system calls on
files are counted by ``strace``; with PostgreSQL its transactions, as the database counts them.
"""

import argparse
import http.client
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

from benchmarks.common import GIT_KAS, print_machine, print_table
from benchmarks.long_polls import LongPolls, cpu_ticks, resident_mb

_SETTLING: Final = 50.0
"""Seconds after which a server over a file has looked for the last time whether a commit can be seen by now."""

_LONGEST_WAIT: Final = 60
_COMING_IN: Final = 3.0
"""Seconds without work after which all clients have come in."""

_CALLS: Final = "trace=read,pread64,write,pwrite64,openat,fcntl,fsync,fdatasync"


def _create(address: tuple[str, int], name: str) -> float:
    """Commit; when it was acknowledged."""
    connection = http.client.HTTPConnection(*address, timeout=_LONGEST_WAIT)
    with closing(connection):
        connection.request("POST", "/v1/projects/shop/plans", json.dumps({"filename": name}))
        answered = connection.getresponse()
        answered.read()
        if answered.status != http.client.CREATED:
            raise RuntimeError(f"the server answered {answered.status}")
    return time.monotonic()


def _transactions_of(url: str) -> Callable[[], int]:
    """What counts the transactions of a database, from within another one of the same server."""
    import psycopg
    from sqlalchemy import make_url

    parsed = make_url(url).set(drivername="postgresql")
    beside = psycopg.connect(
        parsed.set(database="postgres").render_as_string(hide_password=False), autocommit=True
    )
    asked = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"

    def count() -> int:
        row = beside.execute(asked, (parsed.database,)).fetchone()
        return int(row[0]) if row else 0

    return count


def _idle(pid: int, work: Callable[[], int], seconds: float) -> tuple[int, int]:
    """Ticks of processor time and pieces of work in a while in which nothing happens."""
    ticks, done = cpu_ticks(pid), work()
    time.sleep(seconds)
    return cpu_ticks(pid) - ticks, work() - done


def _measure(address: tuple[str, int], pid: int, work: Callable[[], int], given: argparse.Namespace) -> None:
    _create(address, "a.md")
    time.sleep(_SETTLING)
    before = resident_mb(pid)
    rows, left = [], given.seconds
    since = 1
    while left > 0:
        turn = min(left, _LONGEST_WAIT - 20)
        with closing(LongPolls(address, "shop", given.watchers, since, _LONGEST_WAIT)) as polls:
            while _idle(pid, work, _COMING_IN)[1]:
                pass
            ticks, done = _idle(pid, work, turn)
            memory = resident_mb(pid)
            begun = time.monotonic()
            acknowledged = _create(address, f"{since}.md")
            since += 1
            woken = polls.gather(_LONGEST_WAIT, given.watchers)
            delays = sorted((at - begun) * 1000 for at, _ in polls.answers) or [float("nan")]
        rows.append(
            [
                f"{turn:.0f}",
                str(ticks),
                str(done),
                f"{woken} of {given.watchers}",
                f"{(acknowledged - begun) * 1000:.0f}",
                f"{delays[0]:.0f}",
                f"{statistics.median(delays):.0f}",
                f"{delays[-1]:.0f}",
                f"{memory - before:.0f}",
            ]
        )
        left -= turn
        time.sleep(_SETTLING if left > 0 else 0)
    delays_of = ("commit ms", "first ms", "median ms", "last ms")
    print_table(["idle s", "CPU ticks", "work", "woken", *delays_of, "MB more"], rows)


def main() -> None:
    """Start a server, measure, and print the table."""
    parser = argparse.ArgumentParser(description="Measure what waiting clients cost.")
    parser.add_argument("--watchers", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--db", default="", help="a file, or a PostgreSQL database without anything in it")
    given = parser.parse_args()
    print("## Clients that wait\n")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="git-kas-watchers-") as folder:
        Path(folder, "database").mkdir()
        log = Path(folder, "calls")
        is_file = "://" not in given.db
        serve = [str(GIT_KAS), "serve", "--port", "0", "--no-auth", "--max-watchers", str(given.watchers)]
        serve += ["--db", given.db or str(Path(folder, "database", "plans.db"))]
        trace = ["strace", "-f", "--seccomp-bpf", "-o", str(log), "-e", _CALLS] if is_file else []
        process = subprocess.Popen([*trace, *serve], stdout=subprocess.PIPE)
        line = process.stdout.readline().decode() if process.stdout else ""
        host, port = line.split()[-1].removeprefix("http://").rsplit(":", 1)
        pid = int(log.read_text().split(maxsplit=1)[0]) if is_file else process.pid
        work = (lambda: log.read_bytes().count(b"\n")) if is_file else _transactions_of(given.db)
        try:
            _measure((host, int(port)), pid, work, given)
        finally:
            os.kill(pid, signal.SIGTERM)
            process.wait(_LONGEST_WAIT)
    print("CPU ticks are 10 ms each. Work: system calls on files, or the database's transactions.")


if __name__ == "__main__":
    main()
