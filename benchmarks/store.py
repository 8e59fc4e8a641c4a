"""How reading and changing plans grows with their number, and how quickly signals are applied.

``python -m benchmarks.store [--rounds 9] [--signals 1000]``
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

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
_GROWTH_LIMIT: Final = 5
_SIGNALS_PER_SECOND: Final = 200
_LINEAR_LIMIT: Final = 1.5


def _run(built: Built, *arguments: str) -> str:
    finished = subprocess.run(
        [str(GIT_KAS), *arguments],
        cwd=built.path,
        env=built.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout


def _begin(path: Path, plans: int) -> Built:
    """A repository whose store has taken over its state file, so that it has a journal."""
    built = small_repository(path, plans)
    _run(built, "plan", "create", "the-first-change")
    return built


def _transition(built: Built, numbers: "count[int]") -> Sample:
    """One transition, each time of a plan that has not moved yet."""
    name = f"fresh-{next(numbers)}"
    _run(built, "plan", "create", name)
    command = (str(GIT_KAS), "plan", "transition", name, "implement_start")
    return measure(command, built.path, built.environment)


def _contestants(repositories: dict[int, Built]) -> dict[tuple[str, int], Callable[[], Sample]]:
    runs: dict[tuple[str, int], Callable[[], Sample]] = {}
    for plans, built in repositories.items():
        listing = (str(GIT_KAS), "plan", "list")
        runs["plan list", plans] = partial(measure, listing, built.path, built.environment)
        runs["plan transition", plans] = partial(_transition, built, count())
    return runs


def _compare(repositories: dict[int, Built], rounds: int) -> None:
    results = interleave(_contestants(repositories), rounds)
    rows = [
        [
            f"{name}, {plans:,} plans",
            milliseconds(runs),
            f"{runs.times(results[name, PLANS[0]]):.2f}",
            f"{runs.cpu * 1000:.1f}",
        ]
        for (name, plans), runs in results.items()
    ]
    print("Milliseconds: median (shortest).\n")
    print_table(["", "time", f"/ {PLANS[0]} plans", "processor"], rows)
    text = f"a transition among {PLANS[-1]:,} plans at most {_GROWTH_LIMIT} times one among {PLANS[0]}"
    growth = results["plan transition", PLANS[-1]].times(results["plan transition", PLANS[0]])
    print_aims([Aim.at_most(text, growth, _GROWTH_LIMIT, " times")])


def _signals(folder: Path, number: int) -> Sample:
    """Applying ``number`` signals, each of another plan, in one run."""
    built = small_repository(folder, 0)
    names = [f"2026-01-01-plan-{index:05}.md" for index in range(number)]
    plans = {name: {"status": "implementing", "branch": f"plan/{name}"} for name in names}
    (built.path / ".git/kas/plan-state.json").write_text(json.dumps({"plans": plans}))
    _run(built, "plan", "create", "the-first-change")
    signals = built.path / "docs/plans/.signals"
    signals.mkdir(parents=True)
    for name in names:
        (signals / f"implement-finished-{name}").write_text("as it was written\n")
    sample = measure((str(GIT_KAS), "signals", "apply"), built.path, built.environment)
    applied = _run(built, "plan", "list", "--status", "reviewing").count("\n")
    if applied != number:
        raise RuntimeError(f"{applied} of {number} signals were applied")
    return sample


def _compare_signals(folder: Path, number: int) -> None:
    samples = {
        count_: _signals(folder / f"signals-{count_}", count_) for count_ in (number // 10, number, 3 * number)
    }
    rows = [
        [f"{count_:,} signals", f"{sample.seconds:.2f}", f"{count_ / sample.seconds:,.0f}"]
        for count_, sample in samples.items()
    ]
    print("Signals applied in one run, each of another plan; seconds.\n")
    print_table(["", "time", "per second"], rows)
    growth = samples[3 * number].seconds / samples[number].seconds / 3
    print_aims(
        [
            Aim.at_least(
                f"{number:,} signals", number / samples[number].seconds, _SIGNALS_PER_SECOND, " per second"
            ),
            Aim.at_most("linear: each signal of three times as many", growth, _LINEAR_LIMIT, " times as long"),
        ]
    )


def main() -> None:
    """Make the repositories, measure, and print tables and aims."""
    parser = argparse.ArgumentParser(description="Measure the json store.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--signals", type=int, default=1_000)
    given = parser.parse_args()
    print("## The json store\n")
    print_machine()
    with tempfile.TemporaryDirectory(prefix="git-kas-store-") as folder:
        _compare({plans: _begin(Path(folder, str(plans)), plans) for plans in PLANS}, given.rounds)
        _compare_signals(Path(folder), given.signals)


if __name__ == "__main__":
    main()
