"""Seeded random histories, written with git-fast-import(1), and what sets of commits say about them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dulwich.objects import ObjectID
from dulwich.repo import Repo as DulwichRepo

from support import EPOCH, Repo

SKEW = 200_000


@dataclass
class Plan:
    """A history to build: parents and date of each commit by number, and which references lead where."""

    parents: list[list[int]] = field(default_factory=list)
    dates: list[int] = field(default_factory=list)
    refs: dict[str, int] = field(default_factory=dict)
    upstreams: dict[str, str] = field(default_factory=dict)

    @property
    def in_order(self) -> bool:
        """Whether no commit claims to be older than its parents."""
        pairs = zip(self.dates, self.parents, strict=True)
        return all(date >= self.dates[parent] for date, above in pairs for parent in above)


def draw(seed: int) -> Plan:
    """The history of that seed: merges, criss-cross merges, octopuses, several roots and skewed clocks."""
    dice = random.Random(seed)
    plan = Plan()
    heads: list[int] = []
    size = dice.randint(8, 45)
    skewed = seed % 3 > 0
    while len(plan.parents) < size:
        for parents in _next_commits(dice, heads):
            plan.parents.append(parents)
            skew = dice.randint(-SKEW, SKEW) if skewed and dice.random() < 0.6 else 0
            plan.dates.append(EPOCH + 600 * len(plan.parents) + skew)
            number = len(plan.parents) - 1
            heads = [head for head in heads if head not in parents or dice.random() < 0.4]
            heads.append(number)
    _name_commits(dice, plan)
    return plan


def _next_commits(dice: random.Random, heads: Sequence[int]) -> list[list[int]]:
    """The parents of the next commit or two."""
    kind = dice.random()
    if not heads or kind < 0.08:
        return [[]]
    if len(heads) >= 2 and kind < 0.2:
        one, two = dice.sample(heads, 2)
        return [[one, two], [two, one]]  # criss-cross
    if len(heads) >= 3 and kind < 0.3:
        return [dice.sample(heads, min(len(heads), dice.randint(3, 5)))]
    if len(heads) >= 2 and kind < 0.5:
        return [dice.sample(heads, 2)]
    return [[dice.choice(heads)]]


def _name_commits(dice: random.Random, plan: Plan) -> None:
    last = len(plan.parents) - 1
    base = last if dice.random() < 0.5 else dice.randint(0, last)
    if dice.random() < 0.9:
        plan.refs["refs/heads/main"] = base
        if dice.random() < 0.6:
            plan.refs["refs/remotes/origin/main"] = dice.randint(0, last)
            plan.upstreams["main"] = "main"
    else:
        plan.refs["refs/remotes/origin/main"] = base
    for number in range(dice.randint(4, 10)):
        name = f"b{number}"
        plan.refs[f"refs/heads/{name}"] = dice.randint(0, last)
        if dice.random() < 0.5:
            plan.upstreams[name] = name
            if dice.random() < 0.8:
                plan.refs[f"refs/remotes/origin/{name}"] = dice.randint(0, last)


def build(repo: Repo, plan: Plan) -> None:
    """Make ``plan`` true in the empty repository ``repo``."""
    repo.git("fast-import", "--quiet", stdin="".join(_stream(plan)))
    settings = ['[remote "origin"]\n\turl = /nowhere\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n']
    for name, upstream in plan.upstreams.items():
        settings.append(f'[branch "{name}"]\n\tremote = origin\n\tmerge = refs/heads/{upstream}\n')
    with (repo.path / ".git/config").open("a") as config:
        config.writelines(settings)


def _stream(plan: Plan) -> Iterator[str]:
    for number, (parents, date) in enumerate(zip(plan.parents, plan.dates, strict=True)):
        yield f"commit refs/scratch/{number}\nmark :{number + 1}\n"
        yield f"committer Ada <ada@example.invalid> {date} +0000\ndata <<END\ncommit {number}\nEND\n"
        for position, parent in enumerate(parents):
            yield f"{'merge' if position else 'from'} :{parent + 1}\n"
        yield "\n"
    for ref, number in plan.refs.items():
        yield f"reset {ref}\nfrom :{number + 1}\n\n"


class Graph:
    """The commits of a repository as dulwich reads them, and plain set arithmetic on them."""

    def __init__(self, folder: Path, tips: Sequence[str]) -> None:
        self.parents: dict[str, list[str]] = {}
        pending = list(tips)
        with DulwichRepo(str(folder)) as repository:
            while pending:
                commit = pending.pop()
                if commit not in self.parents:
                    above = repository.get_parents(ObjectID(commit.encode()))
                    self.parents[commit] = [parent.decode() for parent in above]
                    pending += self.parents[commit]

    def reach(self, tip: str) -> set[str]:
        """Every commit reachable from ``tip``, itself included."""
        found: set[str] = set()
        pending = [tip]
        while pending:
            commit = pending.pop()
            if commit not in found:
                found.add(commit)
                pending += self.parents[commit]
        return found

    def first_parents(self, tip: str) -> set[str]:
        """The commits that were once the tip, following first parents."""
        found = {tip}
        while above := self.parents[tip][:1]:
            (tip,) = above
            found.add(tip)
        return found


def tips_by_dulwich(folder: Path) -> Mapping[str, str]:
    """Full name and tip of every reference."""
    with DulwichRepo(str(folder)) as repository:
        return {name.decode(): tip.decode() for name, tip in repository.get_refs().items()}
