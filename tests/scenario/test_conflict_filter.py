"""Where no conflict is held to be possible, git merges without one, whatever branch and base have done.

By default a part of them; ``KAS_HISTORIES=full`` merges more than fifty thousand.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from contract.readers import location_of
from git_kas.domain.conflicts import ConflictFilter
from git_kas.domain.landing import ChainStates, Demand, Fork
from git_kas.domain.names import ObjectId
from git_kas_gitcli.contents import PlumbingContents
from scenario.conflict_histories import Split, build
from support import Repo

SEEDS = range(140) if os.environ.get("KAS_HISTORIES") == "full" else range(6)
SPLITS = 400

Ids = Mapping[str, ObjectId]


def held_possible(contents: PlumbingContents, splits: Sequence[Split], ids: Ids) -> Iterator[bool]:
    """What the filter says of each, given what differs between commits as it is really read."""
    steps = contents.changes([(ids[a], ids[b]) for split in splits for a, b in pairwise(split.chain)])
    branches = contents.changes([(ids[split.fork], ids[split.tip]) for split in splits])
    differing = contents.changes([(ids[split.fork], ids[split.chain[1]]) for split in splits if split.beside])
    for split in splits:
        states = ChainStates(1, [next(steps) for _ in split.chain[1:]])
        held = {change.path: change.after for change in next(differing)} if split.beside else {}
        demand = Demand(Fork(int(split.beside), held), next(branches))
        yield ConflictFilter(states).might_conflict([demand])


def merged_cleanly(repo: Repo, pairs: Sequence[str]) -> list[bool | None]:
    """What git says (git-merge-tree(1), OUTPUT); None where it crashes, as 2.39 does at some odd renames."""
    asked = "".join(f"{pair}\n" for pair in pairs)
    try:
        output = repo.git("merge-tree", "--write-tree", "--name-only", "--no-messages", "--stdin", stdin=asked)
    except AssertionError:
        half = len(pairs) // 2
        return [*merged_cleanly(repo, pairs[:half]), *merged_cleanly(repo, pairs[half:])] if half else [None]
    return [merge.startswith("1\0") for merge in output.removesuffix("\0\0").split("\0\0")]


def test_where_none_is_possible_there_is_none(
    new_repo: Callable[..., Repo], environment: dict[str, str]
) -> None:
    tally: Counter[tuple[bool, bool | None]] = Counter()
    for seed in SEEDS:
        repo = new_repo(f"seed-{seed}")
        splits = build(repo, seed, SPLITS)
        listed = repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        ids = {name: ObjectId(id_) for name, id_ in (line.split() for line in listed)}
        contents = PlumbingContents(location_of(repo.path, environment), environment)
        for split, possible, clean in zip(
            splits,
            held_possible(contents, splits, ids),
            merged_cleanly(repo, [f"{ids[split.chain[-1]]} {ids[split.tip]}" for split in splits]),
            strict=True,
        ):
            assert possible or clean, (seed, split)
            tally[possible, clean] += 1
    print(f"conflicts: {tally[True, False]}; clean: {tally[True, True]} possible, {tally[False, True]} not")
    assert tally[True, False] > SPLITS
    assert tally[False, True] > SPLITS
    assert tally[True, None] < SPLITS / 100 * len(SEEDS)
