"""Measures what the search for plugins costs ``git-kas plan list`` where many distributions are installed.

``python -m benchmarks.plugins``

The distributions are empty but for their metadata, and stand in one folder on PYTHONPATH. That Python, too,
looks through this folder at each import is seen in the time of a Python that imports one module.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.common import GIT_KAS, Sample, interleave, measure, milliseconds, print_machine, print_table
from benchmarks.repository import Built, small_repository

DISTRIBUTIONS: Final = (0, 60, 1_500)
_PLANS: Final = 10
_ENTRY_POINTS_EVERY: Final = 3  # of so many distributions one has entry points, as in common environments
_ENTRY_POINTS: Final = "[console_scripts]\n{name} = {name}.main:main\n\n[pytest11]\n{name} = {name}.plugin\n"
_METADATA: Final = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


def _install(folder: Path, count: int) -> Path:
    """Make the metadata of ``count`` distributions in ``folder``."""
    folder.mkdir()
    for number in range(count):
        name = f"fake_{number:04}"
        metadata = folder / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(_METADATA.format(name=name))
        if number % _ENTRY_POINTS_EVERY == 0:
            (metadata / "entry_points.txt").write_text(_ENTRY_POINTS.format(name=name))
    return folder


def _contestants(built: Built, folders: dict[int, Path]) -> dict[tuple[str, int], Callable[[], Sample]]:
    commands = {
        "plan list": (str(GIT_KAS), "plan", "list"),
        "python": (sys.executable, "-c", "import argparse"),
    }
    return {
        (name, count): partial(measure, command, built.path, {**built.environment, "PYTHONPATH": str(folder)})
        for count, folder in folders.items()
        for name, command in commands.items()
    }


def main() -> None:
    """Make the distributions, measure, and print the table."""
    parser = argparse.ArgumentParser(description="Measure the search for plugins.")
    parser.add_argument("--rounds", type=int, default=25)
    given = parser.parse_args()
    print("## Search for plugins\n")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="git-kas-plugins-") as temporary:
        built = small_repository(Path(temporary, "git"), _PLANS)
        folders = {count: _install(Path(temporary, f"site-{count}"), count) for count in DISTRIBUTIONS}
        results = interleave(_contestants(built, folders), given.rounds)
    none = results["plan list", 0]
    rows = []
    for count in DISTRIBUTIONS:
        runs, python = results["plan list", count], results["python", count]
        more = f"{(runs.median - none.median) * 1000:+.1f}"
        ratio = f"{runs.times(none):.2f}"
        rows.append([f"{count:,}", milliseconds(runs), more, ratio, milliseconds(python)])
    print("Milliseconds: median (shortest).\n")
    headings = ["distributions more", "plan list", "against none", "/ none", "python -c 'import argparse'"]
    print_table(headings, rows)


if __name__ == "__main__":
    main()
