"""When a base contained what a branch changes: the search agrees with looking at every state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.landing import ChainStates, Demand, Fork, LandingSearch, PathChange, TreeEntry
from git_kas.domain.names import ObjectId

FILE, PROGRAM, LINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
PATHS = (b"a", b"b", b"c")
ON_CHAIN: Mapping[bytes, TreeEntry | None] = {}

State = dict[bytes, TreeEntry | None]


def entry(letter: str, mode: int = FILE) -> TreeEntry:
    return TreeEntry(mode, ObjectId(letter * 40))


class Pairs:
    """Merges that add nothing, as they are listed: ancestor, ours, theirs by their letters."""

    def __init__(self, *known: str) -> None:
        self.known = known

    def expect(self, ancestor: ObjectId, held: Sequence[ObjectId], theirs: ObjectId) -> None:
        """Nothing takes time here."""

    def adds_nothing(self, ancestor: ObjectId, ours: ObjectId, theirs: ObjectId) -> bool:
        return ancestor[0] + ours[0] + theirs[0] in self.known


def states_of(start: int, states: Sequence[State]) -> ChainStates:
    """The chain whose first state is at ``start``."""
    changes = [
        [PathChange(path, old.get(path), new.get(path)) for path in PATHS if old.get(path) != new.get(path)]
        for old, new in pairwise(states)
    ]
    return ChainStates(start + 1, changes)


entries = st.one_of(
    st.none(),
    st.builds(entry, st.sampled_from("abcdef"), st.sampled_from([FILE, FILE, FILE, PROGRAM, LINK, SUBMODULE])),
)
whole_states = st.fixed_dictionaries(dict.fromkeys(PATHS, entries))
triples = st.text("abcdef", min_size=3, max_size=3)


@given(st.lists(whole_states, min_size=1, max_size=12), whole_states, st.lists(triples, max_size=30))
def test_the_first_moment_is_the_first_state_that_contains_everything(
    states: list[State], tip: State, known: list[str]
) -> None:
    fork = states[0]
    changes = [PathChange(path, fork[path], tip[path]) for path in PATHS if fork[path] != tip[path]]
    # A deletion is left out where the base may have moved the file: that has tests of its own.
    changes = [change for change in changes if change.after is not None]
    search = LandingSearch(states_of(5, states), Pairs(*known))
    contained = [
        position
        for position, state in enumerate(states[1:], 6)
        if all(search.contains(change, state[change.path]) for change in changes)
    ]
    demands = [Demand(Fork(5, ON_CHAIN), changes)]
    expected = contained[0] if changes and contained else None
    assert search.first_moment(demands) == expected
    if changes:
        at_end = all(search.contains(change, states[-1][change.path]) for change in changes)
        assert search.holds_at_end(demands) == at_end


def moment(
    states: list[State], *changes: PathChange, fork: Fork | None = None, follow: bool = False
) -> int | None:
    search = LandingSearch(states_of(0, states), Pairs())
    return search.first_moment([Demand(fork or Fork(0, ON_CHAIN), changes)], follow=follow)


def test_all_paths_are_needed_at_one_moment() -> None:
    a, b = PathChange(b"a", None, entry("a")), PathChange(b"b", None, entry("b"))
    apart: list[State] = [{}, {b"a": entry("a")}, {}, {b"b": entry("b")}]
    assert moment(apart, a) == 1
    assert moment(apart, b) == 3
    assert moment(apart, a, b) is None
    assert moment([*apart, {b"a": entry("a"), b"b": entry("b")}], a, b) == 4


class Counted(Pairs):
    """Counts what is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def adds_nothing(self, ancestor: ObjectId, ours: ObjectId, theirs: ObjectId) -> bool:
        self.asked += 1
        return super().adds_nothing(ancestor, ours, theirs)


def test_a_busy_path_is_looked_at_only_where_the_quieter_ones_fit() -> None:
    busy = [entry("cd"[number % 2]) for number in range(500)]
    states: list[State] = [{b"a": entry("a"), b"b": entry("a")}]
    states += [{b"a": held, b"b": entry("a")} for held in busy]
    hot, quiet = PathChange(b"a", entry("a"), entry("b")), PathChange(b"b", entry("a"), entry("b"))
    never = Counted()
    search = LandingSearch(states_of(0, states), never)
    assert search.first_moment([Demand(Fork(0, ON_CHAIN), [hot, quiet])]) is None
    assert never.asked == 0
    states += [{b"a": entry("c"), b"b": entry("b")}, {b"a": entry("b"), b"b": entry("b")}]
    late = Counted()
    search = LandingSearch(states_of(0, states), late)
    assert search.first_moment([Demand(Fork(0, ON_CHAIN), [hot, quiet])]) == 502
    assert late.asked < 5


def test_a_state_before_the_fork_does_not_count() -> None:
    back = PathChange(b"a", entry("b"), entry("a"))
    assert moment([{b"a": entry("b")}, {b"a": entry("c")}], back) is None


def test_a_change_that_is_part_of_a_larger_one_counts() -> None:
    change = PathChange(b"a", entry("a"), entry("b"))
    assert moment([{b"a": entry("a")}, {b"a": entry("c")}, {b"a": entry("b")}], change) == 2
    search = LandingSearch(states_of(0, [{b"a": entry("a")}, {b"a": entry("c")}]), Pairs("acb"))
    assert search.first_moment([Demand(Fork(0, ON_CHAIN), [change])]) == 1


def test_modes_count() -> None:
    executable = PathChange(b"a", entry("a"), entry("a", PROGRAM))
    search = LandingSearch(states_of(0, [{}]), Pairs())
    assert not search.contains(executable, entry("a"))
    assert search.contains(executable, entry("c", PROGRAM))
    content = PathChange(b"a", entry("a"), entry("b"))
    assert search.contains(content, entry("b", PROGRAM))
    both = PathChange(b"a", entry("a"), entry("b", PROGRAM))
    assert not search.contains(both, entry("b"))


def test_links_and_submodules_are_compared_by_identity() -> None:
    for mode in (LINK, SUBMODULE):
        change = PathChange(b"a", entry("a", mode), entry("b", mode))
        search = LandingSearch(states_of(0, [{}]), Pairs("acb"))
        assert not search.contains(change, entry("c", mode))
        assert search.contains(change, entry("b", mode))
        assert not search.contains(change, entry("b"))


def test_a_file_that_the_base_moved_is_followed_only_if_asked() -> None:
    change = PathChange(b"a", entry("a"), entry("b"))
    moved: list[State] = [{b"a": entry("a")}, {b"c": entry("a")}, {b"c": entry("b")}]
    assert moment(moved, change) is None
    assert moment(moved, change, follow=True) == 2


def test_what_the_base_moved_is_not_deleted() -> None:
    deletion = PathChange(b"a", entry("a"), None)
    assert moment([{b"a": entry("a")}, {b"c": entry("a")}], deletion) is None
    assert moment([{b"a": entry("a")}, {b"c": entry("a")}, {}], deletion) == 2
    back: list[State] = [{b"a": entry("a")}, {b"c": entry("a")}, {b"a": entry("a")}]
    assert moment(back, deletion) is None
    moving = PathChange(b"c", None, entry("a"))
    assert moment([{b"a": entry("a")}, {b"c": entry("a")}], deletion, moving) == 1


def test_a_fork_beside_the_chain_stands_where_it_was_taken_in() -> None:
    change = PathChange(b"a", entry("a"), entry("b"))
    fork = Fork(1, {b"a": entry("b")})
    assert moment([{b"a": entry("a")}, {b"a": entry("b")}, {b"a": entry("c")}], change, fork=fork) == 1
    assert moment([{b"a": entry("a")}, {b"a": entry("c")}, {b"a": entry("b")}], change, fork=Fork(1, {})) == 2


def test_taken_back_at_the_end() -> None:
    changes = [PathChange(b"a", entry("a"), entry("b")), PathChange(b"b", None, entry("c"))]
    demands = [Demand(Fork(0, ON_CHAIN), changes)]
    landed: State = {b"a": entry("b"), b"b": entry("c")}
    lasts: list[tuple[State, bool, bool]] = [
        (landed, True, False),
        ({b"a": entry("a")}, False, True),
        ({b"a": entry("a"), b"b": entry("c")}, False, False),
    ]
    for last, held, back in lasts:
        search = LandingSearch(states_of(0, [{b"a": entry("a")}, landed, last]), Pairs())
        assert search.first_moment(demands) == 1
        assert search.holds_at_end(demands) == held
        assert search.is_taken_back_at_end(demands) == back
