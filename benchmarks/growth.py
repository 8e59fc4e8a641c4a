"""How judging branches grows with their number, with the base's history and with their own commits.

``python -m benchmarks.growth [--scale 10]``

Verdicts are found cold each time. At the end the landed branches are removed in one reference transaction, and
come back. Git runs its hook twice for it where refs are packed: for the packed ones, and for all.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

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
from benchmarks.repository import Built, Parameters, build, clean_environment
from benchmarks.rivals import copied

_BRANCHES: Final = (500, 1_000, 2_000)
_COMMITS: Final = (10_000, 20_000, 40_000)
_OWN_COMMITS: Final = (40, 400, 4_000)
_LINEAR: Final = 1.3  # times the size
_VERDICT: Final = ("git", "kas", "verdict", "--json")


def _cold(built: Built) -> Sample:
    shutil.rmtree(built.kas_folder / "cache", ignore_errors=True)
    return measure(_VERDICT, built.path, built.environment)


def _long_branches(folder: Path, own: int) -> Built:
    """Ten unmerged branches of ``own`` commits each."""
    path = folder / "repository"
    built = Built(path, clean_environment(folder / "home"))
    if (path / ".git/complete").exists():
        return built
    shutil.rmtree(folder, ignore_errors=True)
    path.mkdir(parents=True)
    (folder / "home").mkdir()
    git = partial(subprocess.run, cwd=path, env=dict(built.environment), check=True)
    git(["git", "init", "-q", "-b", "main"])
    git(["git", "fast-import", "--quiet"], input="".join(_stream(own)).encode())
    (path / ".git/complete").touch()
    return built


def _stream(own: int) -> Iterator[str]:
    def commit(branch: str, start: str, file: str, number: int) -> str:
        data = f"line {number}\n"
        mark = f"mark :{number + 1}\n" if branch == "main" else ""
        return (
            f"commit refs/heads/{branch}\n{mark}"
            f"committer B <b@example.invalid> {1_700_000_000 + number} +0000\n"
            f"data 1\nx\n{start}M 644 inline {file}\ndata {len(data)}\n{data}\n"
        )

    for number in range(1_000):
        yield commit("main", "", f"base-{number % 50}.txt", number)
    for branch in range(10):
        name = f"long-{branch}"
        for number in range(own):
            start = "from :500\n" if number == 0 else ""
            yield commit(name, start, f"{name}-{number % 20}.txt", number)


def _report(title: str, results: Mapping[int, Runs]) -> list[Aim]:
    sizes = list(results)
    rows = [
        [f"{size:,}", milliseconds(runs), f"{runs.times(results[sizes[0]]):.2f}", f"{runs.peak_mb:.0f}"]
        for size, runs in results.items()
    ]
    print_table([title, "ms", f"/ {sizes[0]:,}", "peak MB"], rows)
    print()
    grown = sizes[-1] / sizes[0]
    times = results[sizes[-1]].times(results[sizes[0]])
    return [Aim.at_most(f"{title}: {grown:.0f} times as many", times, _LINEAR * grown, " times as long")]


def _removal(built: Built) -> None:
    with copied(built) as copy:
        log = Path(copy.path / ".git/transactions")
        hook = copy.path / ".git/hooks/reference-transaction"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f'#!/bin/sh\n[ "$1" = committed ] && grep -c refs/heads/ >> "{log}"\nexit 0\n')
        hook.chmod(0o755)
        with tempfile.NamedTemporaryFile("r") as printed:
            command = ("git", "kas", "cleanup", "--branches", "--execute", "--json")
            removal = measure(command, copy.path, copy.environment, Path(printed.name))
            rows = json.loads(printed.read())["data"]["rows"]
        gone = sum(row["done"] for row in rows)
        transactions = [int(count) for count in log.read_text().split() if int(count)]
        undo = measure(("git", "kas", "undo"), copy.path, copy.environment)
    print_table(
        ["", "branches", "seconds", "runs of the transaction hook"],
        [
            ["git kas cleanup --execute", str(gone), f"{removal.seconds:.2f}", str(len(transactions))],
            ["git kas undo", str(gone), f"{undo.seconds:.2f}", "-"],
        ],
    )
    print()


def main() -> None:
    """Build what is missing, measure, and print tables and aims."""
    parser = argparse.ArgumentParser(description="Measure how judging branches grows.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1, metavar="N", help="make everything N times smaller")
    parser.add_argument("--folder", type=Path, default=CACHE_FOLDER, help="where repositories are kept")
    given = parser.parse_args()

    def scaled(size: int) -> int:
        return int(size / given.scale)

    def standard(branches: int, commits: int) -> Built:
        folder = given.folder / f"growth-{branches}-{commits}"
        return build(folder, Parameters(branches, commits, worktrees=1, plans=0))

    print("## How judging branches grows\n")
    print_machine()
    many = {n: standard(n, scaled(_COMMITS[1])) for n in map(scaled, _BRANCHES)}
    deep = {n: standard(scaled(_BRANCHES[0]), n) for n in map(scaled, _COMMITS)}
    long = {n: _long_branches(given.folder / f"long-{n}", n) for n in map(scaled, _OWN_COMMITS)}
    aims: list[Aim] = []
    for title, sizes in (
        ("branches", many),
        ("base commits", deep),
        ("own commits of each of 10 branches", long),
    ):
        aims += _report(title, interleave({n: partial(_cold, one) for n, one in sizes.items()}, given.rounds))
    _removal(many[scaled(_BRANCHES[0])])
    print_aims(aims)


if __name__ == "__main__":
    main()
