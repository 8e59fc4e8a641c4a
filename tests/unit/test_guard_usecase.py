"""Which commits and refs the guard judges; over the memory fake of its port."""

from __future__ import annotations

import pytest

from git_kas.domain.guard import GuardFinding, guard_patterns
from git_kas.domain.guard_text import Occasion, refusal, ways_on
from git_kas.domain.landing import TreeEntry
from git_kas.domain.names import ObjectId
from git_kas.domain.ref_updates import FrameworkPush, RefUpdate
from git_kas.errors import InvalidConfiguration, NotFound, ProgramFailed, UsageError
from git_kas.ports.fake_guarded import FakeGuarded, Files
from git_kas.usecases.guard import Baseline, Guard

STATE = b"plan-state.json"
PATTERNS = guard_patterns(["plan-state.json"])
MAIN = "refs/heads/main"


def name(digit: int) -> ObjectId:
    return ObjectId(f"{digit:040x}")


def holding(content: int) -> Files:
    return {STATE: TreeEntry(0o100644, name(100 + content))} if content else {}


def line_of(*contents: int) -> FakeGuarded:
    """Commits 1, 2, … on one line, each with that content of the file (0: none); the server has the first."""
    fake = FakeGuarded()
    for number, content in enumerate(contents, start=1):
        fake.parents[name(number)] = (name(number - 1),) if number > 1 else ()
        fake.files[name(number)] = holding(content)
    fake.refs[MAIN] = name(1)
    return fake


def received(fake: FakeGuarded, *updates: RefUpdate, baseline: str = "") -> list[tuple[int, tuple[str, ...]]]:
    """The numbers of the commits that are refused, and for which refs."""
    baselines = [Baseline(baseline, "test")] if baseline else []
    findings = Guard(fake, PATTERNS, baselines).received(updates).findings
    return [(int(finding.commit or "0", 16), finding.refs) for finding in findings]


def to(new: int, old: int = 1, ref: str = MAIN) -> RefUpdate:
    return RefUpdate(ref, name(old) if old else None, name(new) if new else None)


def test_each_commit_oldest_first() -> None:
    fake = line_of(0, 1, 1, 2, 0, 3)
    assert received(fake, to(6)) == [(2, (MAIN,)), (4, (MAIN,)), (6, (MAIN,))]


def test_known_commits_are_not_judged_again_but_the_ref_is() -> None:
    fake = line_of(0, 1, 1)
    fake.refs["refs/heads/known"] = name(3)
    assert received(fake, to(3, 0, "refs/heads/new")) == []
    assert received(fake, to(3)) == [(3, (MAIN,))]


def test_refs_that_bring_a_commit() -> None:
    fake = line_of(0, 1, 1, 0)
    updates = to(3), to(4, 0, "refs/heads/b"), to(1, 0, "refs/heads/c"), to(0, 1, "refs/heads/d")
    assert received(fake, *updates) == [(2, (MAIN, "refs/heads/b"))]


@pytest.mark.parametrize(("baseline", "expected"), [("", [2, 4]), ("2", [4]), ("3", [4]), ("4", [])])
def test_baseline(baseline: str, expected: list[int]) -> None:
    fake = line_of(0, 1, 0, 2, 0)
    fake.names = {str(number): name(number) for number in range(1, 6)}
    assert [commit for commit, _ in received(fake, to(5), baseline=baseline)] == expected


def test_between_accepted_commits_anything_goes() -> None:
    fake = line_of(0, 1, 2, 0, 0)
    fake.refs["refs/heads/known"] = name(5)
    fake.names["accepted"] = name(4)
    assert received(fake, to(2, 4), baseline="accepted") == []
    assert received(fake, to(2, 5), baseline="accepted") == [(2, (MAIN,))]
    assert received(fake, to(2, 4)) == [(2, (MAIN,))]


def test_baseline_that_is_no_commit() -> None:
    fake = line_of(0, 1)
    fake.files[name(50)] = {}
    for revision in ("missing", name(50)):
        with pytest.raises(InvalidConfiguration, match="is no commit here"):
            received(fake, to(2), baseline=revision)


def test_trees_and_blobs() -> None:
    fake = line_of(0)
    fake.files |= {name(50): holding(1), name(51): {}, name(52): holding(2)}
    fake.blobs.add(name(60))
    tag = "refs/tags/t"
    assert received(fake, to(50, 0, tag)) == [(0, (tag,))]
    assert received(fake, to(50, 60, tag)) == [(0, (tag,))]
    assert received(fake, to(52, 50, tag)) == [(0, (tag,))]
    assert received(fake, to(50, 1, tag)) == [(0, (tag,))]
    for new in (51, 60):
        assert received(fake, to(new, 0, tag), to(new, 50, "refs/tags/u")) == []


def test_objects_that_are_missing() -> None:
    fake = line_of(0, 0)
    with pytest.raises(NotFound, match="is not here"):
        received(fake, to(70))
    with pytest.raises(NotFound, match="is not here"):
        received(fake, to(2, 70))


def test_push_knows_what_the_remote_has() -> None:
    fake = line_of(1, 1, 2, 0)
    guard = Guard(fake, PATTERNS)
    assert [finding.commit for finding in guard.pushed([to(4, 70)], "origin").findings] == [name(1), name(3)]
    assert [finding.commit for finding in guard.pushed([to(4, 2)], "origin").findings] == [name(3)]
    fake.remotes["origin"] = (name(3),)
    assert guard.pushed([to(4, 0, "refs/heads/new")], "origin").findings == []
    assert guard.pushed([to(4, 0, "refs/heads/new")], "other").old_history is True
    assert guard.pushed([to(4, 70)], "other").old_history is False


def test_ranges() -> None:
    fake = line_of(0, 1, 0)
    fake.names = {"HEAD": name(3), "a": name(1), "b": name(2)}
    guard = Guard(fake, PATTERNS)
    assert [finding.commit for finding in guard.range("a..").findings] == [name(2)]
    assert guard.range("b..HEAD").findings == guard.range("..b").findings == []
    for text in ("a", "a...b", "", "..", "..HEAD"):
        with pytest.raises(UsageError):
            guard.range(text)
    with pytest.raises(NotFound):
        guard.range("a..nonsense")


def test_range_to_a_merge_that_kept_what_its_first_parent_has() -> None:
    fake = line_of(0, 1, 0)
    fake.parents[name(4)], fake.files[name(4)] = (name(2), name(3)), holding(1)
    fake.parents[name(5)], fake.files[name(5)] = (), holding(1)
    guard = Guard(fake, PATTERNS)
    assert [finding.commit for finding in guard.range(f"{name(3)}..{name(4)}").findings] == [name(4)]
    assert guard.range(f"{name(2)}..{name(4)}").findings == []
    assert guard.range(f"{name(4)}..{name(3)}").findings == []
    assert [finding.commit for finding in guard.range(f"{name(3)}..{name(5)}").findings] == [name(5)]


def test_framework() -> None:
    fake = line_of(0, 1, 0)
    guard = Guard(fake, PATTERNS)
    assert guard.framework(None).occasion is Occasion.STAGED
    assert guard.framework(FrameworkPush("", "", name(1), name(3))).occasion is Occasion.RANGE
    push = FrameworkPush("origin", MAIN, name(1), name(3))
    assert [finding.commit for finding in guard.framework(push).findings] == [name(2)]
    fake.names["refs/remotes/origin/main"] = name(3)
    fake.remotes["origin"] = (name(3),)
    (finding,) = guard.framework(push._replace(new=name(2))).findings
    assert (finding.commit, finding.refs) == (name(2), (MAIN,))


def test_staged() -> None:
    fake = line_of(1)
    guard = Guard(fake, PATTERNS)
    fake.index = holding(1)
    assert len(guard.staged().findings) == 1  # a branch without a commit
    fake.head = name(1)
    assert guard.staged().findings == []
    fake.index = holding(2)
    assert [finding.change for finding in guard.staged().findings] == ["changed"]


def test_trouble_passes_through() -> None:
    fake = line_of(0, 1)
    fake.error = ProgramFailed("git rev-list failed.", next_step="")
    for judge in (Guard(fake, PATTERNS).staged, lambda: Guard(fake, PATTERNS).received([to(2)])):
        with pytest.raises(ProgramFailed):
            judge()


# -- what is said --------------------------------------------------------------------------------------------


def said(occasion: Occasion, count: int = 1, path: bytes = STATE, *, old_history: bool = False) -> str:
    fake = line_of(*range(count + 1))
    found = Guard(fake, PATTERNS).received([to(count + 1)]).findings
    findings: list[GuardFinding] = [finding._replace(path=path) for finding in found]
    return "\n".join(refusal(occasion, findings, ways_on(occasion, findings, old_history=old_history)))


def test_message() -> None:
    text = said(Occasion.RECEIVED, 12)
    assert "  and 2 more\n" in text
    assert "git rebase --interactive 000000000000^" in text
    assert "git kas init --untrack" in text
    assert "kas.guard.baseline" not in text
    assert "kas.guard.baseline" in said(Occasion.RECEIVED, old_history=True)
    assert "git restore --staged :/plan-state.json" in said(Occasion.STAGED)
    assert ":/odd" not in said(Occasion.STAGED, path=b"odd 'path'/plan-state.json")
    other = said(Occasion.STAGED, path=b"secret.txt")
    assert "kas.guard.path" in other
    assert "git kas plan" not in other
