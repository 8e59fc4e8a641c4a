"""Finds guarded paths in what is about to be committed or shared. Writes nothing; asks no plan store."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from git_kas.domain.guard import GuardFinding, GuardPattern, findings_of
from git_kas.domain.guard_text import Occasion
from git_kas.domain.names import ObjectId
from git_kas.domain.ref_updates import FrameworkPush, RefUpdate
from git_kas.errors import InvalidConfiguration, NotFound, UsageError
from git_kas.ports.guarded import Guarded, ObjectKind, Peeled, Span

_RANGE = ".."


@dataclass(frozen=True, slots=True)
class Judged:
    """What was looked at, and what is refused: oldest commits first. None found means that it passes.

    ``old_history``: a ref that is new to the receiver brings some of it.
    """

    occasion: Occasion
    findings: Sequence[GuardFinding]
    old_history: bool = False


@dataclass(frozen=True, slots=True)
class Baseline:
    """A revision before which everything is accepted, and where that stands."""

    revision: str
    source: str


_Moved: TypeAlias = tuple[RefUpdate, Peeled | None, Peeled]


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges what one repository commits, pushes or receives."""

    guarded: Guarded
    patterns: Sequence[GuardPattern]
    baselines: Sequence[Baseline] = ()

    def staged(self) -> Judged:
        """What a commit would record now, against the commit before it; a merge against its first parent."""
        return Judged(Occasion.STAGED, findings_of(self.guarded.staged(self.patterns), self.patterns))

    def range(self, text: str) -> Judged:
        """The commits of ``A..B``; HEAD where a side is empty, and no commit for an ``A`` that is all zeros.

        Besides, B itself: what it has, and where both meet had not, would come to A with B, though it be by a
        merge that has kept it.

        Raises:
            UsageError: it is no range, or one from HEAD to HEAD because nothing was said.
            NotFound: a side of it is no commit here.
        """
        since, dots, tip = text.partition(_RANGE)
        if not dots or tip.startswith("."):
            raise UsageError(f"'{text}' is no range of commits.", next_step="Name one as A..B.")
        known = (self._commit(since or "HEAD"),) if since.strip("0") or not since else ()
        end, accepted = self._commit(tip or "HEAD"), self._accepted()
        if not since and end in known:  # of "$SINCE..HEAD" with nothing in the variable, say: no check at all
            raise UsageError(
                f"'{text}' begins where it ends, as nothing stands before '..'.", next_step="Name one as A..B."
            )
        found = self._of_commits(Span((end,), (*known, *accepted)), {})
        told = {finding.path for finding in found}
        for start in known:
            found += [finding for finding in self._of_tip(start, end, accepted) if finding.path not in told]
        return Judged(Occasion.RANGE, found)

    def received(self, updates: Sequence[RefUpdate]) -> Judged:
        """What a push to this repository would do."""
        return self._updated(Occasion.RECEIVED, updates, Span((), here=True))

    def pushed(self, updates: Sequence[RefUpdate], remote: str) -> Judged:
        """What a push from this repository to ``remote`` would do there, as far as can be told here."""
        return self._updated(Occasion.PUSHED, updates, Span((), remote=remote))

    def framework(self, push: FrameworkPush | None) -> Judged:
        """What the pre-commit framework asks about: a push, a range, or else what is staged."""
        if push is None:
            return self.staged()
        if not push.remote:
            return self.range(f"{push.known}{_RANGE}{push.new}")
        tracked = f"refs/remotes/{push.remote}/{push.ref.removeprefix('refs/heads/')}"
        old, known = self.guarded.peel([tracked, push.known or tracked])
        update = RefUpdate(push.ref, old.id if old else None, self._commit(push.new))
        given = (known.id,) if known and known.kind is ObjectKind.COMMIT else ()
        return self._updated(Occasion.PUSHED, [update], Span((), given, remote=push.remote))

    def _updated(self, occasion: Occasion, updates: Sequence[RefUpdate], known: Span) -> Judged:
        moved = list(self._moved(updates, occasion))
        accepted = self._accepted()
        tips = tuple(dict.fromkeys(new.id for _, _, new in moved if new.kind is ObjectKind.COMMIT))
        if occasion is Occasion.PUSHED:
            known = known._replace(known=(*known.known, *_commits(old for _, old, _ in moved)))
        span = known._replace(tips=tips, known=(*known.known, *accepted))
        refs: dict[ObjectId, list[str]] = {}
        for update, _, new in moved:
            refs.setdefault(new.id, []).append(update.ref)
        found = self._of_commits(span, refs) if tips else []
        told = {(finding.path, ref) for finding in found for ref in finding.refs}
        found += [
            finding for finding in self._of_refs(moved, accepted) if (finding.path, finding.refs[0]) not in told
        ]
        new_refs = {update.ref for update, _, _ in moved if update.old is None}
        return Judged(occasion, found, any(not new_refs.isdisjoint(finding.refs) for finding in found))

    def _moved(self, updates: Sequence[RefUpdate], occasion: Occasion) -> Sequence[_Moved]:
        """The updates that may bring something: with what the ref names before and after, tags followed."""
        asked = [(update, update.old, update.new) for update in updates if update.new]
        peeled = self.guarded.peel([name for _, old, new in asked for name in (old or new, new)])
        moved: list[_Moved] = []
        for (update, known, new), old, now in zip(asked, peeled[::2], peeled[1::2], strict=True):
            if now is None or (known and old is None and occasion is Occasion.RECEIVED):
                raise NotFound(
                    f"{update.ref}: the object {new if now is None else known} is not here.",
                    next_step="'git fsck' says whether the repository is whole.",
                )
            before = old if known and old and old.kind is not ObjectKind.BLOB else None
            if now.kind is not ObjectKind.BLOB and before != now:
                moved.append((update, before, now))
        return moved

    def _of_commits(self, span: Span, refs: dict[ObjectId, list[str]]) -> list[GuardFinding]:
        """What the commits of the span are refused for; ``refs`` are those that shall name each tip."""
        found = {
            commit: findings
            for commit, changes in self.guarded.introduced(span, self.patterns)
            if (findings := findings_of(changes, self.patterns, commit))
        }
        if not found:
            return []
        names = [(tip, ref) for tip, tip_refs in refs.items() for ref in tip_refs]
        carried: dict[ObjectId, int] = {}
        for number, (tip, _) in enumerate(names):
            carried[tip] = carried.get(tip, 0) | 1 << number
        ordered: list[GuardFinding] = []
        for commit, parents in self.guarded.history(span):
            mask = carried.get(commit, 0)
            for parent in parents:
                carried[parent] = carried.get(parent, 0) | mask
            bringing = tuple(ref for number, (_, ref) in enumerate(names) if mask >> number & 1)
            ordered += [finding._replace(refs=bringing) for finding in reversed(found.get(commit, []))]
        return ordered[::-1]

    def _of_refs(self, moved: Sequence[_Moved], accepted: Sequence[ObjectId]) -> list[GuardFinding]:
        """What refs would add or change that their commits do not: by going back, or to commits known already.

        A ref that is new is judged by its commits alone, unless it names a tree. Between two commits that are
        accepted anything goes.
        """
        judged = [(update, old, new) for update, old, new in moved if old or new.kind is ObjectKind.TREE]
        changes = self.guarded.between([(old, new) for _, old, new in judged], self.patterns)
        found: list[GuardFinding] = []
        for (update, old, new), changed in zip(judged, changes, strict=True):
            commit = new.id if new.kind is ObjectKind.COMMIT else None
            findings = findings_of(changed, self.patterns, commit, (update.ref,))
            if findings and not (old and self._are_accepted(old, new, accepted)):
                found += findings
        return found

    def _of_tip(self, start: ObjectId, end: ObjectId, accepted: Sequence[ObjectId]) -> list[GuardFinding]:
        """What ``end`` has and an ancestor in common with ``start`` has not, so that a merge would bring it."""
        tip = Peeled(end, ObjectKind.COMMIT)
        bases = [
            Peeled(base, ObjectKind.COMMIT) for base in self.guarded.merge_bases(start, end) if base != end
        ]
        changes = self.guarded.between([(base, tip) for base in bases], self.patterns)
        found: dict[bytes, GuardFinding] = {}
        for base, changed in zip(bases, changes, strict=True):
            findings = findings_of(changed, self.patterns, end)
            if findings and not self._are_accepted(base, tip, accepted):
                found |= {finding.path: finding for finding in findings}
        return [found[path] for path in sorted(found)]

    def _are_accepted(self, old: Peeled, new: Peeled, accepted: Sequence[ObjectId]) -> bool:
        return bool(accepted) and all(
            object_.kind is ObjectKind.COMMIT and self.guarded.reaches(accepted, object_.id)
            for object_ in (old, new)
        )

    def _commit(self, revision: str) -> ObjectId:
        (found,) = self.guarded.peel([revision])
        if found is None or found.kind is not ObjectKind.COMMIT:
            raise NotFound(
                f"'{revision}' is no commit here.",
                next_step="In a shallow clone fetch its history first (fetch-depth: 0, GIT_DEPTH: 0).",
            )
        return found.id

    def _accepted(self) -> tuple[ObjectId, ...]:
        """The baselines.

        Raises:
            InvalidConfiguration: one is no commit here; what it was meant to accept cannot be told.
        """
        peeled = self.guarded.peel([baseline.revision for baseline in self.baselines])
        for baseline, found in zip(self.baselines, peeled, strict=True):
            if found is None or found.kind is not ObjectKind.COMMIT:
                raise InvalidConfiguration(
                    f"{baseline.source}: the baseline '{baseline.revision}' is no commit here.",
                    next_step="Name a commit that this repository has, or remove the setting.",
                )
        return tuple(_commits(peeled))


def _commits(objects: Iterable[Peeled | None]) -> list[ObjectId]:
    return [object_.id for object_ in objects if object_ and object_.kind is ObjectKind.COMMIT]
