"""Runs the acknowledged mutations of a recorded history through the rules again, in the order of the store."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from git_kas.domain.anomalies import Anomaly, AnomalyKind
from git_kas.domain.decide import decide
from git_kas.domain.operations import Write, canonical, entry_stamp, outcome_document
from git_kas.domain.project import Project
from git_kas.domain.timeline import Timeline
from git_kas.errors import KasError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from git_kas.domain.decide import Decision
    from git_kas.domain.ledger import HistoryEntry, Outcome
    from git_kas.domain.names import PlanName
    from git_kas.domain.operations import Asked, Operation

    AttemptsByToken = Mapping[str, Sequence[Operation]]


class Replay:
    """What the rules make of the history of a store: every state, every outcome, and what contradicts them."""

    def __init__(self, history: Sequence[HistoryEntry], attempts: AttemptsByToken) -> None:
        self.timeline = Timeline()
        self.project = Project()
        self.change_of: dict[str, int] = {}
        self.anomalies: list[Anomaly] = []
        self._attempts = attempts
        self._outcomes: dict[int, Outcome] = {}
        for change, entries in self._commits(history):
            self._follow(change, entries)

    def outcome(self, change: int) -> Outcome | None:
        """What the rules made of that commit; None where they could not follow."""
        return self._outcomes.get(change)

    def _commits(self, history: Sequence[HistoryEntry]) -> Iterator[tuple[int, list[HistoryEntry]]]:
        """The history by change numbers, which are checked on the way."""
        last = 0
        for entry in history:
            if entry.change not in {last, last + 1} or not entry.change:
                self._report(
                    AnomalyKind.NUMBERS_NOT_GAPLESS,
                    f"In the history change {entry.change} follows change {last}.",
                    self._attempts.get(entry.note, ()),
                )
            last = entry.change
        for change, entries in groupby(sorted(history, key=_change), key=_change):
            yield change, list(entries)

    def _follow(self, change: int, entries: list[HistoryEntry]) -> None:
        first = entries[0]
        attempts = self._attempts.get(first.note, ())
        names = [entry.plan for entry in entries if entry.plan is not None]
        names += [name for attempt in attempts[:1] for name in named_plans(attempt.asked)]
        if first.time < self.project.last_time:
            self._report(
                AnomalyKind.TIME_WENT_BACK,
                f"Change {change} has the time {first.time}, the one before it {self.project.last_time}.",
                attempts,
            )
        self.timeline.add_entries(change, entries)
        self.project.change = change - 1  # where numbers are missing, that has been said
        decision = self._decide(change, first, attempts, names)
        if decision is not None and decision.commit is not None:
            self._compare_entries(change, entries, decision.outcome, attempts)
            self.project.apply(decision.commit)
            self.timeline.add_commit(decision.commit)
            self._outcomes[change] = decision.outcome
        else:
            self.timeline.mark_unclear(names, change)
            self.project.change, self.project.last_time = change, max(first.time, self.project.last_time)
            self.project.entries += entries

    def _decide(
        self, change: int, first: HistoryEntry, attempts: Sequence[Operation], names: Sequence[PlanName]
    ) -> Decision | None:
        """What the rules make of the request behind a commit, None if they contradict it."""
        if not attempts:
            about = f" about {names[0]}" if names else ""
            text = f"Change {change} ({first.action}{about}) belongs to no request; its note is '{first.note}'."
            self._report(AnomalyKind.FOREIGN_ENTRY, text, ())
            return None
        if first.note in self.change_of:
            text = (
                f"The request is in the history as change {self.change_of[first.note]} and as change {change}."
            )
            self._report(AnomalyKind.APPLIED_TWICE, text, attempts)
            return None
        self.change_of[first.note] = change
        asked = cast("Write", attempts[0].asked)
        if any(self.timeline.is_unclear(name, change) for name in names):
            return None
        try:
            return decide(self.project, asked.mutation, asked.request, first.time)
        except KasError as error:
            text = f"Change {change} was committed, but the rules say: {error.message}"
            self._report(AnomalyKind.RULE_BROKEN, text, attempts)
            return None

    def _compare_entries(
        self, change: int, found: list[HistoryEntry], outcome: Outcome, attempts: Sequence[Operation]
    ) -> None:
        if [entry_stamp(entry) for entry in found] == [entry_stamp(entry) for entry in outcome.entries]:
            return
        pairs = zip(found, outcome.entries, strict=False)
        documents = ((one._asdict(), other._asdict()) for one, other in pairs)
        differing = next(
            (difference for one, other in documents if (difference := first_difference(one, other))),
            f"{len(found)} entries, {len(outcome.entries)} by the rules",
        )
        self._report(AnomalyKind.WRONG_ENTRY, f"In the entry of change {change}: {differing}.", attempts)

    def _report(self, kind: AnomalyKind, sentence: str, operations: Sequence[Operation]) -> None:
        self.anomalies.append(Anomaly(kind, sentence, tuple(operations)))


def named_plans(asked: Asked) -> list[PlanName]:
    """The plans that a call names."""
    fields: dict[str, Any] = asked.mutation._asdict() if isinstance(asked, Write) else {"filename": asked.plan}
    return [fields[field] for field in ("filename", "new_filename") if fields.get(field)]


def wrong_outcome(answered: dict[str, Any], outcome: Outcome) -> str:
    """How an acknowledged outcome differs from the one by the rules; empty if it does not."""
    expected = outcome_document(outcome._replace(replayed=answered.get("replayed", False)))
    return "" if canonical(answered) == canonical(expected) else first_difference(answered, expected)


def first_difference(found: object, expected: object, place: str = "") -> str:
    """The first member in which two documents differ, in words; empty if there is none."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in sorted({*found, *expected}):
            inner = first_difference(found.get(name), expected.get(name), f"{place}.{name}" if place else name)
            if inner:
                return inner
        return ""
    if isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return next((text for i, (f, e) in pairs if (text := first_difference(f, e, f"{place}[{i}]"))), "")
    same = canonical(found) == canonical(expected)
    return "" if same else f"{place or 'it'} is {_short(found)}, by the rules {_short(expected)}"


def _short(value: object) -> str:
    text = canonical(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _change(entry: HistoryEntry) -> int:
    return entry.change
