"""Whether, and when, a base contained everything that a branch changes (DESIGN 7, GIT-FACTS 3).

A branch has landed at the first commit on the base's first-parent chain, from the fork on, into which merging
it would change nothing. This is asked path by path: a path's content in the base is *contained* if the
three-way merge of the branch's change into it is clean and gives that content back. States from before the
fork do not count: a branch that goes back to one of them has not landed by that.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.names import ObjectId

_TYPE: Final = 0o170000
_REGULAR: Final = 0o100000

# How many states of a path are looked at together: most branches land soon.
_FIRST_LOOK: Final = 4
_LARGEST_LOOK: Final = 64


class TreeEntry(NamedTuple):
    """What a tree has at a path: file mode (as in a tree object) and object id."""

    mode: int
    id: ObjectId

    @property
    def is_regular(self) -> bool:
        """Whether this is a file, not a symbolic link or a submodule."""
        return self.mode & _TYPE == _REGULAR


class PathChange(NamedTuple):
    """What is at ``path`` before and after, None for nothing.

    ``renamed_from`` is the path that ``before`` was at, where a rename was looked for and found.
    """

    path: bytes
    before: TreeEntry | None
    after: TreeEntry | None
    renamed_from: bytes | None = None


class Merge(Protocol):
    """Merges the contents of files."""

    def expect(self, ancestor: ObjectId, held: Sequence[ObjectId], theirs: ObjectId) -> None:
        """Merges of ``theirs`` into each of ``held`` will be asked for soon."""

    def adds_nothing(self, ancestor: ObjectId, ours: ObjectId, theirs: ObjectId) -> bool:
        """Whether merging ``theirs`` into ``ours`` is clean and leaves ``ours`` as it is."""


Event: TypeAlias = tuple[int, PathChange]
"""From a position on a path holds what the change has after it."""


class ChainStates:
    """What a base held at each position of its first-parent chain.

    ``changes`` gives, for each position from ``start`` on, what its commit changed against its first parent.
    """

    def __init__(self, start: int, changes: Iterable[Sequence[PathChange]]) -> None:
        self.end = start - 1
        self._events: dict[bytes, list[Event]] = defaultdict(list)
        self._added: dict[int, dict[ObjectId, bytes]] = {}
        for position, changed in enumerate(changes, start):
            self.end = position
            for change in changed:
                self._events[change.path].append((position, change))
            if any(change.after is None for change in changed):
                self._added[position] = {
                    change.after.id: change.path for change in changed if change.after and not change.before
                }

    def by_path(self) -> Iterator[tuple[bytes, Sequence[Event]]]:
        """Each path that changed, with all its changes."""
        yield from self._events.items()

    def events(self, path: bytes, after: int) -> list[Event]:
        """How ``path`` changed after the position ``after``."""
        events = self._events.get(path, [])
        return events[bisect_right(events, after, key=itemgetter(0)) :]

    def events_of_file(self, path: bytes, after: int, others: Collection[bytes]) -> list[Event]:
        """How the file that was at ``path`` changed, through renames that kept its bytes.

        Renames to ``others``, which are the branch's own business, are taken as deletions.
        """
        found: list[Event] = []
        events = deque(self.events(path, after))
        while events:
            position, change = events.popleft()
            new_path = None
            if change.after is None and change.before is not None:
                new_path = self._added[position].get(change.before.id)
            if new_path is None or (new_path in others and new_path != path):
                found.append((position, change))
                continue
            found.append((position, PathChange(new_path, change.before, change.before)))
            events = deque(self.events(new_path, position))
        return found


class Fork(NamedTuple):
    """Where a branch left the base: the position, and paths at which the base held something else there.

    For a fork on the chain there are none. A fork that came in by a merge stands at the position of that
    merge, whose content may differ from the fork's.
    """

    position: int
    differing: Mapping[bytes, TreeEntry | None]


class Demand(NamedTuple):
    """What a base must contain at one moment: ``changes`` that a branch made since it left at ``fork``."""

    fork: Fork
    changes: Sequence[PathChange]


class Span(NamedTuple):
    """Positions from ``first`` to ``last``, both included."""

    first: int
    last: int


class LandingSearch:
    """Looks through the states of one base. With ``follow``, files are followed through renames in the base."""

    def __init__(self, states: ChainStates, merge: Merge) -> None:
        self._states = states
        self._merge = merge

    def first_moment(self, demands: Sequence[Demand], *, follow: bool = False) -> int | None:
        """The first position at which the base contained everything, None if there is none."""
        paths = [
            self._events(fork, change, _paths(changes), follow=follow)
            for fork, changes in demands
            for change in changes
        ]
        waiting = [_Spans(self._spans, path) for path in sorted(paths, key=lambda path: len(path.events))]
        cursor = 0
        while waiting:
            before = cursor
            for spans in waiting:
                moved = spans.first_from(cursor)
                if moved is None:
                    return None
                cursor = moved
            if cursor == before:
                return cursor
        return None

    def holds_at_end(self, demands: Sequence[Demand], *, follow: bool = False) -> bool:
        """Whether the base's tip contains everything."""
        return all(self.contains(change, held) for change, held in self._at_end(demands, follow=follow))

    def is_taken_back_at_end(self, demands: Sequence[Demand], *, follow: bool = False) -> bool:
        """Whether the base's tip contains the inverse of everything."""
        held = {change.path: entry for change, entry in self._at_end(demands, follow=follow)}
        moved = {change.renamed_from for _, changes in demands for change in changes if change.renamed_from}
        return all(
            self._is_taken_back(change, held)
            for _, changes in demands
            for change in changes
            if change.path not in moved
        )

    def contains(self, change: PathChange, held: TreeEntry | None) -> bool:
        """Whether merging ``change`` into a base that holds ``held`` at its path adds nothing."""
        if held == change.after:
            return True
        before, after = change.before, change.after
        if held is None or before is None or after is None:
            return False
        if not (held.is_regular and before.is_regular and after.is_regular):
            return False
        if after.mode not in {held.mode, before.mode}:
            return False
        if after.id in {held.id, before.id}:
            return True
        return held.id != before.id and self._merge.adds_nothing(before.id, held.id, after.id)

    def _is_taken_back(self, change: PathChange, held: Mapping[bytes, TreeEntry | None]) -> bool:
        if change.renamed_from is None:
            return self.contains(PathChange(change.path, change.after, change.before), held[change.path])
        back = PathChange(change.renamed_from, change.after, change.before)
        return held[change.path] is None and self.contains(back, held[change.renamed_from])

    def _at_end(
        self, demands: Sequence[Demand], *, follow: bool
    ) -> Iterator[tuple[PathChange, TreeEntry | None]]:
        for fork, changes in demands:
            others = _paths(changes)
            for change in changes:
                path = self._events(fork, change, others, follow=follow)
                at_fork = fork.differing.get(change.path, None if change.renamed_from else change.before)
                yield change, path.events[-1][1].after if path.events else at_fork

    def _events(self, fork: Fork, change: PathChange, others: Collection[bytes], *, follow: bool) -> _Path:
        # What the base moved elsewhere, it did not delete.
        if (follow or change.after is None) and change.renamed_from is None:
            return _Path(fork, change, self._states.events_of_file(change.path, fork.position, others))
        return _Path(fork, change, self._states.events(change.path, fork.position))

    def _spans(self, path: _Path, wanted_from: Callable[[], int]) -> Iterator[Span]:
        """When the base contained one change, in rising order; what ended before ``wanted_from()`` is left out.

        A file that every commit of the base touches is so looked at only where the quieter ones fit already.
        """
        fork, change, events = path
        moved = self._contents_that_moved(fork, change)
        if change.path in fork.differing and self._holds(change, fork.differing[change.path], moved):
            yield Span(fork.position, events[0][0] - 1 if events else self._states.end)
        ends = [position - 1 for position, _ in events[1:]] + [self._states.end]
        start, size = 0, _FIRST_LOOK
        while (next_start := max(start, bisect_left(ends, wanted_from()))) < len(events):
            start, size = next_start, size if next_start == start else _FIRST_LOOK
            window = events[start : start + size]
            self._expect(change, window)
            for (position, event), last in zip(window, ends[start : start + size], strict=True):
                if last >= wanted_from() and self._holds(change, event.after, moved):
                    yield Span(position, last)
            start, size = start + size, min(size * 2, _LARGEST_LOOK)

    def _holds(self, change: PathChange, held: TreeEntry | None, moved: Collection[ObjectId] | None) -> bool:
        belongs = moved is None or (held is not None and held.id in moved)
        return belongs and self.contains(change, held)

    def _contents_that_moved(self, fork: Fork, change: PathChange) -> Collection[ObjectId] | None:
        """Of a file that the branch moved as it was: what the base had at the old path. None for others.

        Merging such a change into any content adds nothing. The base moved the file, too, if it has at the new
        path what it had at the old one; anything else there is another file.
        """
        old, before, after = change.renamed_from, change.before, change.after
        if old is None or before is None or after is None or before.id != after.id:
            return None
        at_fork = fork.differing.get(old)
        entries = [before, at_fork, *(event.after for _, event in self._states.events(old, fork.position))]
        return frozenset(entry.id for entry in entries if entry)

    def _expect(self, change: PathChange, events: Sequence[Event]) -> None:
        before, after = change.before, change.after
        if before is None or after is None or not (before.is_regular and after.is_regular):
            return
        held = [event.after.id for _, event in events if event.after and event.after.is_regular]
        self._merge.expect(before.id, held, after.id)


class _Path(NamedTuple):
    """A change of a branch, and how the base changed at its path since the fork."""

    fork: Fork
    change: PathChange
    events: Sequence[Event]


def _paths(changes: Sequence[PathChange]) -> frozenset[bytes]:
    return frozenset(change.path for change in changes)


class _Spans:
    """The spans of one path, consumed from the left."""

    def __init__(self, find: Callable[[_Path, Callable[[], int]], Iterator[Span]], path: _Path) -> None:
        self._position = 0
        self._spans = find(path, lambda: self._position)
        self._current: Span | None = None

    def first_from(self, position: int) -> int | None:
        """The first position from ``position`` on that lies in a span; never asked for an earlier one again."""
        self._position = position
        while self._current is None or self._current.last < position:
            self._current = next(self._spans, None)
            if self._current is None:
                return None
        return max(position, self._current.first)
