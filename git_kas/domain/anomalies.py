"""What can be wrong with a plan store, as a check of its recorded history finds it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from git_kas.domain.operations import Operation


class AnomalyKind(StrEnum):
    """A kind of defect, those first that cause others."""

    LOST_WRITE = "lost_write"
    APPLIED_TWICE = "applied_twice"
    REFUSED_BUT_APPLIED = "refused_but_applied"
    RULE_BROKEN = "rule_broken"
    WRONG_OUTCOME = "wrong_outcome"
    WRONG_ENTRY = "wrong_entry"
    FOREIGN_ENTRY = "foreign_entry"
    NUMBERS_NOT_GAPLESS = "numbers_not_gapless"
    TIME_WENT_BACK = "time_went_back"
    WRONG_ORDER = "wrong_order"
    HISTORY_CHANGED = "history_changed"
    HISTORY_TORN = "history_torn"
    STALE_READ = "stale_read"
    EARLY_READ = "early_read"
    IMPOSSIBLE_READ = "impossible_read"
    UNEXPLAINED_REFUSAL = "unexplained_refusal"
    WRONG_FINAL_STATE = "wrong_final_state"
    BROKEN = "broken"


ANOMALY_MEANINGS: Final[Mapping[AnomalyKind, str]] = {
    AnomalyKind.LOST_WRITE: "a mutation was acknowledged, and the history does not hold it",
    AnomalyKind.APPLIED_TWICE: "one request, repeated under its key, has more than one commit",
    AnomalyKind.REFUSED_BUT_APPLIED: "a mutation was refused every time, and the history holds it",
    AnomalyKind.RULE_BROKEN: "a mutation was committed that the rules refuse in the state it met",
    AnomalyKind.WRONG_OUTCOME: "an acknowledged outcome is not what the rules make of the state it met",
    AnomalyKind.WRONG_ENTRY: "an entry of the history is not what the rules write",
    AnomalyKind.FOREIGN_ENTRY: "the history holds something that nobody asked for",
    AnomalyKind.NUMBERS_NOT_GAPLESS: "the change numbers of the history are not 1, 2, 3 and so on",
    AnomalyKind.TIME_WENT_BACK: "a commit has an earlier time than the one before it",
    AnomalyKind.WRONG_ORDER: "a mutation has a higher change number than one that was asked for after its end",
    AnomalyKind.HISTORY_CHANGED: "an entry that was read from the history is another one later",
    AnomalyKind.HISTORY_TORN: "a reading of the history lacked entries between those it gave",
    AnomalyKind.STALE_READ: "a reading gave an older state than one known before it began",
    AnomalyKind.EARLY_READ: "a reading gave a state that nobody had asked for before it ended",
    AnomalyKind.IMPOSSIBLE_READ: "a reading gave what the project never was",
    AnomalyKind.UNEXPLAINED_REFUSAL: "no state between call and return of a mutation explains its refusal",
    AnomalyKind.WRONG_FINAL_STATE: "the state at the end is not what the history leads to",
    AnomalyKind.BROKEN: "an operation ended with an error that a sound store does not give",
}


class Anomaly(NamedTuple):
    """Something that is wrong: its kind, what happened in a sentence, and the operations it shows in."""

    kind: AnomalyKind
    sentence: str
    operations: tuple[Operation, ...] = ()
