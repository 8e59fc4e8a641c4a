"""Counting and judging commits of all branches against one base in a single pass.

The parents of all commits are given as one mapping; nothing here reads a repository. Every base commit is
labelled with the position of the first commit on the base's first-parent chain that contains it. With these
labels "how many commits does this set reach" is a table look-up plus the few commits that lie off the chain,
instead of a walk per branch (GIT-FACTS 3.3).
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from git_kas.domain.names import ObjectId

Parents: TypeAlias = Mapping[ObjectId, Sequence[ObjectId]]
"""Commit → its parents, first parent first. Parents beyond a shallow boundary are left out by the reader."""


class BaseHistory:
    """The history of a base branch, prepared for many questions.

    ``parents`` must hold every commit reachable from ``tip``.
    """

    def __init__(self, tip: ObjectId, parents: Parents) -> None:
        self.tip = tip
        self._parents = parents
        chain = _first_parent_chain(tip, parents)
        self._chain = chain
        self._chain_position = {commit: position for position, commit in enumerate(chain)}
        self._label: dict[ObjectId, int] = {}
        self._reach_of_chain: list[int] = []
        for position, commit in enumerate(chain):
            self._label[commit] = position
            others = parents[commit][1:]
            if others:
                self._label_unlabelled(others, position)
            self._reach_of_chain.append(len(self._label))

    def __contains__(self, commit: ObjectId) -> bool:
        return commit in self._label

    def __len__(self) -> int:
        return len(self._label)

    @property
    def chain(self) -> Sequence[ObjectId]:
        """The tips that the base once had, following first parents, the oldest first."""
        return self._chain

    def position(self, commit: ObjectId) -> int:
        """The place on the chain of the first commit that contains ``commit``, which must be in the base."""
        return self._label[commit]

    def newest(self, commits: Iterable[ObjectId]) -> list[ObjectId]:
        """Those of ``commits``, all in the base, that no other one contains."""
        candidates = sorted(commits, key=self._queue_entry)
        found: list[ObjectId] = []
        behind: set[ObjectId] = set()
        highest = -1
        for commit in candidates:
            if commit in behind or self._label[commit] <= highest:
                continue
            found.append(commit)
            highest = self._mark_ancestors(commit, behind, highest)
        return [commit for commit in found if commit not in behind]

    def _mark_ancestors(self, commit: ObjectId, behind: set[ObjectId], highest: int) -> int:
        """Add the ancestors off the chain to ``behind``; the highest place on the chain that is reached."""
        pending = [commit]
        while pending:
            current = pending.pop()
            if current in self._chain_position:
                highest = max(highest, self._chain_position[current])
                continue
            for parent in self._parents[current]:
                if parent not in behind and self._label[parent] > highest:
                    behind.add(parent)
                    pending.append(parent)
        return highest

    def is_on_chain(self, commit: ObjectId) -> bool:
        """Whether ``commit`` was once the tip of the base, following first parents."""
        return commit in self._chain_position

    def count_reachable(self, commits: Iterable[ObjectId]) -> int:
        """How many commits of the base are reachable from ``commits``, which must be in the base.

        Commits are taken in falling order of their labels, on the chain before off it. The first one on the
        chain contains everything with its label or a smaller one, so only commits off the chain above it are
        counted one by one.
        """
        seen = set(commits)
        queue = [self._queue_entry(commit) for commit in seen]
        heapq.heapify(queue)
        off_chain = 0
        highest = -1
        while queue and -queue[0][0] > highest:
            negative_label, off, commit = heapq.heappop(queue)
            if not off:
                highest = -negative_label
                continue
            off_chain += 1
            for parent in self._parents[commit]:
                if parent not in seen:
                    seen.add(parent)
                    heapq.heappush(queue, self._queue_entry(parent))
        return off_chain + (self._reach_of_chain[highest] if highest >= 0 else 0)

    def _queue_entry(self, commit: ObjectId) -> tuple[int, bool, ObjectId]:
        return -self._label[commit], commit not in self._chain_position, commit

    def _label_unlabelled(self, commits: Iterable[ObjectId], label: int) -> None:
        pending = list(commits)
        while pending:
            current = pending.pop()
            if current not in self._label:
                self._label[current] = label
                pending.extend(self._parents[current])


def own_commits(tip: ObjectId, base: BaseHistory, parents: Parents) -> tuple[set[ObjectId], set[ObjectId]]:
    """The commits reachable from ``tip`` that ``base`` lacks, and the base commits they grow out of.

    For a tip inside the base these are none, and the tip itself.
    """
    own: set[ObjectId] = set()
    boundary: set[ObjectId] = set()
    pending = [tip]
    while pending:
        commit = pending.pop()
        if commit in own:
            continue
        if commit in base:
            boundary.add(commit)
            continue
        own.add(commit)
        pending.extend(parents[commit])
    return own, boundary


def _first_parent_chain(tip: ObjectId, parents: Parents) -> list[ObjectId]:
    chain = [tip]
    while first := parents[chain[-1]][:1]:
        chain.append(first[0])
    chain.reverse()
    return chain
