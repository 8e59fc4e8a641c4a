"""Compares ``git-kas plan list`` with a Python that does nothing.

``python -m benchmarks.plan_list [--profile]``
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.common import (
    GIT_KAS,
    Aim,
    Sample,
    interleave,
    measure,
    milliseconds,
    print_aims,
    print_machine,
    print_table,
)
from benchmarks.repository import Built, small_repository

PLANS: Final = (10, 1_000, 10_000)
_JUDGED: Final = 1_000
_LIMIT: Final = 4

_NOTHING: Final = "python -c pass"
_CONFIG: Final = "git config --list"
_IMPORT: Final = "python -c 'import git_kas.cli.main'"
_IMPORT_TIME: Final = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| (\s*)(\S+)")
_TOP: Final = 20


class Import(NamedTuple):
    """What one line of ``-X importtime`` says, in microseconds; ``total`` includes what the module imports."""

    module: str
    own: int
    total: int


def _contestants(repositories: dict[int, Built]) -> dict[str, Callable[[], Sample]]:
    """Plan lists, and what they cannot do without: Python, the program's own modules, Git's configuration."""
    built = repositories[_JUDGED]
    parts = {
        _NOTHING: (sys.executable, "-c", "pass"),
        _IMPORT: (sys.executable, "-c", "import git_kas.cli.main"),
        _CONFIG: ("git", "config", "--list"),
    }
    runs = {name: partial(measure, part, built.path, built.environment) for name, part in parts.items()}
    for plans, repository in repositories.items():
        command = (str(GIT_KAS), "plan", "list")
        runs[f"plan list, {plans:,} plans"] = partial(measure, command, repository.path, repository.environment)
    return dict(runs)


def _compare(repositories: dict[int, Built], rounds: int) -> None:
    results = interleave(_contestants(repositories), rounds)
    nothing = results[_NOTHING]
    rows = [[name, milliseconds(runs), f"{runs.times(nothing):.2f}"] for name, runs in results.items()]
    print("Milliseconds: median (shortest).\n")
    print_table(["", "time", f"/ {_NOTHING}"], rows)
    ratio = results[f"plan list, {_JUDGED:,} plans"].times(nothing)
    text = f"at most {_LIMIT} times {_NOTHING} with {_JUDGED:,} plans"
    print_aims([Aim.at_most(text, ratio, _LIMIT, " times")])


def _imports(built: Built, *arguments: str) -> list[Import]:
    finished = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=built.path,
        env=built.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = map(_IMPORT_TIME.match, finished.stderr.splitlines())
    return [Import(match[4], int(match[1]), int(match[2])) for match in found if match]


def _profile(built: Built) -> None:
    """Print which modules ``plan list`` imports beyond those of a bare Python, the dearest first."""
    bare = {entry.module for entry in _imports(built, "-c", "pass")}
    everything = _imports(built, str(GIT_KAS), "plan", "list")
    added = sorted((entry for entry in everything if entry.module not in bare), key=lambda entry: -entry.own)
    rows = [[f"`{entry.module}`", f"{entry.own:,}", f"{entry.total:,}"] for entry in added[:_TOP]]
    rest = sum(entry.own for entry in added[_TOP:])
    rows.append([f"{len(added[_TOP:])} others", f"{rest:,}", ""])
    rows.append([f"all {len(added)}", f"{sum(entry.own for entry in added):,}", ""])
    start = sum(entry.own for entry in everything if entry.module in bare)
    rows.append([f"those of `{_NOTHING}`, {len(bare)}", f"{start:,}", ""])
    print(f"Imports of plan list with {_JUDGED:,} plans, one run under `-X importtime`, microseconds:\n")
    print_table(["module", "its own", "with what it imports"], rows)


def main() -> None:
    """Make the repositories, measure, and print table and aim."""
    parser = argparse.ArgumentParser(description="Measure git-kas plan list.")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--profile", action="store_true", help="show where the time of imports goes, too")
    given = parser.parse_args()
    print("## git-kas plan list\n")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="git-kas-plan-list-") as folder:
        repositories = {plans: small_repository(Path(folder, str(plans)), plans) for plans in PLANS}
        _compare(repositories, given.rounds)
        if given.profile:
            _profile(repositories[_JUDGED])


if __name__ == "__main__":
    main()
