"""Verdicts that were found before are believed for the same commits, and only where that is asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from git_kas.domain.branch import LandingMethod, Presence, Verdict, VerdictKind
from git_kas.domain.history import BaseHistory
from git_kas.domain.names import ObjectId
from git_kas.ports.fakes import FakeCache, FakeContents, FakeFileMerge
from git_kas.usecases.compare_contents import Candidate
from git_kas.usecases.remembered_verdicts import ComparisonPorts, afresh, remembering

ROOT, SIDE, SQUASH, OPEN, LATER = (ObjectId(letter * 40) for letter in "abcde")
HISTORY = {ROOT: [], SIDE: [ROOT], SQUASH: [ROOT], OPEN: [ROOT], LATER: [SQUASH]}
FILES = {
    ROOT: {"f": b"1"},
    SIDE: {"f": b"2"},
    SQUASH: {"f": b"2"},
    OPEN: {"f": b"3"},
    LATER: {"f": b"2", "g": b"1"},
}
LANDED = Verdict(VerdictKind.LANDED, how=LandingMethod.SQUASH, landed_at=SQUASH, now=Presence.PRESENT)
UNMERGED = Verdict(VerdictKind.UNMERGED, conflicts=True)
CLEAN = Verdict(VerdictKind.UNMERGED, conflicts=False)


class World:
    """A cache, and contents whose readings are counted."""

    def __init__(self) -> None:
        self.cache = FakeCache()
        self.opened = 0
        self.contents = FakeContents(FILES, conflicting={OPEN: True})
        self.ports = ComparisonPorts(self.contents, self._open, self.cache)

    def _open(self) -> FakeFileMerge:
        self.opened += 1
        return FakeFileMerge()

    def ask(self, *tips: ObjectId, base: ObjectId = SQUASH, trusting: bool = True) -> dict[ObjectId, Verdict]:
        candidates = [Candidate(tip, frozenset([tip]), frozenset([ROOT])) for tip in tips]
        compare = (remembering if trusting else afresh)(self.ports)
        return dict(compare(BaseHistory(base, HISTORY), HISTORY, candidates))

    def edit(self, **verdicts: list[Any]) -> None:
        """Put other verdicts into the cache, by the letter of the tip."""
        document = json.loads(self.cache.kept["verdicts"])
        for letter, fields in verdicts.items():
            document["verdicts"][SQUASH][letter * 40] = fields
        self.cache.kept["verdicts"] = json.dumps(document).encode()


def test_nothing_is_looked_at_twice() -> None:
    world = World()
    expected = {SIDE: LANDED, OPEN: UNMERGED}
    assert world.ask(SIDE, OPEN) == expected
    assert world.ask(SIDE, OPEN) == expected
    assert world.opened == 1
    assert world.ask(SIDE) == {SIDE: LANDED}
    assert world.opened == 1


def test_merges_are_tried_where_a_conflict_is_possible_and_once() -> None:
    world = World()
    for _ in range(2):
        assert world.ask(SIDE, OPEN) == {SIDE: LANDED, OPEN: UNMERGED}
    assert world.contents.tried == [OPEN]
    assert world.ask(SIDE, OPEN, base=ROOT) == {SIDE: CLEAN, OPEN: CLEAN}
    assert world.contents.tried == [OPEN]


def test_what_cannot_be_tried_is_not_known() -> None:
    world = World()
    world.contents.conflicting = {}
    for _ in range(2):
        assert world.ask(OPEN) == {OPEN: Verdict(VerdictKind.UNMERGED)}
    assert world.contents.tried == [OPEN]


def test_no_merge_is_tried_for_who_removes() -> None:
    world = World()
    compare = afresh(world.ports, merges=False)
    found = compare(
        BaseHistory(SQUASH, HISTORY), HISTORY, [Candidate(OPEN, frozenset([OPEN]), frozenset([ROOT]))]
    )
    assert dict(found) == {OPEN: Verdict(VerdictKind.UNMERGED)}
    assert world.contents.tried == []


def test_another_base_is_another_question() -> None:
    world = World()
    world.ask(SIDE, OPEN)
    assert world.ask(SIDE, base=ROOT) == {SIDE: CLEAN}
    assert world.ask(SIDE, base=LATER) == {SIDE: LANDED}
    assert world.opened == 3


def test_what_is_to_be_removed_is_judged_afresh() -> None:
    world = World()
    world.ask(OPEN)
    world.edit(d=["landed", "squash", SQUASH, "present", None, None, None])
    assert world.ask(OPEN)[OPEN].allows_removal
    assert world.ask(OPEN, trusting=False) == {OPEN: UNMERGED}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"format":0,"verdicts":{}}',
        b'{"format":4}',
        b'{"format":4,"verdicts":[]}',
        b'{"format":4,"verdicts":{"x":{}}}',
        json.dumps({"format": 4, "verdicts": {SQUASH: {SIDE: ["good"]}}}).encode(),
        json.dumps(
            {"format": 4, "verdicts": {SQUASH: {SIDE: ["good", None, None, None, None, None, None]}}}
        ).encode(),
        json.dumps(
            {"format": 4, "verdicts": {SQUASH: {"--": ["landed", None, None, None, None, None, None]}}}
        ).encode(),
        b"\xff\xfe",
    ],
)
def test_a_damaged_cache_is_none(data: bytes) -> None:
    world = World()
    world.cache.kept["verdicts"] = data
    assert world.ask(SIDE) == {SIDE: LANDED}
    assert world.ask(SIDE) == {SIDE: LANDED}
    assert world.opened == 1


def test_the_cache_does_not_grow_without_bound() -> None:
    world = World()
    world.ask(SIDE, OPEN)
    world.ask(SIDE, base=ROOT)
    world.ask(SIDE, base=LATER)
    kept = json.loads(world.cache.kept["verdicts"])["verdicts"]
    assert len(kept) <= 2
    assert list(kept)[-1] == LATER
