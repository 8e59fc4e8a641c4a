"""Rejected signals: judged anew, or removed for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from git_kas.domain.signal_rules import Cause
from git_kas.domain.timestamps import timestamp
from git_kas.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from git_kas.ports.clock import Clock
    from git_kas.ports.signals import RejectedSignal, SignalBox, SignalPlace

SHORTEST_ID: Final = 4
_NANOSECONDS_PER_DAY: Final = 86_400 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Retried:
    """Signals that are to be judged anew, and sentences about those that are not."""

    signals: Sequence[RejectedSignal]
    warnings: Sequence[str]


def retry_signals(box: SignalBox, places: Sequence[SignalPlace], wanted: Sequence[str] | None) -> Retried:
    """Have the rejected signals ``wanted`` (beginnings of their ids; None for all) judged anew.

    Each gets a new identity that follows from its old one, so that doing this twice is doing it once. One that
    was applied before its text was changed is not among them.

    Raises:
        NotFound: no rejected signal has such an id.
        UsageError: several have, or the signal was applied.
    """
    with box.exclusive():
        settle(box, places)
        chosen = choose(box.rejected(), wanted)
        applied = [signal for signal in chosen if signal.record.cause is Cause.CHANGED]
        if applied and wanted is not None:
            raise UsageError(
                f"The signal {applied[0].name} was applied already.",
                next_step=f"Its text is {applied[0].path}.",
            )
        again = [signal for signal in chosen if signal.record.cause is not Cause.CHANGED]
        for signal in again:
            box.retry(signal)
    return Retried(again, [f"{signal.name} was applied already; it is not retried." for signal in applied])


def purge_signals(
    box: SignalBox, places: Sequence[SignalPlace], clock: Clock, older_than: int, *, execute: bool
) -> Sequence[RejectedSignal]:
    """The signals rejected at least ``older_than`` days ago; with ``execute`` they are removed for good."""
    if not execute:
        return _older(box.rejected(), clock, older_than)
    with box.exclusive():
        settle(box, places)
        old = _older(box.rejected(), clock, older_than)
        for signal in old:
            box.purge(signal)
    return old


def settle(box: SignalBox, places: Sequence[SignalPlace]) -> None:
    """Finish rejections that were begun: the reason is kept, and the signal is still there."""
    records = {signal.identity: signal.record for signal in box.rejected()}
    if not records:
        return
    for claimed in box.find(places).claimed:
        if claimed.identity in records:
            box.reject(claimed, records[claimed.identity])


def choose(rejected: Sequence[RejectedSignal], wanted: Sequence[str] | None) -> list[RejectedSignal]:
    """Those whose id begins with one of ``wanted``, each at most once; all, if that is None.

    Raises:
        NotFound: there is none.
        UsageError: there are several, or the beginning is too short to mean one.
    """
    if wanted is None:
        return list(rejected)
    return list({signal.identity: signal for signal in (_one(rejected, id_) for id_ in wanted)}.values())


def _one(rejected: Iterable[RejectedSignal], id_: str) -> RejectedSignal:
    found = [signal for signal in rejected if signal.identity.startswith(id_)]
    step = "'git kas signals list' shows the ids."
    if len(id_) < SHORTEST_ID or len(found) > 1:
        raise UsageError(f"'{id_}' does not name one signal.", next_step=f"Give more of the id; {step}")
    if not found:
        raise NotFound(f"No rejected signal has the id '{id_}'.", next_step=step)
    return found[0]


def _older(rejected: Iterable[RejectedSignal], clock: Clock, days: int) -> list[RejectedSignal]:
    if not days:
        return list(rejected)
    limit = timestamp(clock.now_ns() - days * _NANOSECONDS_PER_DAY)
    return [signal for signal in rejected if signal.record.time and signal.record.time <= limit]
