"""Remembers verdicts by the object ids that they were found for, so that a second look costs nothing.

What is about to be removed is judged without this: see :func:`afresh`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.branch import LandingMethod, Presence, Verdict, VerdictKind
from git_kas.domain.names import ObjectId
from git_kas.errors import InvalidName
from git_kas.usecases.compare_contents import judge_contents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.history import BaseHistory, Parents
    from git_kas.ports.cache import Cache
    from git_kas.ports.contents import Contents, FileMerge
    from git_kas.usecases.compare_contents import Candidate
    from git_kas.usecases.survey import Compare

_FILE: Final = "verdicts"
_FORMAT: Final = 4  # another one for every change of how verdicts are found


@dataclass(frozen=True, slots=True)
class ComparisonPorts:
    """What contents are compared through; what merges is opened only if something has to be."""

    contents: Contents
    open_file_merge: Callable[[], FileMerge]
    cache: Cache


def afresh(ports: ComparisonPorts, *, merges: bool = True) -> Compare:
    """Compare contents whatever was found before; without ``merges`` it stays open what would conflict."""

    def compare(
        base: BaseHistory, parents: Parents, candidates: Sequence[Candidate]
    ) -> Mapping[ObjectId, Verdict]:
        try:
            file_merge = ports.open_file_merge()
            return judge_contents(ports.contents, file_merge, base, parents, candidates, merges=merges)
        finally:
            ports.contents.close()

    return compare


def remembering(ports: ComparisonPorts) -> Compare:
    """Compare only what was not compared before."""
    find = afresh(ports)

    def compare(
        base: BaseHistory, parents: Parents, candidates: Sequence[Candidate]
    ) -> Mapping[ObjectId, Verdict]:
        remembered = _read(ports.cache)
        known = remembered.get(base.tip, {})
        missing = [candidate for candidate in candidates if candidate.tip not in known]
        found = find(base, parents, missing) if missing else {}
        lasting = {tip: verdict for tip, verdict in found.items() if verdict.kind is not VerdictKind.UNKNOWN}
        tips = {candidate.tip for candidate in candidates}
        if lasting:
            kept = {tip: verdict for tip, verdict in known.items() if tip in tips}
            others = {
                tip: verdicts for tip, verdicts in remembered.items() if tip in parents and tip != base.tip
            }
            _write(ports.cache, {**dict(list(others.items())[-1:]), base.tip: kept | lasting})
        return {tip: verdict for tip, verdict in {**known, **found}.items() if tip in tips}

    return compare


def _write(cache: Cache, remembered: Mapping[ObjectId, Mapping[ObjectId, Verdict]]) -> None:
    document = {
        "format": _FORMAT,
        "verdicts": {
            base: {tip: _encode(verdict) for tip, verdict in verdicts.items()}
            for base, verdicts in remembered.items()
        },
    }
    cache.write(_FILE, json.dumps(document, separators=(",", ":")).encode())


def _read(cache: Cache) -> dict[ObjectId, Mapping[ObjectId, Verdict]]:
    data = cache.read(_FILE)
    try:
        document = json.loads(data or b"{}")
        if document.get("format") != _FORMAT:
            return {}
        return {
            ObjectId(base): {ObjectId(tip): _decode(fields) for tip, fields in verdicts.items()}
            for base, verdicts in document["verdicts"].items()
        }
    except (ValueError, TypeError, AttributeError, KeyError, InvalidName):
        return {}


def _encode(verdict: Verdict) -> list[Any]:
    return [
        verdict.kind,
        verdict.how,
        verdict.landed_at,
        verdict.now,
        verdict.commits,
        verdict.landed_commits,
        verdict.conflicts,
    ]


def _decode(fields: list[Any]) -> Verdict:
    kind, how, landed_at, now, commits, landed_commits, conflicts = fields
    return Verdict(
        VerdictKind(kind),
        how=LandingMethod(how) if how else None,
        landed_at=ObjectId(landed_at) if landed_at else None,
        now=Presence(now) if now else None,
        commits=commits,
        landed_commits=landed_commits,
        conflicts=conflicts,
    )
