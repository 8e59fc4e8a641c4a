"""How soon what is done in one clone of a repository shows in another one, through a server.

``python -m benchmarks.two_clones [--rounds 20]``

In one clone ``git kas triage --watch`` and ``git kas plan list --watch`` run, in the other ``git kas plan
transition`` changes a plan. What is measured begins when that command is started and when it has ended, and
ends when the watching one has printed the new status.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from benchmarks.common import GIT_KAS, Aim, print_aims, print_machine, print_table

PLAN: Final = "2026-01-01-limits.md"
MOVES: Final = (("plan_start", "planning"), ("planner_finished", "ready"))
WATCHING: Final = (("triage", "--watch", "--json"), ("plan", "list", "--watch", "--json"))
PATIENCE: Final = 60.0
MOST: Final = 1.0
"""Seconds; what shows later is not seen as it happens."""


class Screen:
    """What a watching command prints, with the time of each document; ``status`` is the plan's in it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._shown: SimpleQueue[tuple[float, str]] = SimpleQueue()
        self._process = process
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            at = time.monotonic()
            self._shown.put((at, _status(json.loads(line)["data"])))

    def shows(self, status: str) -> float:
        """When the plan was shown in that status.

        Raises:
            TimeoutError: it is not.
        """
        while True:
            try:
                at, shown = self._shown.get(timeout=PATIENCE)
            except Empty:
                raise TimeoutError(f"{PLAN} is not shown as {status}") from None
            if shown == status:
                return at


def _status(data: Any) -> str:  # noqa: ANN401 - JSON
    rows = data["rows"] if isinstance(data, dict) and "rows" in data else data
    found = [row for row in rows if PLAN in {row.get("plan"), row.get("filename")}]
    return str(found[0]["status"]) if found else ""


@contextmanager
def _shared(folder: Path) -> Iterator[tuple[list[Path], Mapping[str, str]]]:
    """Two clones of one repository, and an environment in which both use one server."""
    origin, clones = folder / "origin", [folder / "one", folder / "two"]
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(origin)], check=True)
    subprocess.run(
        ["git", "-C", str(origin), *author, "commit", "-q", "--allow-empty", "-m", "first"], check=True
    )
    for clone in clones:
        subprocess.run(["git", "clone", "-q", str(origin), str(clone)], check=True)
    serve = [str(GIT_KAS), "serve", "--no-auth", "--port", "0", "--db", str(folder / "plans.db")]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True)
    try:
        url = (server.stdout.readline() if server.stdout else "").split()[-1]
        yield clones, os.environ | {"KAS_STORE": url, "KAS_PROJECT": "shop", "HOME": str(folder)}
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _measure(rounds: int, command: tuple[str, ...]) -> tuple[list[float], list[float]]:
    """Seconds from the change's beginning, and from its end, until it is shown."""
    with tempfile.TemporaryDirectory(prefix="git-kas-two-clones-") as name, _shared(Path(name)) as shared:
        (here, there), environment = shared

        def change(*words: str) -> tuple[float, float]:
            begun = time.monotonic()
            subprocess.run([GIT_KAS, *words], cwd=there, env=environment, stdout=subprocess.DEVNULL, check=True)
            return begun, time.monotonic()

        change("plan", "create", PLAN)
        watching = [str(GIT_KAS), *command]
        process = subprocess.Popen(watching, cwd=here, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            screen = Screen(process)
            screen.shows("ready")
            whole, after = [], []
            for number in range(rounds):
                event, status = MOVES[number % len(MOVES)]
                begun, ended = change("plan", "transition", PLAN, event)
                at = screen.shows(status)
                whole.append(at - begun)
                after.append(at - ended)
            return whole, after
        finally:
            process.terminate()
            process.wait(PATIENCE)


def main() -> None:
    """Measure, and print the table and the aims."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    print("## Two clones\n")
    print_machine()
    rows, aims = [], []
    for command in WATCHING:
        whole, after = _measure(rounds, command)
        name = f"git kas {' '.join(command)}"
        middle = statistics.median(whole)
        rows.append(
            [name, f"{middle:.2f}", f"{max(whole):.2f}", f"{statistics.median(after):.2f}", f"{max(after):.2f}"]
        )
        aims.append(
            Aim.at_most(f"{name}: shown at most {MOST:.0f} s after the change is asked for", middle, MOST, " s")
        )
    headings = ["seconds until", "it shows, from the start", "longest", "from the end", "longest "]
    print_table(headings, rows)
    print_aims(aims)


if __name__ == "__main__":
    main()
