"""The box of signals: the fake and the folders on disk behave alike."""

from __future__ import annotations

import pytest

from contract.signal_cases import (
    FOLDERS,
    NAME,
    OLD_NS,
    RECORD,
    Case,
    assert_empty,
    claim,
    leave,
    only_claimed,
    only_waiting,
)
from git_kas.domain.signal_text import retried_identity
from git_kas.errors import AlreadyExists
from git_kas.ports.fake_signals import MemorySignalBox
from git_kas.ports.signals import SignalPlace, WaitingSignal
from git_kas_files.signal_box import FolderSignalBox


@pytest.fixture(params=["memory", "folders"])
def case(request: pytest.FixtureRequest, place: SignalPlace, box: FolderSignalBox) -> Case:
    if request.param == "folders":
        return Case(box, place, lambda *rest: leave(place, *rest))
    memory = MemorySignalBox()

    def put(name: str, text: str = "", mtime_ns: int = OLD_NS, folder: str = FOLDERS[0]) -> None:
        memory.files[place.worktree, folder, name] = (text.encode(), mtime_ns)

    return Case(memory, place, put)


def test_nothing(case: Case) -> None:
    assert_empty(case)
    assert case.box.rejected() == []


def test_find(case: Case) -> None:
    case.leave(NAME, "text")
    case.leave("review-approved-b", "good", OLD_NS + 1, FOLDERS[1])
    case.leave(".hidden", "x")
    found = case.box.find([case.place])
    assert sorted(found.waiting) == [
        WaitingSignal(case.place, FOLDERS[1], "review-approved-b", OLD_NS + 1, 4, b"good"),
        WaitingSignal(case.place, FOLDERS[0], NAME, OLD_NS, 4, b"text"),
    ]
    assert case.box.find([]).waiting == []


def test_write(case: Case) -> None:
    path = case.box.write(case.place, NAME, b"text")
    assert path == f"{case.place.worktree}/{FOLDERS[0]}/{NAME}"
    assert case.box.write(case.place, NAME, b"text") == path
    with pytest.raises(AlreadyExists, match=f"Another signal is waiting in {path}"):
        case.box.write(case.place, NAME, b"other text")
    waiting = only_waiting(case)
    assert (waiting.name, waiting.head) == (NAME, b"text")


def test_claim_and_finish(case: Case) -> None:
    case.leave(NAME, "text")
    waiting = only_waiting(case)
    claimed = case.box.claim(waiting)
    assert claimed is not None
    assert claimed == only_claimed(case)
    assert (claimed.name, claimed.content, claimed.mtime_ns, claimed.intact) == (NAME, b"text", OLD_NS, True)
    assert len(claimed.identity) == 64
    assert case.box.claim(waiting) is None
    assert case.box.finish(claimed)
    assert_empty(case)
    assert case.box.finish(claimed)


def test_equal_files_have_equal_identities_and_others_have_not(case: Case) -> None:
    identities = []
    for text, mtime_ns in (("a", 5), ("a", 5), ("b", 5), ("a", 6)):
        case.leave(NAME, text, mtime_ns)
        claimed = claim(case)
        identities.append(claimed.identity)
        case.box.finish(claimed)
    assert identities[0] == identities[1]
    assert len(set(identities)) == 3


def test_a_file_that_changed_since_is_not_claimed(case: Case) -> None:
    case.leave(NAME, "text")
    waiting = only_waiting(case)
    case.leave(NAME, "more text", OLD_NS + 5)
    assert case.box.claim(waiting) is None
    assert only_waiting(case).head == b"more text"


def test_give_back(case: Case) -> None:
    case.leave(NAME, "text")
    before = only_waiting(case)
    claimed = claim(case)
    case.box.give_back(claimed)
    assert only_waiting(case) == before
    assert claim(case).identity == claimed.identity


def test_nothing_is_given_back_over_a_newer_file(case: Case) -> None:
    case.leave(NAME, "text")
    claimed = claim(case)
    case.leave(NAME, "newer", OLD_NS + 5)
    case.box.give_back(claimed)
    found = case.box.find([case.place])
    assert [waiting.head for waiting in found.waiting] == [b"newer"]
    assert found.claimed == [claimed]


def test_reject(case: Case) -> None:
    case.leave(NAME, "text")
    claimed = claim(case)
    rejected = case.box.reject(claimed, RECORD)
    assert_empty(case)
    assert case.box.rejected() == [rejected]
    assert (rejected.identity, rejected.record) == (claimed.identity, RECORD)
    assert (rejected.worktree_id, rejected.worktree, rejected.name) == ("wt", case.place.worktree, NAME)
    assert rejected.mtime_ns == OLD_NS


def test_oldest_rejection_first(case: Case) -> None:
    for day, name in ((3, "c"), (1, "a"), (2, "b")):
        case.leave(name)
        case.box.reject(claim(case), RECORD._replace(time=f"2026-01-0{day}T00:00:00.000000Z"))
    assert [rejected.name for rejected in case.box.rejected()] == ["a", "b", "c"]


def test_retry(case: Case) -> None:
    case.leave(NAME, "text")
    rejected = case.box.reject(claim(case), RECORD)
    identity = case.box.retry(rejected)
    assert identity == retried_identity(rejected.identity)
    assert case.box.rejected() == []
    claimed = only_claimed(case)
    assert (claimed.identity, claimed.content, claimed.folder, claimed.intact) == (identity, b"text", "", True)
    assert (claimed.name, claimed.mtime_ns, claimed.place.worktree_id) == (NAME, OLD_NS, "wt")
    assert case.box.find([]).claimed == [claimed]
    case.box.give_back(claimed)
    assert only_claimed(case) == claimed
    again = case.box.reject(claimed, RECORD)
    assert_empty(case)
    assert case.box.rejected() == [again]
    assert again.identity == identity
    case.box.retry(again)
    assert case.box.finish(only_claimed(case))
    assert_empty(case)


def test_purge(case: Case) -> None:
    case.leave(NAME, "text")
    rejected = case.box.reject(claim(case), RECORD)
    case.box.purge(rejected)
    case.box.purge(rejected)
    assert case.box.rejected() == []
