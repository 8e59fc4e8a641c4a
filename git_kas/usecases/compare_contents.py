"""Judges branches by what they change: has the base ever contained it (DESIGN 7)?

All branches of one base are judged together: trees are compared in a few bulk readings, whatever the number of
branches, and file contents are merged in memory only where names and object ids leave a question open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.branch import LandingMethod, Presence, UnknownReason, Verdict, VerdictKind
from git_kas.domain.landing import ChainStates, Demand, Fork, LandingSearch, PathChange
from git_kas.domain.verdicts import unknown
from git_kas.usecases.trial_merges import TrialMerges

if TYPE_CHECKING:
    from git_kas.domain.history import BaseHistory, Parents
    from git_kas.domain.landing import TreeEntry
    from git_kas.domain.names import ObjectId
    from git_kas.ports.contents import Contents, FileMerge

_MOST_OWN_COMMITS: Final = 50
_LARGEST_LINE_CHECK: Final = 64

Changes = Sequence[PathChange]


class Candidate(NamedTuple):
    """A branch outside the base: its tip, its own commits, and the base commits that they grow out of."""

    tip: ObjectId
    own: frozenset[ObjectId]
    boundary: frozenset[ObjectId]


def judge_contents(
    contents: Contents,
    file_merge: FileMerge,
    base: BaseHistory,
    parents: Parents,
    candidates: Sequence[Candidate],
    *,
    merges: bool,
) -> Mapping[ObjectId, Verdict]:
    """A verdict for each candidate, by its tip; with ``merges``, whether merging it would conflict, too.

    Raises:
        ProgramFailed: the repository cannot be read.
    """
    judge = _Judge(contents, file_merge, base, parents)
    cases = [case for candidate in candidates if (case := judge.case(candidate))]
    return judge.verdicts(cases, merges=merges) if cases else {}


class _Merge:
    """The protocol :class:`~git_kas.domain.landing.Merge`. ``gaps`` counts contents that could not be read."""

    def __init__(self, contents: Contents, file_merge: FileMerge) -> None:
        self._contents = contents
        self._file_merge = file_merge
        self._known: dict[tuple[ObjectId, ObjectId, ObjectId], bool | None] = {}
        self._new_lines: dict[tuple[ObjectId, ObjectId], Sequence[bytes]] = {}
        self.gaps = 0

    def expect(self, ancestor: ObjectId, held: Sequence[ObjectId], theirs: ObjectId) -> None:
        """See :class:`git_kas.domain.landing.Merge`."""
        open_ = [id_ for id_ in held if (ancestor, id_, theirs) not in self._known]
        if open_:
            self._contents.expect([ancestor, theirs, *open_])

    def adds_nothing(self, ancestor: ObjectId, ours: ObjectId, theirs: ObjectId) -> bool:
        """See :class:`git_kas.domain.landing.Merge`."""
        key = (ancestor, ours, theirs)
        if key not in self._known:
            self._known[key] = self._try(*key)
        answer = self._known[key]
        if answer is None:
            self.gaps += 1
        return bool(answer)

    def _try(self, ancestor: ObjectId, ours: ObjectId, theirs: ObjectId) -> bool | None:
        texts = [self._contents.blob(id_) for id_ in (ancestor, ours, theirs)]
        before, held, after = texts
        if before is None or held is None or after is None:
            return None
        lines = self._new_lines.get((ancestor, theirs))
        if lines is None:
            lines = list(set(after.splitlines()).difference(before.splitlines()))[:_LARGEST_LINE_CHECK]
            self._new_lines[ancestor, theirs] = lines
        # What is added by a merge that changes nothing must be there already: cheaper to see than to merge.
        if any(line not in held for line in lines):
            return False
        return self._file_merge.merged(before, held, after) == held


@dataclass(slots=True)
class _Case:
    """One branch while it is judged.

    ``own`` are its plain commits, ``changes`` what each of them asks of the base, if anything, and ``grown``
    what the branch had changed in all when it came to them (nothing for a branch that is no single line).
    ``incomplete`` says that some content could not be compared.
    """

    candidate: Candidate
    forks: Sequence[ObjectId]
    lowest: int
    demands: list[Demand] = field(default_factory=list)
    own: list[ObjectId] = field(default_factory=list)
    changes: list[Demand] = field(default_factory=list)
    grown: list[Changes] = field(default_factory=list)
    moment: int | None = None
    incomplete: bool = False


class _Judge:
    """One pass over one base."""

    def __init__(self, contents: Contents, file_merge: FileMerge, base: BaseHistory, parents: Parents) -> None:
        self._contents = contents
        self._merge = _Merge(contents, file_merge)
        self._base = base
        self._parents = parents
        self._search = LandingSearch(ChainStates(0, ()), self._merge)

    def verdicts(self, cases: Sequence[_Case], *, merges: bool) -> Mapping[ObjectId, Verdict]:
        """The verdicts by tip."""
        self._read_forks(cases)
        states = self._read_chain(min(case.lowest for case in cases))
        self._search = LandingSearch(states, self._merge)
        for case in cases:
            self._find(case, case.demands)
        self._find_renamed([case for case in cases if case.moment is None])
        not_found = {case.candidate.tip: case.demands for case in cases if case.moment is None}
        trials = TrialMerges(self._contents, self._base.tip, states, not_found) if merges else None
        self._read_own_commits([case for case in cases if self._needs_commits(case)])
        verdicts = {case.candidate.tip: self._verdict(case) for case in cases}
        self._tell_copies(cases, verdicts)
        self._tell_reverted(cases, verdicts)
        if trials is not None:
            trials.tell(verdicts)
        return verdicts

    # -- reading in bulk -------------------------------------------------------------------------------------

    def case(self, candidate: Candidate) -> _Case | None:
        """What is to be judged; None for a branch that has nothing in common with the base."""
        forks = self._base.newest(candidate.boundary)
        if not forks:
            return None
        lowest = min(self._base.position(commit) for commit in candidate.boundary)
        return _Case(candidate, forks, lowest, own=self._plain_commits(candidate))

    def _plain_commits(self, candidate: Candidate) -> list[ObjectId]:
        """The branch's own commits that are no merges, those nearest to the fork first."""
        found: list[ObjectId] = []
        pending, seen = [candidate.tip], {candidate.tip}
        while pending:
            commit = pending.pop()
            if len(self._parents[commit]) <= 1:
                found.append(commit)
            for parent in self._parents[commit]:
                if parent in candidate.own and parent not in seen:
                    seen.add(parent)
                    pending.append(parent)
        return found[::-1]

    def _read_forks(self, cases: Sequence[_Case]) -> None:
        """What each branch changed since each of its merge bases."""
        pairs = [(fork, case.candidate.tip) for case in cases for fork in case.forks]
        changes = self._contents.changes(pairs)
        differing = self._differing({fork for fork, _ in pairs if not self._base.is_on_chain(fork)})
        for case in cases:
            for fork in case.forks:
                place = Fork(self._base.position(fork), differing.get(fork, {}))
                case.demands.append(Demand(place, next(changes)))

    def _differing(self, forks: set[ObjectId]) -> Mapping[ObjectId, Mapping[bytes, TreeEntry | None]]:
        """For forks beside the chain: what the base held otherwise when it took them in."""
        ordered = sorted(forks)
        pairs = [(fork, self._base.chain[self._base.position(fork)]) for fork in ordered]
        return {
            fork: {change.path: change.after for change in changes}
            for fork, changes in zip(ordered, self._contents.changes(pairs), strict=True)
        }

    def _read_chain(self, lowest: int) -> ChainStates:
        chain = self._base.chain
        pairs = list(zip(chain[lowest:], chain[lowest + 1 :], strict=False))
        return ChainStates(lowest + 1, self._contents.changes(pairs))

    def _read_own_commits(self, cases: Sequence[_Case]) -> None:
        steps = {
            id(case): [commit for commit in case.own[:_MOST_OWN_COMMITS] if self._parents[commit]]
            for case in cases
        }
        changes = self._contents.changes(
            [(self._parents[commit][0], commit) for case in cases for commit in steps[id(case)]]
        )
        lines = {id(case): steps[id(case)] if self._is_single_line(case) else [] for case in cases}
        grown = self._contents.changes(
            [(case.forks[0], commit) for case in cases for commit in lines[id(case)]]
        )
        for case in cases:
            alone = [next(changes) for _ in steps[id(case)]]
            so_far = [next(grown) for _ in lines[id(case)]] or [()] * len(alone)
            since = self._positions(case)
            for commit, changes_alone, changes_so_far in zip(steps[id(case)], alone, so_far, strict=True):
                if changes_alone:
                    case.changes.append(Demand(Fork(since[commit], {}), changes_alone))
                    case.grown.append(changes_so_far)

    def _positions(self, case: _Case) -> Mapping[ObjectId, int]:
        """Up to which position each own commit knows the base: what it held before has not landed there."""
        known: dict[ObjectId, int] = {}
        pending = [case.candidate.tip]
        while pending:
            commit = pending[-1]
            parents = self._parents[commit]
            missing = [parent for parent in parents if parent in case.candidate.own and parent not in known]
            if missing:
                pending += missing
                continue
            pending.pop()
            known[commit] = max(
                (known[parent] if parent in known else self._position(parent) for parent in parents), default=0
            )
        return known

    def _position(self, commit: ObjectId) -> int:
        return self._base.position(commit) if commit in self._base else 0

    def _is_single_line(self, case: _Case) -> bool:
        """Whether a landed part may be looked for: nothing was found yet, and each commit has one parent."""
        return case.moment is None and len(case.forks) == 1 and len(case.own) == len(case.candidate.own)

    # -- searching -------------------------------------------------------------------------------------------

    def _find(self, case: _Case, demands: Sequence[Demand]) -> None:
        gaps = self._merge.gaps
        for follow in (False, True):
            moment = self._search.first_moment(demands, follow=follow)
            if moment is not None:
                case.demands, case.moment = list(demands), moment
                return
        case.incomplete = case.incomplete or self._merge.gaps > gaps

    def _find_renamed(self, cases: Sequence[_Case]) -> None:
        """Search again for branches that seem to have moved files."""
        for case, demands in self._with_renames(cases):
            self._find(case, demands)

    def _with_renames(self, cases: Sequence[_Case]) -> Iterator[tuple[_Case, Sequence[Demand]]]:
        """Those that moved files, and what they changed if the files are followed."""
        moving = [case for case in cases if _might_move(case.demands)]
        pairs = [(fork, case.candidate.tip) for case in moving for fork in case.forks]
        changes = self._contents.changes(pairs, renames=True)
        for case in moving:
            demands = [Demand(demand.fork, next(changes)) for demand in case.demands]
            if any(change.renamed_from for demand in demands for change in demand.changes):
                yield case, demands

    def _needs_commits(self, case: _Case) -> bool:
        if case.moment is None:
            return len(case.own) <= _MOST_OWN_COMMITS
        return len(case.own) > 1

    def _landings(self, case: _Case) -> list[int | None]:
        """When each own commit had landed, taken alone."""
        return [self._search.first_moment([demand], follow=True) for demand in case.changes]

    def _landed_part(self, case: _Case) -> int:
        """How many commits, from the first one on, had landed together."""
        for count in range(len(case.grown), 0, -1):
            demands = [Demand(case.demands[0].fork, case.grown[count - 1])]
            if self._search.first_moment(demands, follow=True) is not None:
                return count
        return 0

    # -- judging ---------------------------------------------------------------------------------------------

    def _verdict(self, case: _Case) -> Verdict:
        if case.moment is not None:
            return self._landed(case, case.moment)
        landings = self._landings(case)
        landed = [position for position in landings if position is not None]
        if not any(demand.changes for demand in case.demands):
            if landed and len(landed) == len(landings) and not self._has_own_merges(case):
                moment = max(*landed, *(demand.fork.position for demand in case.demands))
                return self._landed(case, moment)
            return Verdict(VerdictKind.EMPTY)
        if case.incomplete:
            return unknown(UnknownReason.CONTENT_NOT_COMPARED)
        part = self._landed_part(case)
        count = part + sum(position is not None for position in landings[part:])
        if count:
            return Verdict(VerdictKind.PARTIAL, commits=len(landings), landed_commits=count)
        return Verdict(VerdictKind.UNMERGED)

    def _landed(self, case: _Case, moment: int) -> Verdict:
        return Verdict(
            VerdictKind.LANDED,
            how=self._method(case, moment),
            landed_at=self._base.chain[moment],
            now=self._presence(case),
        )

    def _method(self, case: _Case, moment: int) -> LandingMethod:
        if len(self._parents[self._base.chain[moment]]) > 1:
            return LandingMethod.MERGE
        moments = {position for position in self._landings(case) if position is not None and position <= moment}
        return LandingMethod.REBASE if len(moments) > 1 else LandingMethod.SQUASH

    def _presence(self, case: _Case) -> Presence:
        if any(self._search.holds_at_end(case.demands, follow=follow) for follow in (False, True)):
            return Presence.PRESENT
        return Presence.REVERTED if self._is_taken_back(case.demands) else Presence.EDITED

    def _is_taken_back(self, demands: Sequence[Demand]) -> bool:
        return any(self._search.is_taken_back_at_end(demands, follow=follow) for follow in (False, True))

    def _has_own_merges(self, case: _Case) -> bool:
        """Whether a merge on the branch took in something else than the base, or the base took its place."""
        own = case.candidate.own
        return any(
            not self._parents[commit] or any(parent in own for parent in self._parents[commit][1:])
            for commit in own
        )

    def _tell_copies(self, cases: Sequence[_Case], verdicts: dict[ObjectId, Verdict]) -> None:
        """A single commit that landed under its author's name and date was copied, not squashed."""
        pairs = [
            (case.candidate.tip, case.own[0], verdict.landed_at)
            for case in cases
            if len(case.own) == 1
            and (verdict := verdicts[case.candidate.tip]).how is LandingMethod.SQUASH
            and verdict.landed_at
        ]
        authors = self._contents.author_lines([commit for _, *both in pairs for commit in both])
        for (tip, _, _), own, landed in zip(pairs, authors[::2], authors[1::2], strict=True):
            if own == landed:
                verdicts[tip] = replace(verdicts[tip], how=LandingMethod.REBASE)

    def _tell_reverted(self, cases: Sequence[_Case], verdicts: dict[ObjectId, Verdict]) -> None:
        """What was taken back may look edited: files were moved, or more happened there since.

        Then a commit that says what it reverts tells.
        """
        edited = [case for case in cases if verdicts[case.candidate.tip].now is Presence.EDITED]
        for case, demands in self._with_renames(edited):
            if self._is_taken_back(demands):
                tip = case.candidate.tip
                verdicts[tip] = replace(verdicts[tip], now=Presence.REVERTED)
        if not edited:
            return
        oldest = self._base.chain[min(case.moment or case.lowest for case in edited)]
        revert_of = {reverted: by for by, reverted in self._contents.reverted_by(self._base.tip, oldest)}
        for case in edited:
            tip = case.candidate.tip
            by = revert_of.get(verdicts[tip].landed_at or tip)
            if by is not None and by not in revert_of:
                verdicts[tip] = replace(verdicts[tip], now=Presence.REVERTED)


def _might_move(demands: Sequence[Demand]) -> bool:
    return any(
        any(change.before is None for change in demand.changes)
        and any(change.after is None for change in demand.changes)
        for demand in demands
    )
