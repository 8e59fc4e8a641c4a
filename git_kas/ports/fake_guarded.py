"""The memory fake of :mod:`git_kas.ports.guarded`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from git_kas.domain.guard import matches
from git_kas.domain.landing import PathChange
from git_kas.ports.guarded import ObjectKind, Peeled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from git_kas.domain.guard import GuardPattern
    from git_kas.domain.landing import TreeEntry
    from git_kas.domain.names import ObjectId
    from git_kas.errors import KasError
    from git_kas.ports.guarded import Span

Files: TypeAlias = "Mapping[bytes, TreeEntry]"


@dataclass
class FakeGuarded:
    """Commits and trees in memory.

    ``parents`` are those of each commit, ``files`` what each commit or tree holds; ``names`` are revisions
    beside object names, ``refs`` what the refs of this repository name, ``remotes`` what is remembered of a
    remote's. ``error`` is raised by everything.
    """

    parents: dict[ObjectId, tuple[ObjectId, ...]] = field(default_factory=dict)
    files: dict[ObjectId, Files] = field(default_factory=dict)
    blobs: set[ObjectId] = field(default_factory=set)
    names: dict[str, ObjectId] = field(default_factory=dict)
    refs: dict[str, ObjectId] = field(default_factory=dict)
    remotes: dict[str, tuple[ObjectId, ...]] = field(default_factory=dict)
    head: ObjectId | None = None
    index: Files = field(default_factory=dict)
    error: KasError | None = None

    def staged(self, patterns: Sequence[GuardPattern]) -> Sequence[PathChange]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        self._fail()
        return _compared(self.files[self.head] if self.head else {}, self.index, patterns)

    def peel(self, names: Sequence[str]) -> Sequence[Peeled | None]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        self._fail()
        return [self._peeled(name) for name in names]

    def introduced(
        self, span: Span, patterns: Sequence[GuardPattern]
    ) -> Sequence[tuple[ObjectId, Sequence[PathChange]]]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        found = []
        for commit, parents in self.history(span):
            before: Files = self.files[parents[0]] if parents else {}
            if changes := _compared(before, self.files[commit], patterns):
                found.append((commit, changes))
        return found

    def between(
        self, pairs: Sequence[tuple[Peeled | None, Peeled]], patterns: Sequence[GuardPattern]
    ) -> Sequence[Sequence[PathChange]]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        self._fail()
        return [
            _compared(self.files[before.id] if before else {}, self.files[after.id], patterns)
            for before, after in pairs
        ]

    def history(self, span: Span) -> Sequence[tuple[ObjectId, Sequence[ObjectId]]]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        self._fail()
        refs = self.refs.values() if span.here else self.remotes.get(span.remote, ())
        known = self._reached([*span.known, *refs])
        return [
            (commit, self.parents[commit]) for commit in self._reached(span.tips)[::-1] if commit not in known
        ]

    def reaches(self, tips: Sequence[ObjectId], commit: ObjectId) -> bool:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        self._fail()
        return commit in self._reached(tips)

    def merge_bases(self, one: ObjectId, other: ObjectId) -> Sequence[ObjectId]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        self._fail()
        common = set(self._reached([one])).intersection(self._reached([other]))
        behind = {ancestor for commit in common for ancestor in self._reached(self.parents[commit])}
        return sorted(common - behind)

    def _reached(self, tips: Iterable[ObjectId]) -> list[ObjectId]:
        """What is reached from ``tips``, each after its parents."""
        ordered: dict[ObjectId, None] = {}
        pending = [(tip, False) for tip in tips]
        while pending:
            commit, parents_done = pending.pop()
            if parents_done:
                ordered[commit] = None
            elif commit not in ordered:
                pending += [(commit, True), *((parent, False) for parent in self.parents[commit])]
        return list(ordered)

    def _peeled(self, name: str) -> Peeled | None:
        id_ = self.names.get(name) or self.refs.get(name)
        for kind, ids in (
            (ObjectKind.COMMIT, self.parents),
            (ObjectKind.TREE, self.files),
            (ObjectKind.BLOB, self.blobs),
        ):
            for known in ids:
                if known == (id_ or name):
                    return Peeled(known, kind)
        return None

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


def _compared(before: Files, after: Files, patterns: Sequence[GuardPattern]) -> list[PathChange]:
    paths = sorted({*before, *after})
    changes = (PathChange(path, before.get(path), after.get(path)) for path in paths)
    return [change for change in changes if change.before != change.after and matches(patterns, change.path)]
