"""Which branches would conflict with their base: merges are tried, but only where a conflict is possible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from git_kas.domain.branch import MERGEABLE
from git_kas.domain.conflicts import ConflictFilter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.branch import Verdict
    from git_kas.domain.landing import ChainStates, Demand
    from git_kas.domain.names import ObjectId
    from git_kas.ports.contents import Contents


class TrialMerges:
    """Merges of branches, given as tips with their demands, into the base with these states.

    They begin at once and go on in the background.
    """

    def __init__(
        self,
        contents: Contents,
        base: ObjectId,
        states: ChainStates,
        branches: Mapping[ObjectId, Sequence[Demand]],
    ) -> None:
        possible = ConflictFilter(states)
        self._doubtful = [tip for tip, demands in branches.items() if possible.might_conflict(demands)]
        self._clean = branches.keys() - self._doubtful
        self._pending = contents.start_merges(base, self._doubtful)

    def tell(self, verdicts: dict[ObjectId, Verdict]) -> None:
        """Add to the verdicts on branches that are still to be merged whether that would conflict."""
        tried = self._pending.collect()
        known = {**dict.fromkeys(self._clean, False), **{tip: tried.get(tip) for tip in self._doubtful}}
        for tip, conflicts in known.items():
            if verdicts[tip].kind in MERGEABLE:
                verdicts[tip] = replace(verdicts[tip], conflicts=conflicts)
