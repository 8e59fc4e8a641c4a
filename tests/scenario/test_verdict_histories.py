"""``git kas verdict`` on random histories, every landing replayed by plain git.

By default a part of them; ``KAS_HISTORIES=full`` judges more than a thousand branches.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from scenario.replay import Outcome
from scenario.rows import READERS, configuration
from scenario.verdict_histories import World, build
from scenario.verdict_oracle import HOWS, KINDS, NOWS, Tally, Witness
from support import Repo, Run

FULL = os.environ.get("KAS_HISTORIES") == "full"
SEEDS = range(60) if FULL else range(16)
EACH_AT_LEAST = 20 if FULL else 1


def judge_seed(seed: int, repo: Repo, kas: Run, tally: Tally) -> None:
    world = World(seed)
    names = build(repo, world)
    if seed % 5 == 4:
        (repo.path / ".git/shallow").write_text(f"{names[world.chain[len(world.chain) // 2]]}\n")
    reader = READERS[seed % len(READERS)]
    finished = kas("verdict", "--json", cwd=repo.path, env=configuration(kas__reader=reader))
    assert finished.status == 0, finished
    rows = {row["branch"]: row for row in finished.data}
    witness = Witness(repo, world, names, tally)
    for branch in world.branches:
        witness.hear(branch, rows[branch.name])


def test_verdicts_of_random_histories(new_repo: Callable[..., Repo], kas: Run) -> None:
    tally = Tally()
    for seed in SEEDS:
        judge_seed(seed, new_repo(f"seed-{seed}"), kas, tally)
    print(f"seeds {SEEDS.start} to {SEEDS.stop - 1}: {tally.text()}")
    print(*tally.missed, *tally.unconfirmed, *tally.not_first, *tally.surprising, sep="\n")
    assert tally.wrong == []
    assert tally.least([*KINDS, *HOWS, *NOWS], EACH_AT_LEAST) == []
    assert len(tally.unconfirmed) <= allowed(0.01, tally.seen["landed"])
    assert len(tally.not_first) <= allowed(0.01, tally.seen["landed"])
    assert len(tally.missed) <= allowed(0.02, tally.landings)
    assert tally.merges[Outcome.CONFLICT]
    assert tally.merges[Outcome.SOMETHING]
    assert tally.branches >= (1000 if FULL else 100)


def allowed(part: float, number: int) -> int:
    """So many of a number, and two of a small one."""
    return max(2, int(part * number))
