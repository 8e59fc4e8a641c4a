"""Counting commits in bulk, against a naive walk over sets."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_kas.domain.history import BaseHistory, own_commits
from git_kas.domain.names import ObjectId

Graph = dict[ObjectId, tuple[ObjectId, ...]]


def commit(number: int) -> ObjectId:
    return ObjectId(f"{number:040x}")


def graph(*parents: Iterable[int]) -> Graph:
    """Commit 0, 1, 2 … with the numbers of its parents."""
    return {commit(number): tuple(map(commit, numbers)) for number, numbers in enumerate(parents)}


def reachable(tips: Iterable[ObjectId], parents: Graph) -> set[ObjectId]:
    """The reference: everything a walk meets."""
    found: set[ObjectId] = set()
    pending = list(tips)
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending.extend(parents[current])
    return found


def first_parents(tip: ObjectId, parents: Graph) -> list[ObjectId]:
    chain = [tip]
    while parents[chain[-1]]:
        chain.append(parents[chain[-1]][0])
    return chain


@st.composite
def histories(draw: st.DrawFn) -> Graph:
    """Random histories: long lines, several roots, octopus and criss-cross merges.

    The numbers are shuffled, so that neither name nor order tells which commit is older.
    """
    size = draw(st.integers(1, 30))
    names = draw(st.permutations(range(size)))
    made: list[tuple[ObjectId, tuple[ObjectId, ...]]] = []
    for position in range(size):
        recent = st.integers(max(0, position - 4), position - 1)
        anywhere = st.integers(0, position - 1)
        chosen = (
            draw(st.lists(st.one_of(recent, anywhere), min_size=0, max_size=3, unique=True)) if position else []
        )
        made.append((commit(names[position]), tuple(commit(names[parent]) for parent in chosen)))
    return dict(sorted(made))


@settings(max_examples=70)
@given(parents=histories(), data=st.data())
def test_counts_equal_a_naive_walk(parents: Graph, data: st.DataObject) -> None:
    tip = data.draw(st.sampled_from(sorted(parents)))
    base = BaseHistory(tip, parents)
    inside = reachable([tip], parents)
    assert len(base) == len(inside)
    assert {known for known in parents if known in base} == inside
    assert {known for known in parents if base.is_on_chain(known)} == set(first_parents(tip, parents))
    for known in inside:
        assert base.count_reachable([known]) == len(reachable([known], parents))
    several = st.lists(st.sampled_from(sorted(inside)), max_size=6)
    for chosen in data.draw(st.lists(several, min_size=3, max_size=3)):
        assert base.count_reachable(chosen) == len(reachable(chosen, parents))


@settings(max_examples=70)
@given(parents=histories(), data=st.data())
def test_own_commits_and_boundary_equal_a_naive_walk(parents: Graph, data: st.DataObject) -> None:
    commits = st.sampled_from(sorted(parents))
    base_tip, tip = data.draw(commits), data.draw(commits)
    base = BaseHistory(base_tip, parents)
    inside, seen = reachable([base_tip], parents), reachable([tip], parents)
    own, boundary = own_commits(tip, base, parents)
    assert own == seen - inside
    if tip in inside:
        assert boundary == {tip}
    else:
        assert boundary == {parent for child in own for parent in parents[child]} & inside
    behind = len(base) - base.count_reachable(boundary)
    assert behind == len(inside - seen)


def test_a_criss_cross_merge() -> None:
    # 0 ─ 1 ─ 3 ─ 5      3 and 4 both merge 1 and 2, and 5 and 6 merge those again
    #   ╲ 2 ─ 4 ─ 6
    parents = graph([], [0], [0], [1, 2], [2, 1], [3, 4], [4, 3])
    base = BaseHistory(commit(5), parents)
    assert len(base) == 6
    assert [base.count_reachable([commit(number)]) for number in range(6)] == [1, 2, 2, 4, 4, 6]
    assert base.count_reachable([commit(3), commit(4)]) == 5
    own, boundary = own_commits(commit(6), base, parents)
    assert own == {commit(6)}
    assert boundary == {commit(3), commit(4)}


def test_histories_without_a_common_commit() -> None:
    parents = graph([], [0], [], [2])
    base = BaseHistory(commit(1), parents)
    own, boundary = own_commits(commit(3), base, parents)
    assert own == {commit(2), commit(3)}
    assert boundary == set()
    assert base.count_reachable(boundary) == 0


def test_a_second_root_merged_into_the_base() -> None:
    parents = graph([], [], [1], [0, 2], [3])
    base = BaseHistory(commit(4), parents)
    assert base.count_reachable([commit(2)]) == 2
    assert base.count_reachable([commit(2), commit(0)]) == 3
    assert base.count_reachable([commit(3)]) == 4
    assert not base.is_on_chain(commit(2))


@pytest.mark.parametrize("length", [1, 30_000])
def test_a_long_line_is_no_deep_recursion(length: int) -> None:
    parents = graph([], *([number] for number in range(length)))
    base = BaseHistory(commit(length), parents)
    assert len(base) == length + 1
    assert base.count_reachable([commit(length // 2)]) == length // 2 + 1
    own, boundary = own_commits(commit(length), BaseHistory(commit(0), parents), parents)
    assert len(own) == length
    assert boundary == {commit(0)}


def test_a_long_side_branch_is_counted_too() -> None:
    side = 20_000
    # 0 and a root 1 with a long line on it, merged into 0 at the end
    parents = graph([], [], *([number] for number in range(1, side)), [0, side])
    tip = commit(side + 1)
    assert parents[tip] == (commit(0), commit(side))
    base = BaseHistory(tip, parents)
    assert len(base) == side + 2
    assert base.count_reachable([commit(side)]) == side


@given(histories(), st.data())
def test_the_newest_commits_are_those_that_no_other_one_contains(history: Graph, data: st.DataObject) -> None:
    tip = data.draw(st.sampled_from(sorted(history)))
    base = BaseHistory(tip, history)
    inside = sorted(reachable([tip], history))
    chosen = data.draw(st.lists(st.sampled_from(inside), min_size=1, max_size=6, unique=True))
    expected = {
        commit_
        for commit_ in chosen
        if not any(commit_ in reachable(history[other], history) for other in chosen)
    }
    assert set(base.newest(chosen)) == expected
    assert len(base.newest(chosen)) == len(expected)
    for commit_ in inside:
        containing = [position for position, on in enumerate(base.chain) if commit_ in reachable([on], history)]
        assert base.position(commit_) == containing[0]
