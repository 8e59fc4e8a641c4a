"""Compares ``git kas triage`` with the shell loop that people use today, and with the least that must be read.

``python -m benchmarks.triage``

The loop asks Git twice for each branch. The floor is ``git for-each-ref``, ``git worktree list`` and
``git status`` of each worktree, two at a time. All run in turn on the same repositories.
"""

import argparse
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.common import (
    CACHE_FOLDER,
    Aim,
    Runs,
    Sample,
    interleave,
    measure,
    milliseconds,
    print_aims,
    print_machine,
    print_table,
)
from benchmarks.repository import Built, Parameters, build

SMALL: Final = 100
MIDDLE: Final = 1_000  # the size that the aims are about
LARGE: Final = 5_000

Contestant: TypeAlias = tuple[int, str]
"""The number of branches, and what is run there."""

Results: TypeAlias = Mapping[Contestant, Runs]

_COLD: Final = "triage cold"
_WARM: Final = "triage warm"
_LOOP: Final = "loop"
_FLOOR: Final = "floor"

_TRIAGE: Final = ("git", "kas", "triage", "--json")

_LOOP_SCRIPT: Final = """
git for-each-ref --format='%(refname:lstrip=2)' refs/heads | while read -r branch; do
    git rev-list --left-right --count "main...$branch"
    git log -1 --format=%cI "$branch"
done
"""

_FLOOR_SCRIPT: Final = """
git for-each-ref --format='%(refname) %(objectname) %(committerdate:unix)' refs/heads
git worktree list --porcelain | sed -n 's/^worktree //p' | tr '\\n' '\\0' |
    xargs -0 -P 2 -I '{}' git -C '{}' status --porcelain=v2
"""


def _cold(built: Built) -> Sample:
    shutil.rmtree(built.kas_folder / "cache", ignore_errors=True)
    return _run(_TRIAGE, built)


def _run(command: Sequence[str], built: Built) -> Sample:
    # A look must not write, neither ours nor theirs; git-kas sets this for its children itself.
    return measure(command, built.path, {**built.environment, "GIT_OPTIONAL_LOCKS": "0"})


def _contestants(repositories: Mapping[int, Built]) -> dict[Contestant, Callable[[], Sample]]:
    """All that is compared, at all sizes: the loop, which takes longest, last in each round."""
    runs: dict[Contestant, Callable[[], Sample]] = {}
    for branches, built in repositories.items():
        runs[branches, _COLD] = partial(_cold, built)
        runs[branches, _WARM] = partial(_run, _TRIAGE, built)
        runs[branches, _FLOOR] = partial(_run, ("sh", "-c", _FLOOR_SCRIPT), built)
    for branches in (SMALL, MIDDLE):
        runs[branches, _LOOP] = partial(_run, ("sh", "-c", _LOOP_SCRIPT), repositories[branches])
    return runs


def _processes(built: Built) -> str:
    """How many programs a warm triage starts, and which, as strace(1) sees them."""
    if shutil.which("strace") is None:
        return "not counted (there is no strace)"
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as trace:
        command = ["strace", "-f", "-qq", "-e", "trace=execve", "-o", trace.name, *_TRIAGE]
        traced = subprocess.run(
            command, cwd=built.path, env=built.environment, stdout=subprocess.DEVNULL, check=False
        )
        if traced.returncode:
            return f"not counted (strace ended with status {traced.returncode})"
        return _count_programs(trace.read())


def _count_programs(trace: str) -> str:
    """The successful calls of execve in ``trace`` below the first, by the Git command that was started."""
    started: dict[str, str] = {}
    commands = Counter[str]()
    for line in trace.splitlines():
        process, _, call = line.partition(" ")
        if "execve(" in call:
            started[process] = call
        if call.endswith("= 0"):
            commands[_command(started[process])] += 1
    commands["git kas"] -= 1
    below = ", ".join(f"{name} {number}" for name, number in sorted(commands.items()) if number)
    return f"{commands.total()} ({below})"


def _command(call: str) -> str:
    arguments = re.findall(r'"((?:[^"\\]|\\.)*)"', call.partition("[")[2].partition("]")[0])
    program = Path(arguments[0]).name
    if program != "git":
        return program
    words = iter(arguments[1:])
    for word in words:
        if word in {"-C", "-c", "--git-dir", "--work-tree"}:
            next(words, None)
        elif not word.startswith("-"):
            return f"git {word}"
    return program


def _print_times(results: Results) -> None:
    headings = ["branches", _COLD, _WARM, _LOOP, _FLOOR]
    headings += ["loop / cold", "loop / warm", "cold / floor", "warm / floor", "peak MB"]
    rows = []
    for branches in (SMALL, MIDDLE, LARGE):
        cold, warm, floor = (results[branches, name] for name in (_COLD, _WARM, _FLOOR))
        loop = results.get((branches, _LOOP))
        rows.append(
            [
                f"{branches:,}",
                milliseconds(cold),
                milliseconds(warm),
                milliseconds(loop) if loop else "not run",
                milliseconds(floor),
                f"{loop.times(cold):.1f}" if loop else "",
                f"{loop.times(warm):.1f}" if loop else "",
                f"{cold.times(floor):.2f}",
                f"{warm.times(floor):.2f}",
                f"{max(cold.peak_mb, warm.peak_mb):.0f}",
            ]
        )
    print("Milliseconds: median (shortest).\n")
    print_table(headings, rows)


def _print_processor_time(results: Results) -> None:
    rows = []
    for branches in (SMALL, MIDDLE, LARGE):
        runs = [results.get((branches, name)) for name in (_COLD, _WARM, _LOOP, _FLOOR)]
        rows.append([f"{branches:,}", *(f"{taken.cpu * 1000:.0f}" if taken else "" for taken in runs)])
    print("Processor time of all processes together, milliseconds, median:\n")
    print_table(["branches", _COLD, _WARM, _LOOP, _FLOOR], rows)


def _print_growth(results: Results) -> None:
    steps = ((SMALL, MIDDLE), (MIDDLE, LARGE))
    rows = []
    for name in (_COLD, _WARM, _LOOP, _FLOOR):
        cells = [name]
        for fewer, more in steps:
            before, after = results.get((fewer, name)), results.get((more, name))
            if before is None or after is None:
                cells += ["", ""]
            else:
                further = (after.median - before.median) / (more - fewer)
                cells += [f"{after.times(before):.2f}", f"{further * 1e6:.0f}"]
        rows.append(cells)
    headings = [""]
    for fewer, more in steps:
        headings += [f"{more:,} / {fewer:,} branches", "µs per further branch"]
    print_table(headings, rows)


def _aims(results: Results) -> list[Aim]:
    cold, warm, floor, loop = (results[MIDDLE, name] for name in (_COLD, _WARM, _FLOOR, _LOOP))
    growth = results[LARGE, _COLD].times(cold)
    peak = max(runs.peak_mb for (_, name), runs in results.items() if name in {_COLD, _WARM})
    at = f"at {MIDDLE:,} branches"
    return [
        Aim.at_least(f"10 times faster than the loop {at}, cold", loop.times(cold), 10, " times"),
        Aim.at_most(f"within 2 times the floor {at}, cold", cold.times(floor), 2, " times"),
        Aim.at_most(f"within 2 times the floor {at}, warm", warm.times(floor), 2, " times"),
        Aim.at_most("linear: 5 times the branches take at most 5 times as long", growth, 5, " times"),
        Aim.at_most("under 300 MB at every size", peak, 300, " MB"),
        Aim.at_most(f"at most 3 s cold {at}", cold.median, 3, " s"),
        Aim.at_most(f"at most 0.5 s warm {at}", warm.median, 0.5, " s"),
    ]


def main() -> None:
    """Build what is missing, measure, and print tables and aims."""
    parser = argparse.ArgumentParser(description="Measure git kas triage.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=CACHE_FOLDER, help="where the repositories are kept")
    given = parser.parse_args()
    print("## git kas triage\n")
    print_machine()
    repositories = {
        branches: build(given.folder / f"branches-{branches}", Parameters(branches))
        for branches in (SMALL, MIDDLE, LARGE)
    }
    for built in repositories.values():
        _run(_TRIAGE, built)  # lets the system read the disk
    results = interleave(_contestants(repositories), given.rounds)
    _print_times(results)
    _print_processor_time(results)
    _print_growth(results)
    processes = [[f"{branches:,}", _processes(built)] for branches, built in repositories.items()]
    print_table(["branches", "programs that a warm triage starts"], processes)
    print_aims(_aims(results))


if __name__ == "__main__":
    main()
