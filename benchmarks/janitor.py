"""Compares how well, and how fast, branches are judged: git-kas, plain Git, and with ``--rivals`` other tools.

``python -m benchmarks.janitor [--rivals] [--scale 10]``

What is true of each branch is in its name, which the generator gave it. *Found* are landed ones that a tool
calls landed, *missed* those that it does not, *wrong* open ones that it calls landed: those it would delete.
The floor is ``git branch --merged`` and ``git status`` of each worktree, two at a time.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

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
from benchmarks.history import Fate
from benchmarks.repository import BASE, Built, Parameters, build
from benchmarks.rivals import (
    RivalRun,
    branches_of,
    count_loose_objects,
    run_delete_merged_branches,
    run_squash_loop,
)
from git_kas.cli.commands import COMMANDS

BASE_COMMITS: Final = 20_765
BRANCHES: Final = 1_000
WORKTREES: Final = 50
_SMALLEST: Final = 40

_LANDED: Final = (Fate.MERGED, Fate.SQUASHED, Fate.REBASED)
_REMOVABLE: Final = frozenset({"ancestor", "landed"})
_FLOOR: Final = "git branch --merged + status"
_FLOOR_SCRIPT: Final = f"""
git branch --merged {BASE} --format='%(refname:lstrip=2)'
git worktree list --porcelain | sed -n 's/^worktree //p' | tr '\\n' '\\0' |
    xargs -0 -P 2 -I '{{}}' git -C '{{}}' status --porcelain=v2 > /dev/null
"""


@dataclass(frozen=True, slots=True)
class Said:
    """Branches that a tool calls landed, and those that it calls partly landed."""

    landed: frozenset[str]
    partial: frozenset[str] = frozenset()


@dataclass(slots=True)
class Contestant:
    """A command that reads, how to understand what it prints, and what it said in its last run."""

    command: Sequence[str]
    understand: Callable[[str], Said]
    cold: bool = False
    said: Said = field(default_factory=lambda: Said(frozenset()))
    objects: int = 0

    def run(self, built: Built) -> Sample:
        """Run it once."""
        if self.cold:
            shutil.rmtree(built.kas_folder / "cache", ignore_errors=True)
        environment = {**built.environment, "GIT_OPTIONAL_LOCKS": "0"}
        before = count_loose_objects(built)
        with tempfile.NamedTemporaryFile("r") as printed:
            sample = measure(self.command, built.path, environment, Path(printed.name))
            self.said = self.understand(printed.read())
        self.objects += count_loose_objects(built) - before
        return sample


def _verdicts(printed: str) -> Said:
    """What ``verdict`` and ``triage`` say in JSON."""
    data = json.loads(printed)["data"]
    rows: list[dict[str, Any]] = data["rows"] if isinstance(data, dict) else data
    judged = {row["branch"]: row["verdict"] for row in rows if row["branch"]}
    return Said(
        frozenset(branch for branch, verdict in judged.items() if verdict in _REMOVABLE),
        frozenset(branch for branch, verdict in judged.items() if verdict == "partial"),
    )


def _removals(printed: str) -> Said:
    """What ``cleanup`` would remove."""
    rows = json.loads(printed)["data"]["rows"]
    gone = {row["name"] for row in rows if row["kind"] == "branch" and row["action"] == "remove"}
    return Said(frozenset(gone))


def _names(printed: str) -> Said:
    return Said(frozenset(printed.split()) - {BASE})


def _contestants() -> dict[str, Contestant]:
    """All that only read, each command of git-kas as far as there is one, cold and then warm."""
    known = {entry.name for entry in COMMANDS}
    found = {}
    for name, understand in (("verdict", _verdicts), ("triage", _verdicts), ("cleanup", _removals)):
        if name in known:
            command = ("git", "kas", name, "--json")
            found[f"git kas {name}, cold"] = Contestant(command, understand, cold=True)
            found[f"git kas {name}, warm"] = Contestant(command, understand)
    found[_FLOOR] = Contestant(("sh", "-c", _FLOOR_SCRIPT), _names)
    return found


def _of_fate(branches: Collection[str], fate: Fate) -> frozenset[str]:
    return frozenset(name for name in branches if name.startswith(f"plan/{fate}-"))


def _row(
    name: str, time: str, peak_mb: float, said: Said, objects: int, branches: Collection[str]
) -> list[str]:
    found = [f"{len(_of_fate(said.landed, fate))}" for fate in _LANDED]
    missed = sum(len(_of_fate(set(branches) - said.landed, fate)) for fate in _LANDED)
    partial = sum(len(_of_fate(said.partial, fate)) for fate in _LANDED)
    wrong = len(_of_fate(said.landed, Fate.OPEN))
    return [name, time, " / ".join(found), f"{missed} ({partial})", str(wrong), str(objects), f"{peak_mb:.0f}"]


def _print_results(
    contestants: Mapping[str, Contestant],
    results: Mapping[str, Runs],
    rivals: Mapping[str, RivalRun],
    branches: Collection[str],
) -> None:
    totals = " / ".join(str(len(_of_fate(branches, fate))) for fate in _LANDED)
    rows = [
        _row(name, milliseconds(results[name]), results[name].peak_mb, each.said, each.objects, branches)
        for name, each in contestants.items()
    ]
    for name, run in rivals.items():
        time = f"{run.sample.seconds * 1000:,.0f} (one run)"
        rows.append(_row(name, time, run.sample.peak_mb, Said(run.landed), run.objects, branches))
    print(f"Of {totals} merged / squashed / rebased branches, and {len(_of_fate(branches, Fate.OPEN))} open:\n")
    headings = ("", "ms", "found", "missed (partial)", "wrong", "objects left", "peak MB")
    print_table(headings, rows)


def _aims(
    contestants: Mapping[str, Contestant],
    results: Mapping[str, Runs],
    rivals: Mapping[str, RivalRun],
    branches: Collection[str],
) -> list[Aim]:
    ours = {name: each for name, each in contestants.items() if name != _FLOOR}
    first = next(iter(ours))
    copies = _of_fate(branches, Fate.SQUASHED) | _of_fate(branches, Fate.REBASED)
    said = ours[first].said
    wrong = sum(len(_of_fate(each.said.landed, Fate.OPEN)) for each in ours.values())
    rest = len(copies - said.landed - said.partial)
    cold, warm, floor = results["git kas triage, cold"], results["git kas triage, warm"], results[_FLOOR]
    aims = [
        Aim.at_most("no open branch is called landed", wrong, 0, " branches"),
        Aim.at_least(
            "98 of 100 squashed and rebased ones found", 100 * len(copies & said.landed) / len(copies), 98, " %"
        ),
        Aim.at_most("the rest of them is shown as partial", rest, 0, " are not"),
        Aim.at_most("no object left behind", sum(each.objects for each in ours.values()), 0, " objects"),
        Aim.at_most("under 300 MB", max(results[name].peak_mb for name in ours), 300, " MB"),
        Aim.at_most("triage at most 3 s cold", cold.median, 3, " s"),
        Aim.at_most("triage at most 0.5 s warm", warm.median, 0.5, " s"),
        Aim.at_most("triage warm within 2 times plain Git", warm.times(floor), 2, " times"),
    ]
    for name, run in rivals.items():
        ratio = run.sample.seconds / results[first].median
        aims.append(Aim.at_least(f"{first}, 50 times faster than {name}", ratio, 50, " times"))
    return aims


def main() -> None:
    """Build what is missing, measure, and print tables and aims."""
    parser = argparse.ArgumentParser(description="Measure how branches are judged.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1, metavar="N", help="make everything N times smaller")
    parser.add_argument("--rivals", action="store_true", help="run the slow ones, too: about ten minutes")
    parser.add_argument("--folder", type=Path, default=CACHE_FOLDER, help="where the repository is kept")
    given = parser.parse_args()
    branches, commits, worktrees = (int(size / given.scale) for size in (BRANCHES, BASE_COMMITS, WORKTREES))
    if branches < _SMALLEST:
        parser.error(f"{branches} branches are too few; scale less.")
    parameters = Parameters(branches, commits, max(1, worktrees))
    print("## How branches are judged\n")
    print_machine()
    built = build(given.folder / f"janitor-{branches}", parameters)
    contestants = _contestants()
    for contestant in contestants.values():
        contestant.run(built)  # lets the system read the disk
        contestant.objects = 0
    runs = {name: partial(contestant.run, built) for name, contestant in contestants.items()}
    results = interleave(runs, given.rounds)
    rivals: dict[str, RivalRun] = {}
    if given.rivals:
        rivals["git-delete-merged-branches, effort 3"] = run_delete_merged_branches(built)
        rivals["the loop of git-extras"] = run_squash_loop(built)
    names = branches_of(built)
    _print_results(contestants, results, rivals, names)
    print_aims(_aims(contestants, results, rivals, names))


if __name__ == "__main__":
    main()
