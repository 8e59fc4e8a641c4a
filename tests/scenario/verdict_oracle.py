"""Verdicts held against plain git: what is confirmed, what is not, and how often each one occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scenario import replay
from scenario.replay import Outcome
from scenario.verdict_histories import Branch, World
from support import Repo

Row = Mapping[str, Any]

KINDS = ("ancestor", "landed", "partial", "unmerged", "fresh", "empty", "unrelated", "unknown")
HOWS = ("merge", "squash", "rebase")
NOWS = ("present", "edited", "reverted")


@dataclass
class Tally:
    """What all judged branches together show."""

    seen: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    merges: Counter[Outcome] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)
    not_first: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    surprising: list[str] = field(default_factory=list)
    branches: int = 0
    landings: int = 0

    def least(self, words: Iterable[str], times: int) -> list[str]:
        """Which of these words were seen less often than that."""
        return [word for word in words if self.seen[word] < times]

    def text(self) -> str:
        """The counts, to be printed."""
        counted = [f"{group}: " + ", ".join(f"{word} {self.seen[word]}" for word in words)
                   for group, words in (("verdict", KINDS), ("how", HOWS), ("now", NOWS))]  # fmt: skip
        ways = ", ".join(f"{way} {number}" for way, number in sorted(self.ways.items()))
        summary = (
            f"{self.branches} branches, {self.landings} that landed by construction and by git's word, "
            f"{len(self.missed)} of them missed, {len(self.unconfirmed)} landings that a merge by git does not "
            f"confirm, {len(self.not_first)} that git would date earlier, {len(self.surprising)} landings of "
            f"branches made not to land, {len(self.wrong)} wrong"
        )
        merges = ", ".join(f"{outcome} {number}" for outcome, number in sorted(self.merges.items()))
        return "\n".join([summary, *counted, f"still to be merged: {merges}", f"as made -> as judged: {ways}"])


class Witness:
    """Git, asked about the branches of one repository."""

    def __init__(self, repo: Repo, world: World, names: Sequence[str], tally: Tally) -> None:
        self.repo = repo
        self.names = names
        self.tally = tally
        self.base = "refs/heads/main"
        self.chain = set(repo.git("rev-list", "--first-parent", self.base).split())
        self.shallow = repo.git("rev-parse", "--is-shallow-repository") == "true"
        self.world = world

    def hear(self, branch: Branch, row: Row) -> None:
        """Count the verdict and hold it against git."""
        kind = row["verdict"]
        self.tally.branches += 1
        self.tally.seen.update(word for word in (kind, row["how"], row["now"]) if word)
        self.tally.ways[f"{branch.way.split('-')[0]} -> {kind}"] += 1
        tip = f"refs/heads/{branch.name}"
        fork = replay.merge_base(self.repo, tip, self.base)
        true = self._plainly(tip, fork)
        if true and kind not in true:
            self._wrong(branch, row, f"is {' or '.join(sorted(true))}")
        elif kind == "landed":
            self._check_landed(branch, row, fork)
        elif kind == "partial":
            self._check_partial(branch, row)
        if not true:
            self._check_found(branch, row)
        self._check_conflicts(branch, row)

    def _check_conflicts(self, branch: Branch, row: Row) -> None:
        if row["verdict"] not in {"partial", "unmerged"}:
            if row["conflicts"] is not None:
                self._wrong(branch, row, "is not to be merged any more")
            return
        outcome = replay.merge_outcome(self.repo, self.base, f"refs/heads/{branch.name}")
        self.tally.merges[outcome] += 1
        if row["conflicts"] is not (outcome is replay.Outcome.CONFLICT):
            self._wrong(branch, row, f"{outcome} when merged")

    def _plainly(self, tip: str, fork: str) -> set[str]:
        """The verdicts whose plain definition the branch meets; empty where content decides.

        What a shallow clone cuts off may be where a branch left the base, so nothing is said of content there.
        """
        if replay.is_ancestor(self.repo, tip, self.base):
            on_chain = self.repo.git("rev-parse", tip) in self.chain
            return {"ancestor", "fresh"} if on_chain else {"ancestor"}
        if self.shallow:
            return {"unknown"}
        if not fork:
            return {"unrelated"}
        return set() if replay.delta(self.repo, fork, tip) else {"empty", "landed"}

    def _check_landed(self, branch: Branch, row: Row, fork: str) -> None:
        tip, at = f"refs/heads/{branch.name}", row["landed_at"]
        changes = replay.delta(self.repo, fork, tip)
        if not replay.is_ancestor(self.repo, at, self.base) or replay.is_ancestor(self.repo, at, fork):
            self._wrong(branch, row, "landed outside the base or before the fork")
        if branch.never:
            self.tally.surprising.append(f"{self.repo.path.name} {branch.name} at {at}")
        if not self._adds_nothing(at, tip):
            self.tally.unconfirmed.append(f"{branch.name} at {at}")
            if self._missing(changes, fork, at, replay.renamed_between(self.repo, fork, tip)):
                self._wrong(branch, row, "was never contained there")
        parents = self.repo.git("rev-list", "--parents", "-1", at).split()[1:]
        if (row["how"] == "merge" and len(parents) < 2) or (row["how"] == "squash" and len(parents) > 1):
            self._wrong(branch, row, f"came by a commit with {len(parents)} parents")
        earlier = [parent for parent in parents[:1] if not replay.is_ancestor(self.repo, parent, fork)]
        self.tally.not_first += [
            f"{branch.name} at {at}" for state in earlier if self._adds_nothing(state, tip)
        ]
        self._check_now(branch, row, fork, changes)

    def _check_now(self, branch: Branch, row: Row, fork: str, changes: replay.Delta) -> None:
        tip = f"refs/heads/{branch.name}"
        sources = replay.renamed_between(self.repo, fork, tip)
        there = self._adds_nothing(self.base, tip) or not self._missing(changes, fork, self.base, sources)
        origins = {old: new for new, old in sources.items()}
        taken_back = not self._missing(replay.inverse(changes), fork, self.base, origins)
        if row["now"] == "present" and not there:
            self._wrong(branch, row, "is not there any more")
        elif row["now"] == "reverted" and (there or not taken_back):
            self._wrong(branch, row, "was not taken back")
        elif row["now"] == "edited" and taken_back and not there:
            self._wrong(branch, row, "was taken back")

    def _missing(self, changes: replay.Delta, start: str, end: str, sources: Mapping[str, str]) -> list[str]:
        moved = replay.moved_since(self.repo, start, end)
        return replay.missing_paths(self.repo, changes, replay.tree_of(self.repo, end), moved, sources)

    def _check_partial(self, branch: Branch, row: Row) -> None:
        own = int(self.repo.git("rev-list", "--count", f"refs/heads/{branch.name}", f"^{self.base}"))
        if not 0 < row["landed_commits"] <= row["commits"] <= own:
            self._wrong(branch, row, f"has {own} commits of its own")

    def _check_found(self, branch: Branch, row: Row) -> None:
        """Whether what landed by construction, and by git's word, is said to have landed."""
        if branch.landed_at is None:
            return
        if self._adds_nothing(self.names[branch.landed_at], f"refs/heads/{branch.name}"):
            self.tally.landings += 1
            if row["verdict"] != "landed":
                self.tally.missed.append(f"{self.repo.path.name} {branch.name}: {row['verdict']}")

    def _adds_nothing(self, at: str, tip: str) -> bool:
        return replay.merge_outcome(self.repo, at, tip) is Outcome.NOTHING

    def _wrong(self, branch: Branch, row: Row, why: str) -> None:
        said = {name: row[name] for name in ("verdict", "reason", "how", "landed_at", "now")}
        self.tally.wrong.append(f"{self.repo.path.name} {branch.name}: {why}, but called {said}")
