"""Random histories, on which all readers agree; and our rules on them say what plain git and dulwich say.

dulwich has code of its own for merge bases and ancestry, and so is an oracle for :mod:`git_kas.domain.history`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import combinations
from random import Random

import pytest
from dulwich.graph import can_fast_forward, find_merge_base
from dulwich.objects import ObjectID
from dulwich.repo import Repo as DulwichRepo

from contract.random_history import Graph, Plan, build, draw
from contract.readers import READERS, OpenWith
from git_kas.domain.history import BaseHistory, Parents, own_commits
from git_kas.domain.names import ObjectId
from support import Repo

SEEDS = range(1000, 1060)
PAIRS = 8
Pair = tuple[ObjectId, ObjectId]


class World:
    """One random repository, read by every reader."""

    def __init__(self, repo: Repo, plan: Plan, open_with: OpenWith) -> None:
        self.repo = repo
        self.plan = plan
        self.readers = {name: open_with(name, repo.path) for name in READERS}
        lines = repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        self.refs = {name: ObjectId(tip) for name, tip in (line.split() for line in lines)}
        self.tips = sorted({tip for name, tip in self.refs.items() if not name.startswith("refs/scratch/")})
        self.parents = self.readers["gitcli"].parents(self.tips)
        self.graph = Graph(repo.path, self.tips)

    def pairs(self, seed: int) -> list[Pair]:
        """Some of the tips, two by two, in both orders."""
        both = [pair for one, two in combinations(self.tips, 2) for pair in ((one, two), (two, one))]
        return Random(seed).sample(both, min(PAIRS, len(both)))

    def merge_bases_by_rules(self, one: ObjectId, two: ObjectId) -> set[str]:
        """The base commits that ``two`` grows out of, without those that another one of them contains."""
        _, boundary = own_commits(two, BaseHistory(one, self.parents), self.parents)
        return self.without_ancestors(boundary)

    def without_ancestors(self, commits: Collection[str]) -> set[str]:
        """Those of ``commits`` that no other of them contains."""
        above = [self.graph.reach(commit) - {commit} for commit in commits]
        return set(commits).difference(*above)

    def merge_bases_by_git(self, one: ObjectId, two: ObjectId) -> set[str]:
        """What git-merge-base(1) prints, which fails where there is none."""
        if not self.graph.reach(one) & self.graph.reach(two):
            with pytest.raises(AssertionError):
                self.repo.git("merge-base", "--all", one, two)
            return set()
        return set(self.repo.git("merge-base", "--all", one, two).split())


@pytest.fixture(params=SEEDS)
def world(request: pytest.FixtureRequest, new_repo: Callable[..., Repo], open_with: OpenWith) -> World:
    seed: int = request.param
    repo, plan = new_repo(f"random-{seed}"), draw(seed)
    build(repo, plan)
    if seed % 4 < 2:
        repo.git("commit-graph", "write", "--reachable")
    if seed % 5 == 0:
        repo.git("pack-refs", "--all", "--prune")
    if seed % 7 == 0:
        repo.git("gc", "-q")
    return World(repo, plan, open_with)


def test_readers_and_rules_agree_with_git_and_dulwich(world: World, request: pytest.FixtureRequest) -> None:
    check_readers(world)
    pairs = world.pairs(request.node.callspec.params["world"])
    with DulwichRepo(str(world.repo.path)) as dulwich:
        for one, two in pairs:
            check_counts(world, one, two)
            check_merge_bases(world, dulwich, one, two)
            check_ancestry(world, dulwich, one, two)


def check_readers(world: World) -> None:
    def by_reader(ask: Callable[[str], object]) -> list[object]:
        return [ask(name) for name in READERS]

    def plain(parents: Parents) -> dict[str, list[str]]:
        return {commit: list(above) for commit, above in parents.items()}

    readers = world.readers
    answers: Iterator[list[object]] = iter(
        (
            by_reader(lambda name: list(readers[name].local_branches())),
            by_reader(lambda name: dict(readers[name].remote_branches())),
            by_reader(lambda name: plain(readers[name].parents(world.tips))),
            by_reader(lambda name: plain(readers[name].parents(world.tips[:1]))),
        )
    )
    for answer in answers:
        assert all(each == answer[0] for each in answer)
    assert plain(world.parents) == world.graph.parents
    tips = {branch.name.ref: branch.tip for branch in readers["dulwich"].local_branches()}
    assert tips == {name: tip for name, tip in world.refs.items() if name.startswith("refs/heads/")}


def check_counts(world: World, one: ObjectId, two: ObjectId) -> None:
    base = BaseHistory(one, world.parents)
    own, boundary = own_commits(two, base, world.parents)
    counted = (len(base) - base.count_reachable(boundary), len(own))
    reach = world.graph.reach
    assert counted == (len(reach(one) - reach(two)), len(reach(two) - reach(one)))
    said = world.repo.git("rev-list", "--left-right", "--count", f"{one}...{two}")
    assert counted == tuple(map(int, said.split()))


def check_merge_bases(world: World, dulwich: DulwichRepo, one: ObjectId, two: ObjectId) -> None:
    found = world.merge_bases_by_rules(one, two)
    assert found == world.merge_bases_by_git(one, two)
    by_dulwich = {name.decode() for name in find_merge_base(dulwich, [in_dulwich(one), in_dulwich(two)])}
    # Where clocks are skewed, dulwich also names ancestors of merge bases.
    assert by_dulwich == found or not world.plan.in_order
    assert world.without_ancestors(by_dulwich) == found


def check_ancestry(world: World, dulwich: DulwichRepo, one: ObjectId, two: ObjectId) -> None:
    contained = two in BaseHistory(one, world.parents)
    try:
        world.repo.git("merge-base", "--is-ancestor", two, one)
        assert contained
    except AssertionError:
        assert not contained
    if world.plan.in_order:  # dulwich stops at the date of the older one
        assert contained == can_fast_forward(dulwich, in_dulwich(two), in_dulwich(one))


def in_dulwich(name: ObjectId) -> ObjectID:
    return ObjectID(name.encode("ascii"))


def test_every_shape_occurs_often() -> None:
    """The histories above are worth something only if they hold what is hard."""
    shapes: Counter[str] = Counter()
    for plan in map(draw, SEEDS):
        shapes["octopus"] += any(len(parents) > 2 for parents in plan.parents)
        shapes["roots"] += sum(not parents for parents in plan.parents) > 1
        shapes["skew"] += not plan.in_order
        shapes["in order"] += plan.in_order
        merges = {tuple(parents) for parents in plan.parents if len(parents) == 2}
        shapes["criss-cross"] += any((two, one) in merges for one, two in merges)
    print(dict(shapes))
    assert min(shapes.values()) >= 15
